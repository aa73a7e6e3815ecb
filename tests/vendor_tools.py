"""The vendor's tools, played by programs that behave as they do."""

from __future__ import annotations

import sys
from pathlib import Path

from csynth_reports import csynth
from vendor_reports import cosim, export, timing_summary, utilization

# What all of them do: note the call, then what the file `behaviour` says.
_PROGRAM = r"""#!{python}
import os, pathlib, re, sys, time
here = pathlib.Path(__file__).resolve().parent
with open(here / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\n")
with open(here / "pids", "a") as pids:
    pids.write(str(os.getpid()) + "\n")
behaviour = (here / "behaviour").read_text() if (here / "behaviour").exists() else "works"
print("****** {program} stand-in", flush=True)
if behaviour == "hangs":
    time.sleep(600)
if behaviour == "license":
    print("ERROR: [Common 17-345] A valid license was not found for feature 'HLS'")
    sys.exit(1)
number = len((here / "calls").read_text().splitlines())
if behaviour in ("dies", f"dies at {number}"):
    os.kill(os.getpid(), 9)
if behaviour == "slow":
    time.sleep(0.5)

def write(source, target):
    text = (here / source).read_text()
    if behaviour == "half":
        text = text[: len(text) // 2]
    target.parent.mkdir(parents=True, exist_ok=True)
    if behaviour != "silent":
        target.write_text(text)

script = pathlib.Path(sys.argv[-1]).read_text()
"""

_HLS = r"""
project = re.search(r"open_project (?:-reset )?(\S+)", script)[1]
solution = pathlib.Path(project, re.search(r"open_solution (?:-reset )?(\S+)", script)[1])
part = re.search(r"set_part \{?([^}\s]+)", script)[1]
for name in re.findall(r"add_files (?:-tb )?(\S+)", script):
    assert pathlib.Path(name).exists(), name
write("csynth.xml", solution / "syn/report/csynth.xml")
report = solution / "syn/report/csynth.xml"
if report.exists():
    report.write_text(report.read_text().replace("PART", part))
if "cosim_design" in script:
    write("cosim.rpt", solution / "sim/report/myproject_cosim.rpt")
if "export_design" in script:
    assert any(os.access(pathlib.Path(p, "vivado"), os.X_OK) for p in os.environ["PATH"].split(":"))
    write("export.xml", solution / "impl/report/verilog/export_impl.xml")
    for kind in ("utilization", "timing"):
        write(kind + "_routed.rpt", solution / f"impl/verilog/report/myproject_{kind}_routed.rpt")
"""

_VIVADO = r"""
for name in re.findall(r"^read_\S+ .*?(\S+)$", script, re.MULTILINE):
    assert pathlib.Path(name).exists(), name
for command, name in re.findall(r"^report_(\w+).* -file (\S+)$", script, re.MULTILINE):
    print("report_" + command, flush=True)
    write(pathlib.Path(name).name, pathlib.Path(name))
pathlib.Path("reports").mkdir(exist_ok=True)
pathlib.Path("reports/digest").write_text(re.search(r"^puts \$channel (\w+)$", script, re.MULTILINE)[1])
"""


def _installed(place: Path, program: str, script: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    path = place / program
    path.write_text(_PROGRAM.replace("{python}", sys.executable).replace("{program}", program) + script)
    path.chmod(0o755)
    return path


def installed_hls(directory: Path, program: str = "vitis_hls", **figures: object) -> Path:
    """A program that writes reports of C synthesis with these figures, and of what else its script asks for."""
    path = _installed(directory / "Vitis_HLS" / "2023.2" / "bin", program, _HLS)
    (path.parent / "csynth.xml").write_text(csynth(part="PART", **figures))
    (path.parent / "cosim.rpt").write_text(cosim(latency=(6, 6, 6)))
    (path.parent / "export.xml").write_text(export())
    (path.parent / "utilization_routed.rpt").write_text(utilization(top="bd_0_wrapper"))
    (path.parent / "timing_routed.rpt").write_text(timing_summary(top="bd_0_wrapper"))
    return path


def installed_vivado(directory: Path) -> Path:
    """A program that writes the reports of synthesis and of routing that its script asks for."""
    path = _installed(directory / "Vivado" / "2023.2" / "bin", "vivado", _VIVADO)
    texts = {
        "utilization_synthesis": utilization(state="Synthesized", lut=1300),
        "timing_summary_synthesis": timing_summary(setup="1.000"),
        "utilization_routed": utilization(),
        "timing_summary_routed": timing_summary(),
    }
    for name, text in texts.items():
        (path.parent / f"{name}.rpt").write_text(text)
    return path


def behave(path: Path, behaviour: str) -> None:
    """What the program should do from now on: works, hangs, license, dies, dies at <call>, slow, half, silent."""
    (path.parent / "behaviour").write_text(behaviour)


def running(path: Path) -> list[int]:
    """Numbers of the processes of the program that are there now."""
    record = path.parent / "pids"
    pids = record.read_text().split() if record.exists() else []
    states = {}
    for pid in pids:
        try:
            states[int(pid)] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
    return [pid for pid, state in states.items() if state != "Z"]


def calls(path: Path) -> list[str]:
    """Arguments of every call of the program so far."""
    record = path.parent / "calls"
    return record.read_text().splitlines() if record.exists() else []
