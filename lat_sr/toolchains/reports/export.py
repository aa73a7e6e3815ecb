"""The report of ``export_design -flow syn`` and ``-flow impl``: Vivado's figures for the RTL of an HLS tool.

Vivado HLS calls it ``<top>_export.xml``, Vitis HLS ``export_syn.xml`` and ``export_impl.xml``. Periods are in
nanoseconds; a block RAM is one of 18 kbit.
"""

from __future__ import annotations

from pathlib import Path

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports.figures import Figures, Step
from lat_sr.toolchains.reports.profile_xml import ProfileXml
from lat_sr.toolchains.reports.source import Source

# In the name of the file, and in the file.
_FLOWS: dict[Step, tuple[str, str]] = {"synthesis": ("syn", "synth"), "implementation": ("impl", "impl")}


def read_export(directory: Path, top: str, step: Step, log: str = "") -> Figures:
    """Read the report of a solution.

    Parameters
    ----------
    directory : Path
        ``<solution>/impl/report``.
    top : str
        The uppermost function.
    step : {"synthesis", "implementation"}
        How far Vivado was asked to go.
    log : str
        What the tool printed; its last lines become part of an error.

    Returns
    -------
    Figures

    Raises
    ------
    ToolFailedError
        There is no such report, or it is empty, cut off, of another kind or step, or lacks a figure.
    """
    names = (f"export_{_FLOWS[step][0]}.xml", f"{top}_export.xml")
    for language in ("verilog", "vhdl"):
        for name in names:
            path = directory / language / name
            if path.is_file():
                return _figures(Source.read(path, log), step)
    raise ToolFailedError(f"the tool ended without writing {' or '.join(names)}", log)


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
