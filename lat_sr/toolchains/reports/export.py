"""The reports of ``export_design -flow syn`` and ``-flow impl``: Vivado's figures for the RTL of an HLS tool.

Vivado HLS calls its own report ``<top>_export.xml``, Vitis HLS ``export_syn.xml`` and ``export_impl.xml``. Periods are
in nanoseconds; a block RAM is one of 18 kbit. Vivado's reports are beside the RTL, and say what it leaves out.
"""

from __future__ import annotations

from pathlib import Path

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports.figures import Figures, Step
from lat_sr.toolchains.reports.profile_xml import ProfileXml
from lat_sr.toolchains.reports.source import Source
from lat_sr.toolchains.reports.timing import read_timing_summary
from lat_sr.toolchains.reports.utilization import read_utilization

# In the name of the tool's file, in that file, and in the names of Vivado's files.
_FLOWS: dict[Step, tuple[str, str, str]] = {
    "synthesis": ("syn", "synth", "synth"),
    "implementation": ("impl", "impl", "routed"),
}


def read_export(directory: Path, top: str, step: Step, log: str = "") -> Figures:
    """Read the reports of a solution.

    Parameters
    ----------
    directory : Path
        ``<solution>/impl``, with the tool's report in ``report/<language>/`` and, where the version writes them,
        Vivado's ``<top>_utilization_routed.rpt`` and ``<top>_timing_routed.rpt`` in ``<language>/report/``.
    top : str
        The uppermost function.
    step : {"synthesis", "implementation"}
        How far Vivado was asked to go.
    log : str
        What the tool printed; its last lines become part of an error.

    Returns
    -------
    Figures
        Those of the tool's report, and of Vivado's what it leaves out: part, hold slack, carry blocks.

    Raises
    ------
    ToolFailedError
        There is no report of the tool, or one is empty, cut off, of another kind, step or run, or lacks a figure.
    """
    names = (f"export_{_FLOWS[step][0]}.xml", f"{top}_export.xml")
    for language in ("verilog", "vhdl"):
        for name in names:
            path = directory / "report" / language / name
            if path.is_file():
                figures = _figures(Source.read(path, log), step)
                return _with_vivado_reports(figures, directory / language / "report", top, log)
    raise ToolFailedError(f"the tool ended without writing {' or '.join(names)}", log)


def _with_vivado_reports(figures: Figures, directory: Path, top: str, log: str) -> Figures:
    stage = _FLOWS[figures.step][2]
    utilization, timing = (directory / f"{top}_{kind}_{stage}.rpt" for kind in ("utilization", "timing"))
    if utilization.is_file():
        figures = figures.joined(read_utilization(utilization, log))
    if timing.is_file():
        figures = figures.joined(read_timing_summary(timing, log, figures.step))
    return figures


def parse_export(text: str, step: Step, log: str = "") -> Figures:
    """Read the text of a report; see `read_export`."""
    return _figures(Source(f"export_{_FLOWS[step][0]}.xml", text, log), step)


def _figures(source: Source, step: Step) -> Figures:
    document = ProfileXml(source)
    done, wanted = document.find("RunData/RUN_TYPE"), _FLOWS[step][1]
    # Vivado HLS does not say it.
    if done not in (None, wanted):
        raise document.fail(f"is of the flow {done!r} where {wanted!r} was asked for")
    timing, resources = "TimingReport", "AreaReport/Resources"
    # Where routing gave no period, that of synthesis stands under the name of the achieved one.
    routed = f"{timing}/CP_ROUTE"
    unrouted = step == "implementation" and document.find(routed) is not None and not document.known(routed)
    if unrouted or not document.known(f"{timing}/AchievedClockPeriod"):
        raise document.fail("has no achieved clock period: no path of the circuit was timed")
    clock = document.nanoseconds(timing, "TargetClockPeriod", unit="ns")
    achieved = document.nanoseconds(timing, "AchievedClockPeriod", unit="ns")
    return Figures(
        step=step,
        version=(document.find("RunData/VIVADO_VERSION") or "").removeprefix("v."),
        clock_ns=clock,
        critical_path_ns=achieved,
        slack_ns=round(clock - achieved, 6),
        lut=document.count(resources, ("LUT",)),
        ff=document.count(resources, ("FF",)),
        dsp=document.count(resources, ("DSP",)),
        bram=document.count(resources, ("BRAM",)),
        # The first versions do not know it.
        uram=document.count(resources, ("URAM",), default=0),
    )
