"""The report of C synthesis, ``csynth.xml``, of all versions from 2018.2 on."""

from __future__ import annotations

from pathlib import Path

from lat_sr.toolchains.reports.figures import Figures
from lat_sr.toolchains.reports.profile_xml import ProfileXml
from lat_sr.toolchains.reports.source import Source


def read_csynth(path: Path, log: str = "") -> Figures:
    """Read a report file.

    Parameters
    ----------
    path : Path
    log : str
        What the tool printed; its last lines become part of an error.

    Returns
    -------
    Figures

    Raises
    ------
    ToolFailedError
        The file is missing, empty, cut off, of another kind, or lacks a figure.
    """
    return _figures(Source.read(path, log))


def parse_csynth(text: str, log: str = "") -> Figures:
    """Read the text of a report; see `read_csynth`."""
    return _figures(Source("csynth.xml", text, log))


def _figures(source: Source) -> Figures:
    document = ProfileXml(source)
    assignments = "UserAssignments"
    latency = "PerformanceEstimates/SummaryOfOverallLatency"
    resources = "AreaEstimates/Resources"
    document.require_unit(latency, "clock cycles")
    return Figures(
        step="c_synthesis",
        version=document.text("ReportVersion/Version"),
        part=document.text(f"{assignments}/Part"),
        top=document.text(f"{assignments}/TopModelName"),
        clock_ns=document.nanoseconds(assignments, "TargetClockPeriod"),
        clock_uncertainty_ns=document.nanoseconds(assignments, "ClockUncertainty"),
        critical_path_ns=document.nanoseconds(
            "PerformanceEstimates/SummaryOfTimingAnalysis", "EstimatedClockPeriod"
        ),
        latency_best=document.cycles(f"{latency}/Best-caseLatency"),
        latency_average=document.cycles(f"{latency}/Average-caseLatency"),
        latency_worst=document.cycles(f"{latency}/Worst-caseLatency"),
        interval_min=document.cycles(f"{latency}/Interval-min"),
        interval_max=document.cycles(f"{latency}/Interval-max"),
        lut=document.count(resources, ("LUT",)),
        ff=document.count(resources, ("FF",)),
        # One block under three names: of 7 series and UltraScale until 2020.1, of all parts since, of Versal.
        dsp=document.count(resources, ("DSP", "DSP48E", "DSP58")),
        bram=document.count(resources, ("BRAM_18K",)),
        # The first versions do not know it.
        uram=document.count(resources, ("URAM",), default=0),
    )
