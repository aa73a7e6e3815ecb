"""Agreement of the search core's cost of datapaths with the schedules that RTL is written from, and what one takes.

    python benchmarks/search/schedule_agreement.py [--count 1000] [--seed 0]

The cost is `lat_sr._engine.CircuitCost`, the schedule `lat_sr.latency.scheduling.schedule` of `lat_sr.circuit.trace`.

Half of the datapaths are lowered from random formulas of all operators, of one or several outputs, with tables or
interpolation; the others are nodes of every kind put together at random. Precisions are <8,4> to <18,8>, and wider ones
between casts, with every quantisation and overflow mode; clocks are 2 to 8 ns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from lat_sr import Target, _engine, lower, parse
from lat_sr.circuit import trace
from lat_sr.costs import load_library
from lat_sr.datapath import Datapath, Kind, Table
from lat_sr.datapath.native import native_datapath, native_port
from lat_sr.errors import LatSrError
from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.latency.native import native_library
from lat_sr.latency.scheduling import schedule
from lat_sr.operators import OPERATORS
from lat_sr.precision import Overflow, Precision, Quantization

# Datapaths of any nodes are made by the tests' own builder.
sys.path.append(str(Path(__file__).parents[2] / "tests"))

from datapath_builder import Builder

LIBRARY = load_library()
NAMES = ("x0", "x1", "x2")
FORMULAS = {
    "polynomial, 20 nodes": "0.7*x0*x1 + 1.3*square(x2) - 0.3*x0*x2 + 2.2*x1*x2 - 0.8",
    "two functions of one variable": "sin(x0)*x1 + 0.6*exp(x2)",
    "two functions of sums": "sin(x0 + x1)*x2 + 0.6*tanh(x2 - x0)",
}


def random_precision(rng: np.random.Generator) -> Precision:
    """A port's format with any modes."""
    width = int(rng.integers(8, 19))
    return Precision(
        width,
        int(rng.integers(3, 9)),
        bool(rng.random() < 0.8),
        Quantization(str(rng.choice([mode.value for mode in Quantization]))),
        Overflow(str(rng.choice([mode.value for mode in Overflow]))),
    )


def random_formula(rng: np.random.Generator, size: int) -> Expression:
    """A tree of about so many nodes of any operators."""
    if size <= 1:
        if rng.random() < 0.3:
            return Constant(float(np.round(rng.normal() * 4, 3)))
        return Variable(str(rng.choice(NAMES)))
    name = str(rng.choice(["+", "-", "*", *OPERATORS]))
    if name == "pow":
        return Call(name, (random_formula(rng, size - 2), Constant(float(rng.integers(-2, 5)))))
    if OPERATORS[name].arity == 1:
        return Call(name, (random_formula(rng, size - 1),))
    left = int(rng.integers(1, max(2, size - 1)))
    return Call(name, (random_formula(rng, left), random_formula(rng, size - 1 - left)))


def lowered(rng: np.random.Generator) -> Datapath:
    """A random formula, or several."""
    while True:
        formulas = [
            random_formula(rng, int(rng.integers(1, 21))) for _ in range(int(rng.choice([1, 1, 1, 2, 3])))
        ]
        low = float(rng.uniform(-8, 1))
        ranges = dict.fromkeys(NAMES, (low, low + float(rng.uniform(0.5, 8))))
        try:
            return lower(
                formulas,
                random_precision(rng),
                input_names=NAMES,
                ranges=ranges if rng.random() < 0.8 else None,
                implementations=str(rng.choice(["table", "interp"])),
            )
        except LatSrError:
            continue  # a constant or a factor that the width limits have no room for


def random_nodes(rng: np.random.Generator) -> Datapath:
    """Nodes of every kind."""

    def integer(low: int, high: int) -> int:
        return int(rng.integers(low, high, endpoint=True))

    def choice(values: list[int]) -> int:
        return values[integer(0, len(values) - 1)]

    precision = random_precision(rng)
    builder = Builder(precision, NAMES)
    nodes = [builder.input(column) for column in range(len(NAMES))]
    kinds = [kind for kind in Kind if kind is not Kind.INPUT]
    for _ in range(integer(1, 14)):
        kind = kinds[integer(0, len(kinds) - 1)]
        if kind is Kind.CONSTANT:
            made = builder.constant(integer(-(2**18), 2**18), integer(-3, 20))
        elif kind is Kind.SCALE:
            made = builder.scale(choice(nodes), integer(-(2**16), 2**16), integer(-4, 14))
        elif kind is Kind.SELECT:
            made = builder.select(choice(nodes), choice(nodes), choice(nodes))
        elif kind is Kind.CAST:
            width = integer(2, 24)
            modes = random_precision(rng)
            target = Precision(
                width, integer(-4, width + 4), modes.signed, modes.quantization, modes.overflow
            )
            made = builder.cast(choice(nodes), target)
        elif kind is Kind.LOOKUP:
            format_ = Precision(integer(1, 9), integer(-3, 6), bool(integer(0, 1)))
            operand = builder.cast(choice(nodes), format_)
            size = builder.nodes[operand].high - builder.nodes[operand].low + 1
            words = np.cumsum(rng.integers(-40, 41, size)) * integer(1, 50)
            made = builder.lookup(
                operand, Table("random", tuple(int(word) for word in words), integer(-3, 12))
            )
        elif kind in (Kind.NEGATE, Kind.ABSOLUTE):
            made = getattr(builder, kind.value)(choice(nodes))
        else:
            made = getattr(builder, kind.value)(choice(nodes), choice(nodes))
        nodes.append(made)
    outputs = tuple(choice(nodes) for _ in range(integer(1, 3)))
    return Datapath(precision, NAMES, tuple(builder.nodes), outputs, tuple(builder.tables))


def random_datapath(rng: np.random.Generator) -> Datapath:
    """One of either sort."""
    while True:
        try:
            return lowered(rng) if rng.random() < 0.5 else random_nodes(rng)
        except LatSrError:
            continue  # a value of too many bits


def cost_of(datapath: Datapath, available_ps: float) -> Callable[[], _engine.PredictedCircuit]:
    """The core's cost, as the search calls it: everything but the datapath is there already."""
    cost = _engine.CircuitCost(native_library(LIBRARY), available_ps)
    native, port = native_datapath(datapath), native_port(datapath.precision)
    return lambda: cost(native, port)


def agreement(count: int, seed: int) -> int:
    """How many of so many random datapaths cost what the schedule of their circuit says."""
    rng = np.random.default_rng(seed)
    agreeing = 0
    for _ in range(count):
        datapath, available_ps = random_datapath(rng), float(rng.uniform(2000.0, 8000.0))
        plan = schedule(trace(datapath), LIBRARY, available_ps=available_ps)
        cost = cost_of(datapath, available_ps)()
        agreeing += (cost.latency_cycles, cost.delay_ps, cost.lut, cost.dsp, cost.ff, cost.fits) == (
            plan.stages,
            plan.worst_ps,
            plan.lut,
            plan.dsp,
            plan.ff,
            plan.fits,
        )
    return agreeing


def microseconds(make: Callable[[], Callable[[], object]], repeats: int) -> tuple[float, float]:
    """Of the first call of a new object, which knows no table and no constant, and of one more; medians."""
    first, more = [], []
    for _ in range(repeats):
        call = make()
        start = time.perf_counter()
        call()
        middle = time.perf_counter()
        call()
        first.append((middle - start) * 1e6)
        more.append((time.perf_counter() - middle) * 1e6)
    return statistics.median(first), statistics.median(more)


def main() -> int:
    """Compare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="random datapaths")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    agreeing = agreement(args.count, args.seed)
    print(f"{agreeing} of {args.count} random datapaths agree in cycles, picoseconds, LUT, DSP and FF.\n")
    print("| formula | precision | implementation | nodes | operations | new [µs] | known [µs] |")
    print("|---|---|---|---|---|---|---|")
    for (name, formula), (precision, implementation) in product(
        FORMULAS.items(),
        (("ap_fixed<16,6>", "table"), ("ap_fixed<16,6>", "interp"), ("ap_fixed<18,8>", "table")),
    ):
        root = parse(formula)
        datapath = lower(
            root,
            precision,
            ranges=dict.fromkeys(root.variables, (-4.0, 4.0)),
            implementations=implementation,
        )
        operations = len(trace(datapath).ops)
        new, known = microseconds(partial(cost_of, datapath, Target().available_ps), 200)
        print(
            f"| {name} | {precision} | {implementation} | {len(datapath.nodes)} | {operations} "
            f"| {new:.0f} | {known:.0f} |"
        )
    return 0 if agreeing == args.count else 1


if __name__ == "__main__":
    sys.exit(main())
