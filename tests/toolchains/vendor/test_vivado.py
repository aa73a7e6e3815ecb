"""Projects for Vivado: the script checked by a Tcl interpreter, the flow with a program that plays Vivado."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from vendor_reports import timing_summary, utilization
from vendor_tools import behave, calls, installed_vivado

from lat_sr import Target, lower, parse, read_vivado_reports
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.errors import (
    FormatError,
    InputError,
    MissingToolError,
    StorageError,
    ToolFailedError,
    ToolTimeoutError,
)
from lat_sr.latency import estimate_datapath
from lat_sr.toolchains import export_vivado, get_toolchain
from lat_sr.toolchains.run.process import run
from lat_sr.toolchains.vendor.vivado_rtl import VivadoToolchain

DATAPATH = lower([parse("x0*x1 + cos(x2)"), parse("x0")], "ap_fixed<11,5>", ranges={"x2": (-2.0, 2.0)})
TARGET = Target(clock_uncertainty=0.25)
COMMAND = ("-mode", "batch", "-source", "vivado.tcl")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    export_vivado(DATAPATH, tmp_path / "project", target=TARGET)
    return tmp_path / "project"


@pytest.fixture
def vivado(tmp_path: Path) -> Path:
    return installed_vivado(tmp_path)


def built(project: Path, vivado: Path) -> Path:
    run((str(vivado), *COMMAND), project, timeout=60)
    return project


@pytest.mark.parametrize(("flavor", "suffix"), [("verilog", ".v"), ("vhdl", ".vhd")])
def test_a_project(tmp_path: Path, flavor: str, suffix: str) -> None:
    files = export_vivado(DATAPATH, tmp_path, flavor, target=TARGET, stages=3)
    names = {path.relative_to(tmp_path).as_posix() for path in files}
    assert {f"src/top{suffix}", "src/top.xdc", "vivado.tcl", "prediction.json", "model.json"} <= names
    assert not any(name.endswith(".sdc") or name.startswith("build_") for name in names)
    script = (tmp_path / "vivado.tcl").read_text()
    read = [line.split()[-1] for line in script.splitlines() if line.startswith("read_v")]
    assert set(read) == {name for name in names if name.startswith("src/") and name.endswith(suffix)}
    assert read[-1] == f"src/top{suffix}" and read[0].startswith("src/static/")
    assert json.loads((tmp_path / "prediction.json").read_text())["latency_cycles"] == 3


def test_the_prediction_is_that_of_the_latency_model(project: Path, library: DelayLibrary) -> None:
    prediction = json.loads((project / "prediction.json").read_text())
    cost = estimate_datapath(DATAPATH, TARGET, library)
    assert [prediction[name] for name in ("latency_cycles", "lut", "ff", "dsp")] == [
        cost.latency_cycles,
        cost.lut,
        cost.ff,
        cost.dsp,
    ]


# Every command is written down with its arguments; those that find objects give their pattern back.
COMMANDS = """\
set known {set_part read_verilog read_vhdl read_xdc synth_design opt_design place_design phys_opt_design route_design
           report_utilization report_timing_summary write_checkpoint create_clock set_clock_uncertainty
           set_input_delay set_output_delay}
foreach name $known {proc $name args [format {puts "%s $args"} $name]}
foreach name {get_ports get_clocks} {proc $name pattern {return $pattern}}
"""


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")
@pytest.mark.parametrize("flavor", ["verilog", "vhdl"])
def test_the_script_and_the_constraints_are_tcl(tmp_path: Path, flavor: str) -> None:
    project = tmp_path / "a project"
    export_vivado(DATAPATH, project, flavor, target=TARGET)
    check = tmp_path / "check.tcl"
    check.write_text(f"{COMMANDS}\nsource {{{project}/vivado.tcl}}\nsource {{{project}/src/top.xdc}}\n")
    done = subprocess.run(["tclsh", check], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    steps = [line.split()[0] for line in lines if not line.startswith(("read_v", "report_"))]
    assert steps[:7] == [
        "set_part",
        "read_xdc",
        "synth_design",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "route_design",
    ]
    assert "synth_design -top top -part xcvu9p-flga2577-2-e -mode out_of_context" in lines
    assert "create_clock -name clk -period 5 clk" in lines
    assert "set_clock_uncertainty 0.25 clk" in lines
    assert "set_input_delay -max 0.000 -clock clk {model_inp[*]}" in lines
    assert (project / "reports" / "digest").read_text().strip()


def test_what_vivado_measured_is_read_beside_the_prediction(project: Path, vivado: Path) -> None:
    report = read_vivado_reports(built(project, vivado))
    prediction = json.loads((project / "prediction.json").read_text())
    assert (report.latency_predicted, report.lut_predicted) == (
        prediction["latency_cycles"],
        prediction["lut"],
    )
    assert (report.lut, report.ff, report.dsp, report.bram, report.carry) == (1234, 321, 7, 4, 22)
    assert (report.slack_ns, report.critical_path_ps) == (0.521, pytest.approx(5000 - 250 - 521))
    assert report.tool_versions == {"vivado": "2022.1"} and report.meets_clock
    synthesis, routed = report.steps
    assert (synthesis.step, synthesis.lut, synthesis.slack_ns) == ("synthesis", 1300, 1.0)
    assert (routed.step, routed.hold_slack_ns) == ("implementation", 0.057)


def test_a_clock_that_is_missed(project: Path, vivado: Path) -> None:
    text = timing_summary(setup="-0.125", verdict="Timing constraints are not met.")
    (vivado.parent / "timing_summary_routed.rpt").write_text(text)
    report = read_vivado_reports(built(project, vivado))
    assert not report.meets_clock and report.slack_ns == -0.125


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("utilization_routed.rpt", "", "utilization_routed.rpt is empty"),
        ("timing_summary_routed.rpt", timing_summary()[:2000], "timing_summary_routed.rpt has no complete"),
        ("timing_summary_routed.rpt", timing_summary(version="2020.1"), "different runs"),
        (
            "utilization_routed.rpt",
            utilization(state="Synthesized"),
            "different runs: one has step synthesis",
        ),
        (
            "timing_summary_routed.rpt",
            timing_summary(period="4.000", frequency="250.000"),
            "for a clock of 4 ns instead of 5 ns",
        ),
        ("utilization_routed.rpt", utilization(device="xc7z020clg400-1"), "of different parts"),
    ],
)
def test_damaged_and_foreign_reports(project: Path, vivado: Path, name: str, text: str, message: str) -> None:
    built(project, vivado)
    (project / "reports" / name).write_text(text)
    (project / "vivado.log").write_text("ERROR: the end of the log")
    with pytest.raises(ToolFailedError, match=message):
        read_vivado_reports(project)


def test_what_did_not_run_or_not_to_its_end(project: Path, vivado: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"is no project for Vivado; write one with .*--kind vivado"):
        read_vivado_reports(tmp_path)
    with pytest.raises(ToolFailedError, match=r"has not run in .*; run there: vivado -mode batch"):
        read_vivado_reports(project)
    built(project, vivado)
    (project / "reports" / "utilization_routed.rpt").unlink()
    (project / "vivado.log").write_text("ERROR: [Route 35-1] unroutable\n")
    with pytest.raises(ToolFailedError, match=r"utilization_routed\.rpt(.|\n)*unroutable"):
        read_vivado_reports(project)


def test_reports_of_an_earlier_circuit_are_not_taken(project: Path, vivado: Path) -> None:
    built(project, vivado)
    export_vivado(lower(parse("x0 + x1"), "ap_fixed<11,5>"), project, target=TARGET)
    with pytest.raises(ToolFailedError, match="not those of a whole run of this circuit"):
        read_vivado_reports(project)
    built(project, vivado)
    (project / "prediction.json").write_text(
        (project / "prediction.json").read_text().replace('"lut"', '"luts"')
    )
    with pytest.raises(FormatError, match=r"prediction\.json is damaged"):
        read_vivado_reports(project)


def test_unknown_flavor(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="flavor is 'chisel'"):
        export_vivado(DATAPATH, tmp_path, "chisel")


def test_the_toolchain_builds_with_vivado(vivado: Path, own_cache: Path, tmp_path: Path) -> None:
    toolchain = VivadoToolchain(vivado.parents[1], vectors=0)
    report = toolchain.build(DATAPATH, TARGET)
    assert (report.toolchain, report.lut, report.bit_exact) == ("vivado-rtl", 1234, None)
    assert calls(vivado) == ["-mode batch -nojournal -log vivado.log -source vivado.tcl"]
    assert toolchain.build(DATAPATH, TARGET).cached
    assert toolchain.build(DATAPATH, Target()) != report
    assert len(calls(vivado)) == 2
    toolchain.build(DATAPATH, TARGET, out=tmp_path / "kept")
    assert "vivado stand-in" in (tmp_path / "kept" / "vivado.output").read_text()
    assert read_vivado_reports(tmp_path / "kept").lut == 1234


@pytest.mark.parametrize(
    ("behaviour", "error", "message"),
    [
        ("license", ToolFailedError, "exit code 1(.|\n)*valid license was not found"),
        ("dies", ToolFailedError, "killed by signal 9"),
        ("silent", ToolFailedError, "without writing utilization_synthesis.rpt"),
        ("half", ToolFailedError, "utilization_synthesis.rpt is cut off"),
        ("hangs", ToolTimeoutError, "vivado was stopped after 1 s"),
    ],
)
def test_failures_are_named(
    vivado: Path, own_cache: Path, behaviour: str, error: type[Exception], message: str
) -> None:
    behave(vivado, behaviour)
    with pytest.raises(error, match=message):
        VivadoToolchain(vivado, vectors=0, timeout=1.0 if behaviour == "hangs" else 60.0).build(
            DATAPATH, TARGET
        )


def test_a_missing_vivado(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XILINX_VIVADO", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingToolError, match=r"Vivado \(vivado\) was not found: XILINX_VIVADO is not set"):
        get_toolchain("vivado-rtl").build(DATAPATH, TARGET)


@pytest.mark.toolchain
def test_the_rtl_is_simulated(vivado: Path, own_cache: Path) -> None:
    report = VivadoToolchain(vivado, vectors=200).build(DATAPATH, TARGET)
    assert report.bit_exact is True and report.vectors == 200
    assert report.latency_cycles == report.latency_predicted
