"""The vendor's HLS tools, played by a program that behaves as they do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from csynth_reports import csynth
from vendor_reports import cosim, export, timing_summary, utilization
from vendor_tools import behave, calls, installed_hls, installed_vivado

from lat_sr import Target, lower, parse, profile
from lat_sr.errors import InputError, MissingToolError, ToolFailedError, ToolTimeoutError
from lat_sr.toolchains import get_toolchain
from lat_sr.toolchains.run.process import listening
from lat_sr.toolchains.vendor.hls import HlsToolchain
from lat_sr.toolchains.vendor.tools import VENDOR_TOOLS, find_vendor_tool


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for tool in VENDOR_TOOLS.values():
        for variable in tool.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))


DATAPATH = lower(parse("x0*x1 + 0.5"), "ap_fixed<12,6>")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "program", "arguments"),
    [
        ("vitis", "vitis-run", "--mode hls --tcl synthesis.tcl"),
        ("vitis", "vitis_hls", "-f synthesis.tcl"),
        ("vivado", "vivado_hls", "-f synthesis.tcl"),
    ],
)
def test_a_build_reports_what_the_tool_says(tmp_path: Path, name: str, program: str, arguments: str) -> None:
    path = installed_hls(tmp_path, program, worst=5, dsp=1, lut=77)
    toolchain = HlsToolchain(name, path.parents[1], vectors=64)
    report = toolchain.build(DATAPATH, Target(clock_uncertainty=0.5))
    assert (report.latency_cycles, report.lut, report.dsp, report.ff) == (5, 77, 1, 321)
    assert report.slack_ns == pytest.approx(5.0 - 0.5 - 4.316)
    assert report.tool_versions == {program: "2023.2"}
    assert report.bit_exact is True and report.vectors >= 64
    assert toolchain.build(DATAPATH, Target(clock_uncertainty=0.5)).cached
    assert calls(path) == [arguments]


def test_the_project_stays_where_it_is_asked_for(tmp_path: Path) -> None:
    path = installed_hls(tmp_path)
    HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target(), out=tmp_path / "project")
    assert (tmp_path / "project" / "synthesis.tcl").exists()
    assert (tmp_path / "project" / "synthesis" / "solution" / "syn" / "report" / "csynth.xml").exists()
    assert "vitis_hls stand-in" in (tmp_path / "project" / "vitis_hls.output").read_text()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("license", "exit code 1(.|\n)*valid license was not found"),
        ("dies", "killed by signal 9"),
        ("half", "csynth.xml is cut off or damaged"),
        ("silent", "ended without writing csynth.xml(.|\n)*vitis_hls stand-in"),
    ],
)
def test_failures_are_named(tmp_path: Path, behaviour: str, message: str) -> None:
    path = installed_hls(tmp_path)
    behave(path, behaviour)
    with pytest.raises(ToolFailedError, match=message):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())


def test_a_hanging_tool_is_ended(tmp_path: Path) -> None:
    path = installed_hls(tmp_path)
    behave(path, "hangs")
    with pytest.raises(ToolTimeoutError, match="vitis_hls was stopped after 1 s"):
        HlsToolchain("vitis", path, vectors=0, timeout=1.0).build(DATAPATH, Target())


def test_a_latency_that_is_not_known_and_another_part(tmp_path: Path) -> None:
    path = installed_hls(tmp_path, worst="undef")
    with pytest.raises(ToolFailedError, match="gives no latency"):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())
    (path.parent / "csynth.xml").write_text(csynth(part="xc7z020clg400-1"))
    with pytest.raises(ToolFailedError, match="worked for xc7z020clg400-1 instead of xcvu9p"):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())


@pytest.mark.slow
def test_figures_of_the_routed_circuit_join_those_of_c_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = installed_hls(tmp_path, worst=5, lut=77)
    monkeypatch.setenv("XILINX_VIVADO", str(installed_vivado(tmp_path).parents[1]))
    toolchain = HlsToolchain("vitis", path, implementation=True, co_simulation=True, vectors=32)
    report = toolchain.build(DATAPATH, Target(clock_uncertainty=0.5))
    assert [step.step for step in report.steps] == ["c_synthesis", "co_simulation", "implementation"]
    estimated, simulated, routed = report.steps
    assert (estimated.lut, estimated.latency_worst, simulated.latency_worst) == (77, 5, 6)
    assert (report.latency_cycles, report.lut, report.ff, report.dsp, report.bram) == (6, 1234, 321, 7, 4)
    assert (report.critical_path_ps, report.slack_ns) == (pytest.approx(3311), pytest.approx(5 - 0.5 - 3.311))
    assert report.timing_source == "Vivado, placed and routed out of context"
    assert routed.version == "2022.1" and report.bit_exact is True
    # What only Vivado's own reports say.
    assert (report.carry, routed.carry, routed.hold_slack_ns) == (22, 22, 0.057)
    assert (routed.part, routed.top) == ("xcvu9p-flga2577-2-e", "bd_0_wrapper")
    assert report.tool_versions == {"vitis_hls": "2023.2", "vivado": "2023.2"}
    again = toolchain.build(DATAPATH, Target(clock_uncertainty=0.5))
    assert again.cached and again.steps == report.steps
    plain = HlsToolchain("vitis", path, vectors=32).build(DATAPATH, Target(clock_uncertainty=0.5))
    assert not plain.cached and plain.lut == 77


def test_without_vectors_nothing_is_simulated(tmp_path: Path) -> None:
    path = installed_hls(tmp_path, worst=5)
    report = HlsToolchain("vitis", path, co_simulation=True, vectors=0).build(DATAPATH, Target())
    assert [step.step for step in report.steps] == ["c_synthesis"]


@pytest.mark.slow
def test_wrong_outputs_in_co_simulation_are_a_wrong_bit(tmp_path: Path) -> None:
    path = installed_hls(tmp_path, worst=5)
    (path.parent / "cosim.rpt").write_text(cosim(status="Fail", latency=("NA",) * 3))
    report = HlsToolchain("vitis", path, co_simulation=True, vectors=32).build(DATAPATH, Target())
    assert report.bit_exact is False and "co-simulated RTL" in report.mismatch
    assert report.latency_cycles == 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cosim.rpt", "", r"myproject_cosim\.rpt is empty(.|\n)*stand-in"),
        ("export.xml", export()[:200], r"export_impl\.xml is cut off or damaged(.|\n)*stand-in"),
        ("export.xml", export(run="synth"), "is of the flow 'synth'"),
        ("utilization_routed.rpt", utilization()[:900], r"myproject_utilization_routed\.rpt is cut off"),
        (
            "utilization_routed.rpt",
            utilization(device="7z020-clg400", top="bd_0_wrapper"),
            "of different parts: 7z020-clg400",
        ),
        ("timing_routed.rpt", timing_summary(version="2020.1"), "one has version 2022.1, one 2020.1"),
    ],
)
def test_damaged_reports_of_later_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str
) -> None:
    path = installed_hls(tmp_path)
    (path.parent / name).write_text(text)
    monkeypatch.setenv("XILINX_VIVADO", str(installed_vivado(tmp_path).parents[1]))
    toolchain = HlsToolchain("vitis", path, implementation=True, co_simulation=True, vectors=4)
    with pytest.raises(ToolFailedError, match=message):
        toolchain.build(DATAPATH, Target())


def test_an_implementation_needs_vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = installed_hls(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(MissingToolError, match=r"Vivado \(vivado\) was not found: XILINX_VIVADO is not set"):
        HlsToolchain("vitis", path, implementation=True).build(DATAPATH, Target())
    assert calls(path) == []


def test_lines_of_the_tool_arrive_while_it_runs(tmp_path: Path) -> None:
    path = installed_hls(tmp_path)
    seen: list[str] = []
    with listening(seen.append):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())
    assert seen == ["****** vitis_hls stand-in"]


def test_options_by_name() -> None:
    assert get_toolchain("vitis", implementation=True).implementation  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="'open' has no option implementation; allowed are library, vectors"):
        get_toolchain("open", implementation=True)


def test_where_the_tool_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(
        MissingToolError,
        match=r"Vitis HLS \(vitis-run or vitis_hls\) was not found: XILINX_HLS is not set.*search path; .*settings64",
    ):
        get_toolchain("vitis").version()
    with pytest.raises(MissingToolError, match="Vivado HLS"):
        get_toolchain("vivado").build(DATAPATH, Target())
    path = installed_hls(tmp_path)
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_vendor_tool("vitis").path == str(path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XILINX_HLS", str(path.parents[1]))
    tool = find_vendor_tool("vitis")
    assert (tool.program, tool.version) == ("vitis_hls", "2023.2")
    with pytest.raises(MissingToolError, match="elsewhere is no program and has none of them in bin/"):
        find_vendor_tool("vitis", tmp_path / "elsewhere")
    monkeypatch.setenv("XILINX_HLS", str(tmp_path))
    with pytest.raises(MissingToolError, match=f"XILINX_HLS is {tmp_path}, which has none of them in bin/"):
        find_vendor_tool("vitis")
    path.chmod(0o644)
    with pytest.raises(MissingToolError, match="vitis_hls cannot be executed"):
        find_vendor_tool("vitis", path)


def test_a_profile_is_measured_with_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = installed_hls(tmp_path, worst=2)
    monkeypatch.setenv("XILINX_HLS", str(path.parents[1]))
    found = profile("ap_fixed<12,6>", toolchain="vitis", operators=["+", "sin"], progress=False)
    assert (found.toolchain, found.toolchain_version) == ("vitis", "2023.2")
    assert found.complexity_map() == {"+": 2, "sin": 2}
    assert found.provenance.timing_source.startswith("estimate of C synthesis")


@pytest.mark.slow
def test_a_killed_profile_goes_on_where_it_was(tmp_path: Path) -> None:
    path = installed_hls(tmp_path, worst=2)
    behave(path, "slow")
    operators = ["+", "-", "*", "neg", "abs", "min", "max"]
    code = (
        "from lat_sr import profile\n"
        f"profile('ap_fixed<12,6>', toolchain='vitis', operators={operators}, n_jobs=1, progress=False)\n"
    )
    environment = {**os.environ, "XILINX_HLS": str(path.parents[1]), "LAT_SR_CACHE": str(tmp_path / "cache")}

    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    deadline = time.monotonic() + 120
    while len(calls(path)) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert 4 <= len(calls(path)) <= 5
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    # Every operator once, and again at most the one in flight.
    assert len(calls(path)) <= len(operators) + 2
