"""What Vivado's text reports have in common: a head of facts, numbered sections, tables in frames."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lat_sr.toolchains.reports.figures import Step
from lat_sr.toolchains.reports.source import Source

_STATES: dict[str, Step] = {
    "Synthesized": "synthesis",
    "Optimized": "synthesis",
    "Fully Placed": "implementation",
    "Physopt": "implementation",
    "Routed": "implementation",
}


def head_of(source: Source) -> dict[str, str]:
    """The facts at the head of a report, ``| Name : value``.

    Raises
    ------
    ToolFailedError
        It is no report of Vivado.
    """
    head = dict(re.findall(r"^\| ([A-Z][A-Za-z ]*?) +: (.*?) *$", source.text, re.MULTILINE))
    if "Command" not in head or "Vivado" not in head.get("Tool Version", ""):
        raise source.fail("is no report of Vivado, or one of an unknown format")
    return head


def version_of(head: dict[str, str]) -> str:
    """Version of Vivado, for instance 2024.2."""
    found = re.search(r"v\.(\S+)", head["Tool Version"])
    return found[1] if found else ""


def step_of(head: dict[str, str], default: Step) -> Step:
    """What had been done to the design; timing summaries of older versions do not say it."""
    state = head.get("Design State", "")
    return next((step for start, step in _STATES.items() if state.startswith(start)), default)


def framed_tables(source: Source) -> Iterator[list[dict[str, str]]]:
    """Tables in frames of plus, minus and bar: for each its rows, by the names of the columns.

    A table without its last border is cut off, and left out.
    """
    border = r"^\+(?:-+\+)+ *\n"
    row = r"(?:^\|.*\| *\n)"
    for match in re.finditer(
        rf"{border}({row}){border}({row}*)(?={border})", source.text + "\n", re.MULTILINE
    ):
        names = _cells(match[1])
        rows = [_cells(line) for line in match[2].splitlines()]
        yield [dict(zip(names, cells, strict=True)) for cells in rows if len(cells) == len(names)]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
