"""Reports of the vendor's tools, of whatever kind, read into one shape: `Figures`.

Figures are found by their names, units are checked, and a report that is missing, empty, cut off, damaged or of another
format is an error with the end of the tool's log, never a number.
"""

from __future__ import annotations

from lat_sr.toolchains.reports.cosim import parse_cosim, read_cosim
from lat_sr.toolchains.reports.csynth import parse_csynth, read_csynth
from lat_sr.toolchains.reports.export import parse_export, read_export
from lat_sr.toolchains.reports.figures import Figures, Step
from lat_sr.toolchains.reports.timing import parse_timing_summary, read_timing_summary
from lat_sr.toolchains.reports.utilization import parse_utilization, read_utilization

__all__ = [
    "Figures",
    "Step",
    "parse_cosim",
    "parse_csynth",
    "parse_export",
    "parse_timing_summary",
    "parse_utilization",
    "read_cosim",
    "read_csynth",
    "read_export",
    "read_timing_summary",
    "read_utilization",
]
