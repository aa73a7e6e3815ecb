from __future__ import annotations

import json
from pathlib import Path

import pytest

from lat_sr import Target, lower, parse
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath
from lat_sr.errors import InputError, StorageError
from lat_sr.toolchains import export
from lat_sr.toolchains.open import verilator
from lat_sr.toolchains.run.process import run


@pytest.fixture
def datapath() -> Datapath:
    return lower([parse("x0*x1 + cos(x2)"), parse("x0")], "ap_fixed<11,5>", ranges={"x2": (-2.0, 2.0)})


@pytest.mark.parametrize(("flavor", "suffix"), [("verilog", ".v"), ("vhdl", ".vhd")])
def test_a_project(
    flavor: str, suffix: str, datapath: Datapath, tmp_path: Path, library: DelayLibrary
) -> None:
    files = export(datapath, tmp_path, flavor, target=Target(clock_period=4.0), stages=3, library=library)
    assert {path.relative_to(tmp_path) for path in files} == {
        path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()
    }
    assert (tmp_path / f"src/top{suffix}").is_file()
    assert (tmp_path / f"sim/testbench{suffix}").is_file()
    assert "set clock_period 4" in (tmp_path / "src/top.xdc").read_text()
    assert "set clock_period 4" in (tmp_path / "src/top.sdc").read_text()
    assert "xcvu9p-flga2577-2-e" in (tmp_path / "build_vivado_prj.tcl").read_text()
    assert Datapath.from_dict(json.loads((tmp_path / "model.json").read_text())) == datapath
    vectors = (tmp_path / "sim/vectors.hex").read_text().split()
    expected = (tmp_path / "sim/expected.hex").read_text().split()
    assert len(vectors) == len(expected) >= 1000
    # x0 in the lowest 11 bits of the input is the second output, above the first one.
    for vector, result in zip(vectors, expected, strict=True):
        assert int(vector, 16) & 0x7FF == int(result, 16) >> 11
    bench = (tmp_path / f"sim/testbench{suffix}").read_text()
    assert "PASS" in bench and "FAIL" in bench
    assert "LATENCY = 3;" in bench or "LATENCY : positive := 3;" in bench
    top = (tmp_path / f"src/top{suffix}").read_text()
    assert "[32:0] model_inp" in top or "std_logic_vector(32 downto 0)" in top


def test_an_earlier_export_is_replaced(tmp_path: Path, library: DelayLibrary) -> None:
    datapath = lower(parse("x0*x1*x2*x3"), "ap_fixed<16,6>")
    export(datapath, tmp_path, stages=4, library=library)
    (tmp_path / "notes.txt").write_text("mine")
    assert (tmp_path / "src/logic2.v").is_file()
    export(datapath, tmp_path, "vhdl", stages=2, library=library)
    assert not list(tmp_path.rglob("*.v"))
    assert not (tmp_path / "src/logic2.vhd").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not [path for path in tmp_path.parent.iterdir() if path.name.endswith(".tmp")]


def test_the_same_datapath_gives_the_same_files(
    datapath: Datapath, tmp_path: Path, library: DelayLibrary
) -> None:
    texts = []
    for name in ("a", "b"):
        files = export(datapath, tmp_path / name, library=library)
        texts.append({path.relative_to(tmp_path / name): path.read_text() for path in files})
    assert texts[0] == texts[1]


def test_unknown_flavor(datapath: Datapath, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"flavor is 'chisel'; allowed are \['verilog', 'vhdl'\]"):
        export(datapath, tmp_path, "chisel")


def test_a_directory_that_cannot_be_made(datapath: Datapath, tmp_path: Path, library: DelayLibrary) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write the project"):
        export(datapath, tmp_path / "file" / "project", library=library)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.toolchain
def test_the_verilog_test_bench_passes_and_notices_a_wrong_bit(
    datapath: Datapath, tmp_path: Path, library: DelayLibrary
) -> None:
    export(datapath, tmp_path, library=library)
    bench = tmp_path / "sim"
    root = verilator.package_directory()
    include = root / "include"
    sources = [str(path) for path in sorted((tmp_path / "src").rglob("*.v"))]
    verilate = (
        str(root / "bin/verilator_bin"),
        "--cc",
        "--exe",
        "--main",
        "--timing",
        "-Wno-fatal",
        "-Wno-lint",
    )
    run(
        (
            *verilate,
            "--top-module",
            "testbench",
            "--prefix",
            "Vtop",
            "-Mdir",
            "model",
            "testbench.v",
            *sources,
        ),
        bench,
        timeout=120,
        environment={"VERILATOR_ROOT": str(root)},
    )
    generated = sorted(str(path.relative_to(bench)) for path in (bench / "model").glob("*.cpp"))
    runtime = [
        str(include / name) for name in ("verilated.cpp", "verilated_threads.cpp", "verilated_timing.cpp")
    ]
    (bench / "all.cpp").write_text("".join(f'#include "{name}"\n' for name in generated))
    flags = (
        "-std=c++20",
        "-fcoroutines",
        "-O0",
        "-w",
        "-pthread",
        "-DVM_SC=0",
        "-DVM_TRACE=0",
        "-DVM_COVERAGE=0",
    )
    run(
        (
            "g++",
            *flags,
            "-I.",
            "-Imodel",
            f"-I{include}",
            f"-I{include / 'vltstd'}",
            "all.cpp",
            *runtime,
            "-o",
            "bench",
        ),
        bench,
        timeout=300,
    )
    assert "PASS: 1024 vectors, every bit as expected, latency 1" in run(("./bench",), bench, timeout=60)
    lines = (bench / "expected.hex").read_text().splitlines()
    lines[20] = f"{int(lines[20], 16) ^ 1:0{len(lines[20])}x}"
    (bench / "expected.hex").write_text("\n".join(lines) + "\n")
    text = run(("./bench",), bench, timeout=60)
    assert "vector 20: " in text and "FAIL: 1 of 1024 vectors differ" in text
