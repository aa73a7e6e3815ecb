"""Vivado's ``report_utilization``, of all versions from 2018.2 on."""

from __future__ import annotations

import re
from pathlib import Path

from lat_sr.toolchains.reports.figures import Figures
from lat_sr.toolchains.reports.source import Source
from lat_sr.toolchains.reports.vivado_text import framed_tables, head_of, step_of, version_of

# A star marks what later steps may still change.
_SITES = {
    "lut": r"(Slice|CLB) LUTs\*?",
    "ff": r"((Slice|CLB) )?Registers\*?",
    "dsp": r"(DSPs|DSP Slices)",
    "ramb36": r"RAMB36(E\d|/FIFO)?\*?",
    "ramb18": r"RAMB18(E\d)?\*?",
}
# Families without it have no row.
_OPTIONAL_SITES = {"uram": r"URAM"}
_CARRY_BLOCKS = {"CARRY4": 1, "CARRY8": 2}


def read_utilization(path: Path, log: str = "") -> Figures:
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


def parse_utilization(text: str, log: str = "") -> Figures:
    """Read the text of a report; see `read_utilization`."""
    return _figures(Source("utilization report", text, log))


def _figures(source: Source) -> Figures:
    head = head_of(source)
    _require_whole(source)
    used: dict[str, str] = {}
    primitives: dict[str, str] | None = None
    for table in framed_tables(source):
        if table and {"Site Type", "Used", "Available"} <= set(table[0]):
            # The same site stands in a summary and in its details.
            used = {row["Site Type"]: row["Used"] for row in table} | used
        elif table and {"Ref Name", "Used", "Functional Category"} <= set(table[0]):
            primitives = {row["Ref Name"]: row["Used"] for row in table}
    if primitives is None:
        raise source.fail("has no table of primitives: it is cut off, or of an unknown format")
    counts = {name: _count(source, used, pattern) for name, pattern in _SITES.items()}
    missing = [pattern for name, pattern in _SITES.items() if counts[name] is None]
    if missing:
        raise source.fail(f"has no row {', '.join(missing)}: it is cut off, or of an unknown format")
    return Figures(
        step=step_of(head, "synthesis"),
        version=version_of(head),
        part=head.get("Device", ""),
        top=head.get("Design", ""),
        lut=counts["lut"],
        ff=counts["ff"],
        dsp=counts["dsp"],
        bram=(counts["ramb18"] or 0) + 2 * (counts["ramb36"] or 0),
        uram=_count(source, used, _OPTIONAL_SITES["uram"]) or 0,
        carry=sum(
            blocks * source.count(primitives.get(cell, "0"), cell) for cell, blocks in _CARRY_BLOCKS.items()
        ),
    )


def _count(source: Source, used: dict[str, str], pattern: str) -> int | None:
    for site, number in used.items():
        if re.fullmatch(pattern, site):
            return source.count(number, site)
    return None


def _require_whole(source: Source) -> None:
    """Refuse a report without the last section of its table of contents."""
    contents = re.search(r"^Table of Contents\n-+\n((?:\d[\d.]* .*\n)+)", source.text, re.MULTILINE)
    if contents is None:
        raise source.fail("has no table of contents: it is cut off, or of an unknown format")
    last = contents[1].rstrip("\n").splitlines()[-1]
    if not re.search(rf"^{re.escape(last)}\n-+\n", source.text[contents.end() :], re.MULTILINE):
        raise source.fail(f"is cut off: its last section {last!r} is missing")
