"""Whether the core's lowering gives Python's datapaths, and how fast it does.

    python benchmarks/search/lowering_agreement.py [--trees 100000] [--rows 300] [--processes 2] [--out DIR]

Random formulas over all operators of the core, dealt out to several precisions and both implementations of tables.
Equal means the same nodes, tables (with their names) and outputs, and the same integers on all rows. Where they differ,
Python's lowering is run once more with the core's function values instead of numpy's: agreement then says that only
the last bit of a function value, next to the border between two table entries, made the difference. The times are means
over the formulas, the core's with an empty memory of tables. The table is Markdown; ``lowering_agreement.json`` keeps
it, with every formula that differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from lat_sr import _engine
from lat_sr.datapath import Datapath, lower
from lat_sr.errors import ExpressionError, LatSrError
from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.operators import OPERATORS, Operator, get_operator
from lat_sr.precision import Precision
from lat_sr.search.native_lowering import NativeLowering
from lat_sr.search.postfix import tree_of
from lat_sr.storage import write_atomic

NAMES = ("x0", "x1", "x2", "x3")
PRECISIONS = (
    "ap_fixed<12,6>",
    "ap_fixed<16,6>",
    "ap_fixed<18,8>",
    "ap_fixed<16,6,AP_RND,AP_SAT>",
    "ap_ufixed<12,4>",
)
IMPLEMENTATIONS = ("table", "interp")
OUTCOMES = ("equal", "refused by both", "equal with the core's functions", "different", "refused by one")


def random_expression(rng: np.random.Generator, size: int) -> Expression:
    """A formula of about ``size`` nodes over all operators of the core."""
    if size <= 1:
        if rng.random() < 0.25:
            return Constant(float(np.round(rng.normal() * rng.choice([0.1, 1.0, 10.0]), 4)))
        return Variable(str(rng.choice(NAMES)))
    operator = OPERATORS[str(rng.choice(_engine.operator_names() if rng.random() < 0.5 else ["+", "-", "*"]))]
    if operator.name == "pow":
        return Call("pow", (random_expression(rng, size - 1), Constant(float(rng.integers(-3, 7)))))
    if operator.arity == 1:
        return Call(operator.name, (random_expression(rng, size - 1),))
    left = int(rng.integers(1, max(2, size - 1)))
    return Call(operator.name, (random_expression(rng, left), random_expression(rng, size - 1 - left)))


def core_values(expression: Expression, X: NDArray[Any], names: Sequence[str]) -> NDArray[np.float64]:
    """Floating-point values of a formula with at most one variable, by the core's functions."""
    x = np.ascontiguousarray(X[:, 0] if len(names) else np.zeros(len(X)))
    return np.array(_engine.function_values(tree_of(expression, names), x))


def core_operator(name: str) -> Operator:
    """An operator whose values come from the core."""
    operator = get_operator(name)
    if operator.arity != 1:
        return operator
    call = Call(name, (Variable("x"),))
    return replace(operator, numpy=lambda x: core_values(call, x[:, None], ("x",)))


def lowered(formula: Expression, precision: Precision, **options: Any) -> Datapath | None:
    """Python's datapath, or None for a refusal."""
    try:
        return lower(formula, precision, input_names=NAMES, **options)
    except (LatSrError, OverflowError):
        return None


def agrees(expected: Datapath | None, lowering: NativeLowering, formula: Expression, X: NDArray[Any]) -> bool:
    """Whether the core's datapath and its values are those of Python's."""
    try:
        found = lowering.lower(formula)
    except ExpressionError:
        return expected is None
    return (
        expected is not None
        and found.datapath.digest() == expected.digest()
        and np.array_equal(found.values, expected.evaluate_integers(lowering.precision.from_float(X)))
    )


def compare(text: str, implementation: str, trees: int, rows: int, seed: int) -> dict[str, Any]:
    """Outcomes and times of one precision and implementation."""
    rng = np.random.default_rng([seed, len(text), len(implementation)])
    precision = Precision.parse(text)
    X = rng.normal(size=(rows, len(NAMES)))
    if not precision.signed:
        X = np.abs(X)
    options: dict[str, Any] = {"X": X, "implementations": implementation}
    formulas = [random_expression(rng, int(rng.integers(1, 21))) for _ in range(trees)]
    lowering = NativeLowering(X, precision, input_names=NAMES, implementations=implementation)
    native_trees = [tree_of(formula, NAMES) for formula in formulas]
    started = time.perf_counter()
    lowering.lowerable(native_trees)
    native_seconds = time.perf_counter() - started
    outcomes: Counter[str] = Counter()
    differing = []
    python_seconds = 0.0
    for formula in formulas:
        started = time.perf_counter()
        expected = lowered(formula, precision, **options)
        python_seconds += time.perf_counter() - started
        if agrees(expected, lowering, formula, X):
            outcomes["refused by both" if expected is None else "equal"] += 1
            continue
        with (
            patch("lat_sr.datapath.lowering.evaluate", core_values),
            patch("lat_sr.datapath.lowering.get_operator", core_operator),
        ):
            again = lowered(formula, precision, **options)
        if agrees(again, lowering, formula, X):
            outcome = "equal with the core's functions"
        else:
            outcome = "refused by one" if expected is None or again is None else "different"
        outcomes[outcome] += 1
        differing.append({"formula": str(formula), "outcome": outcome})
    return {
        "precision": text,
        "implementation": implementation,
        "trees": trees,
        "outcomes": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        "differing": differing,
        "python_us": python_seconds / trees * 1e6,
        "core_us": native_seconds / trees * 1e6,
    }


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trees", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()

    cases = list(itertools.product(PRECISIONS, IMPLEMENTATIONS))
    share = -(-args.trees // len(cases))
    with ProcessPoolExecutor(args.processes) as pool:
        running = [pool.submit(compare, *case, share, args.rows, args.seed) for case in cases]
        results = [result.result() for result in running]
    print(f"| precision | tables | formulas | {' | '.join(OUTCOMES)} | Python [us] | core [us] |")
    print("|---|---|---" + "|---" * len(OUTCOMES) + "|---|---|")
    for row in results:
        counts = " | ".join(str(row["outcomes"][outcome]) for outcome in OUTCOMES)
        print(
            f"| {row['precision']} | {row['implementation']} | {row['trees']} | {counts} "
            f"| {row['python_us']:.0f} | {row['core_us']:.0f} |"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "numpy": np.__version__,
        "rows": args.rows,
        "seed": args.seed,
    }
    write_atomic(
        args.out / "lowering_agreement.json", json.dumps({**facts, "results": results}, indent=1) + "\n"
    )
    agreed = all(not (row["outcomes"]["different"] + row["outcomes"]["refused by one"]) for row in results)
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main())
