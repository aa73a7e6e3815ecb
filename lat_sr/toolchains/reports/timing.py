"""Vivado's ``report_timing_summary``, of all versions from 2018.2 on."""

from __future__ import annotations

import re
from pathlib import Path

from lat_sr.toolchains.reports.figures import Figures, Step
from lat_sr.toolchains.reports.source import Source
from lat_sr.toolchains.reports.vivado_text import head_of, step_of, version_of

_VERDICTS = ("All user specified timing constraints are met.", "Timing constraints are not met.")
_UNCONSTRAINED = "There are no user specified timing constraints."
# Periods and frequencies are printed with three digits after the point.
_ROUNDING = 1e-3


def read_timing_summary(path: Path, log: str = "", step: Step = "implementation") -> Figures:
    """Read a report file.

    Parameters
    ----------
    path : Path
    log : str
        What the tool printed; its last lines become part of an error.
    step : {"synthesis", "implementation"}
        What had been done to the design, where the report does not say it, as those of older versions.

    Returns
    -------
    Figures
        Clock period and slacks.

    Raises
    ------
    ToolFailedError
        The file is missing, empty, cut off, of another kind, or lacks a figure; or the design has no clock.
    """
    return _figures(Source.read(path, log), step)


def parse_timing_summary(text: str, log: str = "", step: Step = "implementation") -> Figures:
    """Read the text of a report; see `read_timing_summary`."""
    return _figures(Source("timing summary", text, log), step)


def _figures(source: Source, step: Step) -> Figures:
    head = head_of(source)
    slacks = _design_summary(source)
    setup = slacks.get("WNS")
    if setup is None:
        raise source.fail("has no worst slack: no path of the design is constrained")
    return Figures(
        step=step_of(head, step),
        version=version_of(head),
        part=head.get("Device", ""),
        top=head.get("Design", ""),
        clock_ns=_clock_period(source),
        slack_ns=min(setup, slacks.get("WPWS", setup)),
        hold_slack_ns=slacks.get("WHS"),
    )


def _section(source: Source, title: str) -> list[str]:
    """Lines of a section, which ends where the next one begins."""
    rule = r"-{20,}\n"
    match = re.search(
        rf"^{rule}\| {title} *\n\| -+ *\n{rule}(.*?)(?=^{rule}\| )", source.text, re.MULTILINE | re.DOTALL
    )
    if match is None:
        raise source.fail(f"has no complete section {title!r}: it is cut off, or of an unknown format")
    return [line for line in match[1].splitlines() if line.strip()]


def _design_summary(source: Source) -> dict[str, float]:
    """Slacks in nanoseconds by their short names; those that the report does not know are left out."""
    lines = _section(source, "Design Timing Summary")
    if any(line.strip() == _UNCONSTRAINED for line in lines):
        raise source.fail("is of a design without a clock; read the constraints before synthesis")
    head = next((k for k, line in enumerate(lines) if re.match(r" *WNS\(", line)), len(lines))
    if len(lines) < head + 3 or not any(line.strip() in _VERDICTS for line in lines):
        raise source.fail("has no complete design timing summary: it is cut off, or of an unknown format")
    names = re.split(r" {2,}", lines[head].strip())
    values = lines[head + 2].split()
    if len(names) != len(values) or set(lines[head + 1].strip()) - set(" -"):
        raise source.fail("has a design timing summary of an unknown format")
    slacks = {}
    for name, text in zip(names, values, strict=True):
        title = re.fullmatch(r"(\w+)\((\w+)\)", name)
        if title is not None and text != "NA":
            scale = source.nanoseconds_of(title[2], title[1])
            slacks[title[1]] = source.number(text, title[1], negative=True) * scale
    return slacks


def _clock_period(source: Source) -> float:
    lines = _section(source, "Clock Summary")
    title = (
        re.match(r"Clock +Waveform\((\w+)\) +Period\((\w+)\) +Frequency\(MHz\)", lines[0]) if lines else None
    )
    if title is None:
        raise source.fail("has a clock summary of an unknown format")
    clocks = [re.fullmatch(r" *(\S+) +\{[^}]*\} +(\S+) +(\S+) *", line) for line in lines[2:]]
    if len(clocks) != 1 or clocks[0] is None:
        raise source.fail(f"holds {len(clocks)} clocks where one is expected")
    name, period, frequency = clocks[0].groups()
    nanoseconds = source.number(period, f"the period of {name}") * source.nanoseconds_of(title[2], "periods")
    megahertz = source.number(frequency, f"the frequency of {name}")
    if abs(1e3 - nanoseconds * megahertz) > _ROUNDING * (nanoseconds + megahertz):
        raise source.fail(f"says that {name} has a period of {nanoseconds:g} ns and {megahertz:g} MHz")
    return nanoseconds
