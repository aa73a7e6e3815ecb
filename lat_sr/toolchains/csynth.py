"""The synthesis report of the vendor's HLS tools, ``csynth.xml``, of all versions from 2018.2 on."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lat_sr.errors import ToolFailedError

__all__ = ["SynthesisReport", "parse_csynth", "read_csynth"]

_NANOSECONDS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6}
# What the tools print where a figure depends on data, or is not known.
_UNKNOWN = ("undef", "?", "-", "")


@dataclass(frozen=True, slots=True)
class SynthesisReport:
    """What C synthesis says of the uppermost function.

    Attributes
    ----------
    version : str
        Of the tool.
    part, top : str
    clock_ns, clock_uncertainty_ns, estimated_clock_ns : float
        Target, its uncertainty, and the longest path that the tool estimates, in nanoseconds.
    latency_best, latency_average, latency_worst : int or None
        Clock cycles; None where the tool does not know them.
    interval_min, interval_max : int or None
        Clock cycles between two inputs.
    lut, ff, dsp, bram, uram : int
        Estimated resources; a block RAM is one of 18 kbit.
    """

    version: str
    part: str
    top: str
    clock_ns: float
    clock_uncertainty_ns: float
    estimated_clock_ns: float
    latency_best: int | None
    latency_average: int | None
    latency_worst: int | None
    interval_min: int | None
    interval_max: int | None
    lut: int
    ff: int
    dsp: int
    bram: int
    uram: int


def read_csynth(path: Path, log: str = "") -> SynthesisReport:
    """Read a report file.

    Parameters
    ----------
    path : Path
    log : str
        What the tool printed; its last lines become part of an error.

    Returns
    -------
    SynthesisReport

    Raises
    ------
    ToolFailedError
        The file is missing, empty, cut off, of another kind, or lacks a figure.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ToolFailedError(f"the tool ended without writing {path.name}", log) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ToolFailedError(f"{path} cannot be read: {error}", log) from error
    return parse_csynth(text, log)


def parse_csynth(text: str, log: str = "") -> SynthesisReport:
    """Read the text of a report; see `read_csynth`."""
    if not text.strip():
        raise ToolFailedError("csynth.xml is empty: the tool was stopped, or the disk is full", log)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ToolFailedError(f"csynth.xml is cut off or damaged ({error})", log) from error
    if root.tag != "profile":
        raise ToolFailedError(
            f"csynth.xml holds <{root.tag}> where <profile> is expected: another report, or an unknown format",
            log,
        )
    document = _Document(root, log)
    assignments = "UserAssignments"
    timing = "PerformanceEstimates/SummaryOfTimingAnalysis"
    latency = "PerformanceEstimates/SummaryOfOverallLatency"
    resources = "AreaEstimates/Resources"
    document.require_unit(latency, "clock cycles")
    return SynthesisReport(
        version=document.text("ReportVersion/Version"),
        part=document.text(f"{assignments}/Part"),
        top=document.text(f"{assignments}/TopModelName"),
        clock_ns=document.nanoseconds(assignments, "TargetClockPeriod"),
        clock_uncertainty_ns=document.nanoseconds(assignments, "ClockUncertainty"),
        estimated_clock_ns=document.nanoseconds(timing, "EstimatedClockPeriod"),
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


class _Document:
    """Figures of a report by their place in it."""

    def __init__(self, root: ElementTree.Element, log: str) -> None:
        self._root = root
        self._log = log

    def fail(self, message: str) -> ToolFailedError:
        return ToolFailedError(f"csynth.xml {message}", self._log)

    def text(self, place: str) -> str:
        found = self._root.findtext(place)
        if found is None:
            raise self.fail(f"has no {place}: it is cut off, or of an unknown format")
        return found.strip()

    def require_unit(self, section: str, unit: str) -> None:
        found = self.text(f"{section}/unit")
        if found != unit:
            raise self.fail(f"gives {section} in {found!r} where {unit!r} is expected")

    def nanoseconds(self, section: str, name: str) -> float:
        unit = self.text(f"{section}/unit")
        if unit not in _NANOSECONDS:
            raise self.fail(f"gives {section} in {unit!r}; known units are {', '.join(_NANOSECONDS)}")
        return self._number(f"{section}/{name}") * _NANOSECONDS[unit]

    def cycles(self, place: str) -> int | None:
        found = self.text(place)
        return None if found in _UNKNOWN else self._whole(place)

    def count(self, section: str, names: Sequence[str], default: int | None = None) -> int:
        places = [f"{section}/{name}" for name in names if self._root.find(f"{section}/{name}") is not None]
        if not places:
            if default is None:
                raise self.fail(
                    f"has no {' or '.join(names)} in {section}: it is cut off, or of an unknown format"
                )
            return default
        return self._whole(places[0])

    def _number(self, place: str) -> float:
        found = self.text(place)
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise self.fail(f"holds {found!r} for {place} where a number >= 0 is expected")
        return value

    def _whole(self, place: str) -> int:
        value = self._number(place)
        if value != int(value):
            raise self.fail(f"holds {value:g} for {place} where a whole number is expected")
        return int(value)
