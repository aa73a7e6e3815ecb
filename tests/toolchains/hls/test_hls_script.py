"""Script and test bench of HLS projects; the test bench is compiled and run with hls4ml's headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lat_sr import Target, lower, parse
from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.hls.project import write_hls_project
from lat_sr.toolchains.hls.script import TEST_BENCH, cpp_test_bench, run_test_bench, synthesis_script
from lat_sr.toolchains.vectors import stimuli

DATAPATH = lower([parse("x0*x1 + sin(x2)"), parse("x1 - 0.5")], "ap_fixed<12,6>", ranges={"x2": (-3, 3)})


def test_the_script_says_what_the_target_is() -> None:
    script = synthesis_script(Target("xc7z020clg400-1", 2.5, 0.25), "vitis").splitlines()
    for line in ("set_part {xc7z020clg400-1}", "create_clock -period 2.5 -name default", "csynth_design"):
        assert line in script
    assert "set_clock_uncertainty 0.25" in script
    assert "open_solution -reset solution -flow_target vivado" in script
    assert "open_solution -reset solution" in synthesis_script(Target(), "vivado").splitlines()


def test_further_steps_follow_synthesis_in_their_order() -> None:
    script = synthesis_script(Target(), "vitis", co_simulation=True, implementation=True)
    steps = ["add_files -tb", "open_solution", "csynth_design", "cosim_design", "export_design -flow impl"]
    assert sorted(steps, key=script.index) == steps
    plain = synthesis_script(Target(), "vitis")
    assert not any(word in plain for word in ("-tb", "cosim_design", "export_design"))


@pytest.mark.toolchain
def test_the_test_bench_passes_and_finds_a_wrong_output(tmp_path: Path) -> None:
    pytest.importorskip("hls4ml")
    write_hls_project(DATAPATH, tmp_path)
    (tmp_path / TEST_BENCH).write_text(cpp_test_bench(DATAPATH, stimuli(DATAPATH, 200)))
    before = set(tmp_path.iterdir())
    assert run_test_bench(tmp_path, timeout=120) == ""
    source = tmp_path / "firmware" / "myproject.cpp"
    text = source.read_text()
    source.write_text(text.rstrip().removesuffix("}") + "    y[1] = y[1] + result_t(0.015625);\n}\n")
    assert re.match(r"vector 0, output 1: \S+ instead of \S+$", run_test_bench(tmp_path, timeout=120))
    source.write_text("int main( {")
    with pytest.raises(ToolFailedError, match=r"g\+\+ ended with exit code 1"):
        run_test_bench(tmp_path, timeout=120)
    assert set(tmp_path.iterdir()) == before
