"""Projects of the open designs for Vivado: written, and read back once Vivado has run."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath
from lat_sr.errors import FormatError, StorageError, ToolFailedError
from lat_sr.files import read_json
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.open.project import placed_schedule, project_files, write_project
from lat_sr.toolchains.open.yosys import TOP
from lat_sr.toolchains.reports import Figures, Step, read_timing_summary, read_utilization
from lat_sr.toolchains.reports.figures import same_part

__all__ = ["TIMING_SOURCE", "export_vivado", "read_vivado_reports"]

SCHEMA, SCHEMA_VERSION = "lat_sr.vivado_project", 1
TIMING_SOURCE = "Vivado, placed and routed out of context"

SCRIPT, PREDICTION, LOG = "vivado.tcl", "prediction.json", "vivado.log"
_CONSTRAINTS = f"src/{TOP}.xdc"
_REPORTS = "reports"
# Written by the script, so that reports are never taken for those of a circuit exported later.
_DIGEST = f"{_REPORTS}/digest"
_STEPS: Mapping[Step, str] = {"synthesis": "synthesis", "implementation": "routed"}

_SCRIPT_TEXT = """\
# Synthesises, places and routes the circuit out of context. Run it with: vivado -mode batch -source {script}
# Its reports go to {reports}/; lat_sr.read_vivado_reports compares them with what was predicted.
cd [file dirname [file normalize [info script]]]
file delete -force {reports}
file mkdir {reports}

set_part {part}
{sources}
read_xdc -mode out_of_context {constraints}

synth_design -top {top} -part {part} -mode out_of_context
report_utilization -file {reports}/utilization_synthesis.rpt
report_timing_summary -file {reports}/timing_summary_synthesis.rpt

opt_design
place_design
phys_opt_design
route_design
report_utilization -file {reports}/utilization_routed.rpt
report_timing_summary -file {reports}/timing_summary_routed.rpt
write_checkpoint -force {reports}/routed.dcp

set channel [open {digest_file} w]
puts $channel {digest}
close $channel
"""

# Paths from and to the ports belong to whatever surrounds the circuit: they only have to fit the clock.
_CONSTRAINTS_TEXT = """\
create_clock -name clk -period {period:g} [get_ports clk]
set_clock_uncertainty {uncertainty:g} [get_clocks clk]
set_input_delay -max 0.000 -clock clk [get_ports {{model_inp[*]}}]
set_output_delay -max 0.000 -clock clk [get_ports {{model_out[*]}}]
"""

_READ = {".v": "read_verilog", ".vhd": "read_vhdl -vhdl2008"}


def export_vivado(
    datapath: Datapath,
    directory: str | os.PathLike[str],
    flavor: str = "verilog",
    *,
    target: Target | None = None,
    stages: int | None = None,
    library: DelayLibrary | None = None,
) -> list[Path]:
    """Write a datapath as a project that Vivado runs as it is.

    The directory then holds the RTL and ``top.xdc`` in ``src/``, a test bench in ``sim/``, ``model.json``,
    ``prediction.json`` with what the latency model expects, and ``vivado.tcl``, to be run with
    ``vivado -mode batch -source vivado.tcl``. `read_vivado_reports` reads back what came of it.

    Parameters
    ----------
    datapath : Datapath
    directory : path-like
        Made if it is missing. An earlier export in it is replaced.
    flavor : {"verilog", "vhdl"}
    target : Target, optional
        Part and clock.
    stages : int, optional
        Register stages; the fewest that the latency model trusts to meet the clock if not given.
    library : DelayLibrary, optional
        Delays for the schedule; those in the store for the part if not given.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        An unknown flavor.
    StorageError
        The directory cannot be written.
    """
    return write_project(vivado_files(datapath, flavor, target or Target(), stages, library), Path(directory))


def vivado_files(
    datapath: Datapath,
    flavor: str,
    target: Target,
    stages: int | None = None,
    library: DelayLibrary | None = None,
) -> dict[str, str]:
    """The files of an export, in memory; see `export_vivado`."""
    files = {
        name: text
        for name, text in project_files(datapath, flavor, target, stages, library).items()
        if Path(name).suffix not in (".sdc", ".tcl")
    }
    files[_CONSTRAINTS] = _CONSTRAINTS_TEXT.format(
        period=target.clock_period, uncertainty=target.clock_uncertainty
    )
    sources = {name: files[name] for name in _in_order(files)}
    digest = hashlib.sha256(json.dumps([sources, files[_CONSTRAINTS], asdict(target)]).encode()).hexdigest()
    files[SCRIPT] = _SCRIPT_TEXT.format(
        script=SCRIPT,
        reports=_REPORTS,
        part=target.part,
        sources="\n".join(f"{_READ[Path(name).suffix]} {name}" for name in sources),
        constraints=_CONSTRAINTS,
        top=TOP,
        digest_file=_DIGEST,
        digest=digest,
    )
    schedule = placed_schedule(datapath, target, stages, library)
    prediction = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "target": asdict(target),
        "latency_cycles": schedule.stages,
        "delay_ps": schedule.worst_ps,
        "lut": schedule.lut,
        "ff": schedule.ff,
        "dsp": schedule.dsp,
        "digest": digest,
    }
    files[PREDICTION] = json.dumps(prediction, indent=1) + "\n"
    return files


def _in_order(files: Iterable[str]) -> list[str]:
    """The RTL, each file after those it uses: VHDL is analysed in the order of reading."""

    def rank(name: str) -> int:
        if name.startswith("src/static/"):
            return 0
        stem = Path(name).stem
        return 3 if stem == TOP else 1 if stem.endswith("_tables") else 2

    sources = (name for name in files if name.startswith("src/") and Path(name).suffix in _READ)
    return sorted(sources, key=lambda name: (rank(name), name))


def read_vivado_reports(directory: str | os.PathLike[str]) -> BuildReport:
    """Read what Vivado measured in an exported project, beside what was predicted.

    Parameters
    ----------
    directory : path-like
        One that `export_vivado` has written and Vivado has run in.

    Returns
    -------
    BuildReport
        Of the routed circuit; ``steps`` has the figures after synthesis too. Latency is the number of register
        stages in the RTL, which Vivado does not change.

    Raises
    ------
    StorageError
        The directory is no such project.
    ToolFailedError
        Vivado has not run, or not to its end; or a report is damaged, or of another circuit, part or clock. The
        message ends with the log of Vivado, where there is one.

    Examples
    --------
    >>> from lat_sr import read_vivado_reports
    >>> report = read_vivado_reports("rtl/")  # doctest: +SKIP
    >>> report.lut_predicted, report.lut, report.slack_ns  # doctest: +SKIP
    (168, 171, 1.204)
    """
    directory = Path(directory)
    if not (directory / PREDICTION).is_file():
        raise StorageError(
            f"{directory} is no project for Vivado; write one with export(..., kind='vivado'), "
            "or lat-sr export --kind vivado"
        )
    prediction = read_json(directory / PREDICTION, SCHEMA, SCHEMA_VERSION)
    log = _text(directory / LOG)
    if not (directory / _REPORTS).is_dir():
        raise ToolFailedError(
            f"Vivado has not run in {directory}; run there: vivado -mode batch -source {SCRIPT}", log
        )
    steps = [_figures(directory / _REPORTS, step, log) for step in _STEPS]
    if _text(directory / _DIGEST).strip() != prediction.get("digest"):
        raise ToolFailedError(
            f"the reports in {directory / _REPORTS} are not those of a whole run of this circuit; run "
            f"vivado -mode batch -source {SCRIPT} again",
            log,
        )
    try:
        return _report(prediction, Target(**prediction["target"]), steps, log)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{directory / PREDICTION} is damaged ({error!r}); export again") from error


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _figures(directory: Path, step: Step, log: str) -> Figures:
    name = f"{_STEPS[step]}.rpt"
    resources = read_utilization(directory / f"utilization_{name}", log)
    return resources.joined(read_timing_summary(directory / f"timing_summary_{name}", log, step))


def _report(prediction: Mapping[str, Any], target: Target, steps: list[Figures], log: str) -> BuildReport:
    routed = steps[-1]
    assert routed.clock_ns is not None and routed.slack_ns is not None
    if not same_part(target.part, routed.part):
        raise ToolFailedError(f"the reports are of {routed.part} instead of {target.part}", log)
    if abs(routed.clock_ns - target.clock_period) > 1e-3:
        raise ToolFailedError(
            f"the reports are for a clock of {routed.clock_ns:g} ns instead of {target.clock_period:g} ns",
            log,
        )
    path_ps = round((target.clock_period - target.clock_uncertainty - routed.slack_ns) * 1000.0, 3)
    return BuildReport(
        toolchain="vivado-rtl",
        tool_versions={"vivado": routed.version},
        part=target.part,
        clock_ns=target.clock_period,
        clock_uncertainty_ns=target.clock_uncertainty,
        timing_derate=1.0,  # delays of this part, with routing
        latency_cycles=prediction["latency_cycles"],
        slack_ns=routed.slack_ns,
        critical_path_ps=path_ps,
        **routed.resources(),
        carry=routed.carry or 0,
        latency_predicted=prediction["latency_cycles"],
        lut_predicted=prediction["lut"],
        ff_predicted=prediction["ff"],
        dsp_predicted=prediction["dsp"],
        timing_source=TIMING_SOURCE,
        stages_tried=[(prediction["latency_cycles"], path_ps)],
        steps=steps,
        seconds=0.0,
        digest=prediction["digest"],
    )
