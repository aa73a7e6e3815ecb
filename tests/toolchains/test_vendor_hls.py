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

from lat_sr import Target, lower, parse, profile
from lat_sr.errors import MissingToolError, ToolFailedError, ToolTimeoutError
from lat_sr.toolchains import get_toolchain
from lat_sr.toolchains.vendor import VENDOR_TOOLS, find_vendor_tool
from lat_sr.toolchains.vendor_hls import HlsToolchain, synthesis_script

# Reads the script it is given and does what the file `behaviour` says.
STAND_IN = """#!{python}
import os, pathlib, re, sys, time
here = pathlib.Path(__file__).resolve().parent
text = pathlib.Path(sys.argv[-1]).read_text()
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
behaviour = (here / "behaviour").read_text() if (here / "behaviour").exists() else "works"
print("****** HLS stand-in")
if behaviour == "hangs":
    time.sleep(600)
if behaviour == "license":
    print("ERROR: [Common 17-345] A valid license was not found for feature 'HLS'")
    sys.exit(1)
if behaviour == "dies":
    os.kill(os.getpid(), 9)
if behaviour == "slow":
    time.sleep(0.5)
project = re.search(r"open_project (?:-reset )?(\\\\S+)", text)[1]
solution = re.search(r"open_solution (?:-reset )?(\\\\S+)", text)[1]
part = re.search(r"set_part \\\\{{?([^}}\\\\s]+)", text)[1]
assert pathlib.Path(re.search(r"add_files (\\\\S+)", text)[1]).exists()
report = pathlib.Path(project, solution, "syn", "report")
report.mkdir(parents=True)
xml = (here / "report.xml").read_text().replace("PART", part)
if behaviour == "half":
    xml = xml[: len(xml) // 2]
if behaviour != "silent":
    (report / "csynth.xml").write_text(xml)
""".replace("\\\\", "\\")


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for tool in VENDOR_TOOLS.values():
        for variable in tool.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))


def installed(directory: Path, program: str = "vitis_hls", **figures: object) -> Path:
    place = directory / "Vitis_HLS" / "2023.2" / "bin"
    place.mkdir(parents=True, exist_ok=True)
    path = place / program
    path.write_text(STAND_IN.format(python=sys.executable))
    path.chmod(0o755)
    (place / "report.xml").write_text(csynth(part="PART", **figures))
    return path


def behave(path: Path, behaviour: str) -> None:
    (path.parent / "behaviour").write_text(behaviour)


DATAPATH = lower(parse("x0*x1 + 0.5"), "ap_fixed<12,6>")


@pytest.mark.parametrize(
    ("name", "program", "arguments"),
    [
        ("vitis", "vitis-run", "--mode hls --tcl synthesis.tcl"),
        ("vitis", "vitis_hls", "-f synthesis.tcl"),
        ("vivado", "vivado_hls", "-f synthesis.tcl"),
    ],
)
def test_a_build_reports_what_the_tool_says(tmp_path: Path, name: str, program: str, arguments: str) -> None:
    path = installed(tmp_path, program, worst=5, dsp=1, lut=77)
    toolchain = HlsToolchain(name, path.parents[1], vectors=64)
    report = toolchain.build(DATAPATH, Target(clock_uncertainty=0.5))
    assert (report.latency_cycles, report.lut, report.dsp, report.ff) == (5, 77, 1, 321)
    assert report.slack_ns == pytest.approx(5.0 - 0.5 - 4.316)
    assert report.tool_versions == {program: "2023.2"}
    assert report.bit_exact is True and report.vectors >= 64
    assert toolchain.build(DATAPATH, Target(clock_uncertainty=0.5)).cached
    assert (path.parent / "calls").read_text().splitlines() == [arguments]


def test_the_project_stays_where_it_is_asked_for(tmp_path: Path) -> None:
    path = installed(tmp_path)
    HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target(), out=tmp_path / "project")
    assert (tmp_path / "project" / "synthesis.tcl").exists()
    assert (tmp_path / "project" / "synthesis" / "solution" / "syn" / "report" / "csynth.xml").exists()
    assert "HLS stand-in" in (tmp_path / "project" / "vitis_hls.output").read_text()


def test_the_script_says_what_the_target_is() -> None:
    script = synthesis_script(Target("xc7z020clg400-1", 2.5, 0.25), "vitis")
    for line in ("set_part {xc7z020clg400-1}", "create_clock -period 2.5 -name default", "csynth_design"):
        assert line in script.splitlines()
    assert "set_clock_uncertainty 0.25" in script
    assert "flow_target" in script and "flow_target" not in synthesis_script(Target(), "vivado")


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("license", "exit code 1(.|\n)*valid license was not found"),
        ("dies", "killed by signal 9"),
        ("half", "csynth.xml is cut off or damaged"),
        ("silent", "ended without writing csynth.xml(.|\n)*HLS stand-in"),
    ],
)
def test_failures_are_named(tmp_path: Path, behaviour: str, message: str) -> None:
    path = installed(tmp_path)
    behave(path, behaviour)
    with pytest.raises(ToolFailedError, match=message):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())


def test_a_hanging_tool_is_ended(tmp_path: Path) -> None:
    path = installed(tmp_path)
    behave(path, "hangs")
    with pytest.raises(ToolTimeoutError, match="vitis_hls was stopped after 1 s"):
        HlsToolchain("vitis", path, vectors=0, timeout=1.0).build(DATAPATH, Target())


def test_a_latency_that_is_not_known_and_another_part(tmp_path: Path) -> None:
    path = installed(tmp_path, worst="undef")
    with pytest.raises(ToolFailedError, match="gives no latency"):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())
    (path.parent / "report.xml").write_text(csynth(part="xc7z020clg400-1"))
    with pytest.raises(ToolFailedError, match="synthesised for xc7z020clg400-1 instead of xcvu9p"):
        HlsToolchain("vitis", path, vectors=0).build(DATAPATH, Target())


def test_where_the_tool_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(
        MissingToolError, match=r"Vitis HLS \(vitis-run or vitis_hls\) was not found.*settings64"
    ):
        get_toolchain("vitis").version()
    with pytest.raises(MissingToolError, match="Vivado HLS"):
        get_toolchain("vivado").build(DATAPATH, Target())
    path = installed(tmp_path)
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_vendor_tool("vitis").path == str(path)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XILINX_HLS", str(path.parents[1]))
    tool = find_vendor_tool("vitis")
    assert (tool.program, tool.version) == ("vitis_hls", "2023.2")
    with pytest.raises(MissingToolError, match="elsewhere"):
        find_vendor_tool("vitis", tmp_path / "elsewhere")


def test_a_profile_is_measured_with_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = installed(tmp_path, worst=2)
    monkeypatch.setenv("XILINX_HLS", str(path.parents[1]))
    found = profile("ap_fixed<12,6>", toolchain="vitis", operators=["+", "sin"], progress=False)
    assert (found.toolchain, found.toolchain_version) == ("vitis", "2023.2")
    assert found.complexity_map() == {"+": 2, "sin": 2}
    assert found.provenance.timing_source.startswith("estimate of C synthesis")


def test_a_killed_profile_goes_on_where_it_was(tmp_path: Path) -> None:
    path = installed(tmp_path, worst=2)
    behave(path, "slow")
    operators = ["+", "-", "*", "neg", "abs", "min", "max"]
    code = (
        "from lat_sr import profile\n"
        f"profile('ap_fixed<12,6>', toolchain='vitis', operators={operators}, jobs=1, progress=False)\n"
    )
    environment = {**os.environ, "XILINX_HLS": str(path.parents[1]), "LAT_SR_CACHE": str(tmp_path / "cache")}

    def calls() -> int:
        record = path.parent / "calls"
        return len(record.read_text().splitlines()) if record.exists() else 0

    process = subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)
    deadline = time.monotonic() + 120
    while calls() < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)
    assert 4 <= calls() <= 5
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    # Every operator once, and again at most the one in flight.
    assert calls() <= len(operators) + 2
