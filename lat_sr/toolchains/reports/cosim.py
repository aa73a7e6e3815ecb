"""The report of C/RTL co-simulation, ``<top>_cosim.rpt``, of all versions from 2018.2 on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lat_sr.toolchains.reports.figures import Figures
from lat_sr.toolchains.reports.source import Source

_NOT_RUN = "NA"
_PASSED = {"Pass": True, "Fail": False}
# Vivado HLS names no unit; it counts clock cycles too.
_UNITS = (None, "Clock Cycles")
_FIGURES = {
    "latency_best": "Latency min",
    "latency_average": "Latency avg",
    "latency_worst": "Latency max",
    "interval_min": "Interval min",
    "interval_max": "Interval max",
}
_NO_TABLE = "has no complete table of results: it is cut off, or of an unknown format"


def read_cosim(path: Path, log: str = "") -> Figures:
    """Read a report file.

    Parameters
    ----------
    path : Path
        ``<solution>/sim/report/<top>_cosim.rpt``.
    log : str
        What the tool printed; its last lines become part of an error.

    Returns
    -------
    Figures
        Latency and interval in clock cycles, and whether the outputs were right.

    Raises
    ------
    ToolFailedError
        The file is missing, empty, cut off, of another kind, or lacks a figure; or nothing was simulated.
    """
    return _figures(Source.read(path, log))


def parse_cosim(text: str, log: str = "") -> Figures:
    """Read the text of a report; see `read_cosim`."""
    return _figures(Source("cosim.rpt", text, log))


def _figures(source: Source) -> Figures:
    names, rows = _table(source)
    missing = sorted({"RTL", "Status", *_FIGURES.values()} - set(names))
    if missing:
        raise source.fail(f"has no column {', '.join(missing)}: it is of an unknown format")
    results = [dict(zip(names, row, strict=True)) for row in rows]
    simulated = [result for result in results if result["Status"] != _NOT_RUN]
    if len(simulated) != 1:
        raise source.fail(f"holds {len(simulated)} simulations of {len(results)} where one is expected")
    (result,) = simulated
    if result["Status"] not in _PASSED:
        raise source.fail(f"has the status {result['Status']!r}; known are {', '.join(_PASSED)}")
    return Figures(
        step="co_simulation",
        passed=_PASSED[result["Status"]],
        **{
            field: None if result[name] == _NOT_RUN else source.count(result[name], name)
            for field, name in _FIGURES.items()
        },
    )


def _table(source: Source) -> tuple[list[str], list[list[str]]]:
    """Names of the columns, and the cells of each row."""
    lines = [line.strip() for line in source.text.splitlines()]
    borders = [number for number, line in enumerate(lines) if re.fullmatch(r"\+(-+\+)+", line)]
    # A border that was cut off between two cells is a border too, of fewer cells.
    if len(borders) != 3 or len({lines[number] for number in borders}) != 1:
        raise source.fail(_NO_TABLE)
    top, middle, bottom = borders
    head, body = lines[top + 1 : middle], lines[middle + 1 : bottom]
    rows = [_cells(line) for line in body]
    names = list(_names(source, head))
    if not rows or any(len(row) != len(names) for row in rows):
        raise source.fail(_NO_TABLE)
    return names, rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def _names(source: Source, head: Sequence[str]) -> Iterator[str]:
    """Name of each column: what stands in the lines of the head above it, the unit left out."""
    # Lines between the first and the last have a plus where a cell ends.
    lines = [re.sub(r"-+", lambda dashes: " " * len(dashes[0]), line).replace("+", "|") for line in head]
    ends = [[k for k, mark in enumerate(line) if mark == "|"] for line in lines]
    for left, right in zip(ends[-1], ends[-1][1:], strict=False) if ends else ():
        words = []
        for line, marks in zip(lines, ends, strict=True):
            start = max((k for k in marks if k <= left), default=0)
            end = min((k for k in marks if k >= right), default=len(line))
            words.append(line[start + 1 : end].strip())
        name = " ".join(word for word in words if word)
        unit = re.search(r"\s*\(([^)]*)\)", name)
        if (unit[1] if unit else None) not in _UNITS:
            raise source.fail(f"gives {name!r}; the known unit is {_UNITS[1]}")
        yield name if unit is None else (name[: unit.start()] + name[unit.end() :]).strip()
