"""Node evaluations per second: our evaluator, PyOperon's, and what a plain loop reaches.

    python benchmarks/search/evaluation_speed.py [--rows 8000] [--seconds 2] [--rounds 5] [--out DIR]

Random trees of 20 to 40 nodes over 6 features, the same for both systems, in single precision; a node is an operator, a
variable or a constant. Both compute the mean squared error of every tree on all rows. The rooflines are plain loops
over blocks that stay in the first cache: ``out = a * b`` again and again, and the operators of the trees one after the
other, the fair one where a sine costs more than a product. Against them only operators count, because leaves cost no
operation. Rounds of the systems alternate and medians are printed, so that the state of the machine is the same for
all; the table is Markdown, and ``evaluation_speed.json`` keeps it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lat_sr import _engine
from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.expression.postfix import tree_of
from lat_sr.files import write_atomic

NAMES = tuple(f"X{i + 1}" for i in range(6))  # as PyOperon calls them
SETS = {"+ - *": ("+", "-", "*"), "+ - * sin exp": ("+", "-", "*", "sin", "exp")}
TREES = 256


def random_tree(rng: np.random.Generator, size: int, operators: Sequence[str]) -> Expression:
    """A tree of about ``size`` nodes whose values stay small enough for single precision."""
    if size <= 1:
        if rng.random() < 0.3:
            return Constant(float(np.float32(rng.normal())))
        return Variable(str(rng.choice(NAMES)))
    operator = str(rng.choice(list(operators)))
    if operator == "exp":
        # Of a sine: larger arguments would end in infinity, where evaluation stops early.
        return Call("exp", (Call("sin", (random_tree(rng, size - 2, operators),)),))
    if operator == "sin":
        return Call("sin", (random_tree(rng, size - 1, operators),))
    left = int(rng.integers(1, max(2, size - 1)))
    return Call(operator, (random_tree(rng, left, operators), random_tree(rng, size - 1 - left, operators)))


def their_tree(formula: Expression, variables: dict[str, int]) -> Any:
    """The formula as PyOperon's postfix nodes; the right operand comes first there."""
    import pyoperon

    make = pyoperon.Node
    calls = {"+": make.Add, "-": make.Sub, "*": make.Mul, "sin": make.Sin, "exp": make.Exp}

    def nodes(part: Expression) -> list[Any]:
        if isinstance(part, Variable):
            node = make.Variable(1.0)
            node.HashValue = variables[part.name]
            return [node]
        if isinstance(part, Constant):
            return [make.Constant(part.value)]
        assert isinstance(part, Call)
        below = [node for operand in reversed(part.operands) for node in nodes(operand)]
        return [*below, calls[part.operator]()]

    tree = pyoperon.Tree(nodes(formula))
    tree.UpdateNodes()  # returns a reference that does not keep the tree alive
    return tree


def rate(work: Callable[[], object], amount: float, seconds: float) -> float:
    """Amount per second of repeated work."""
    work()
    started = time.perf_counter()
    repeats = 0
    while time.perf_counter() - started < seconds:
        work()
        repeats += 1
    return amount * repeats / (time.perf_counter() - started)


def main() -> int:
    """Measure and print."""
    import pyoperon

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()

    rng = np.random.default_rng(1)
    X = rng.uniform(-1, 1, (args.rows, len(NAMES))).astype(np.float32)
    y = X[:, 0].copy()
    scorer = _engine.ScorerFloat(X, y, "l2", 1.0, np.inf)
    table = np.asfortranarray(np.column_stack((X, y)))  # the data set is a view of it
    dataset = pyoperon.Dataset(table)
    variables = {variable.Name: variable.Hash for variable in dataset.Variables}
    rows = pyoperon.Range(0, args.rows)
    results: list[dict[str, object]] = []
    for label, operators in SETS.items():
        formulas: list[Expression] = []
        while len(formulas) < TREES:
            formula = random_tree(rng, int(rng.integers(20, 41)), operators)
            if formula.variables:
                formulas.append(formula)
        trees = [tree_of(formula, NAMES) for formula in formulas]
        theirs = [their_tree(formula, variables) for formula in formulas]
        nodes = sum(formula.size for formula in formulas)
        mix = [node.operator for formula in formulas for node in formula.walk() if isinstance(node, Call)]
        calls = len(mix)
        losses = np.array(scorer.losses(trees, 1))
        values = np.empty((TREES, args.rows), dtype=np.float32)
        pyoperon.EvaluateTrees(theirs, dataset, rows, values.reshape(-1), 1)
        np.testing.assert_allclose(losses, np.mean((values - y) ** 2, axis=1), rtol=1e-2)
        for threads in (1, 2):
            measured: dict[str, list[float]] = {"lat_sr": [], "pyoperon": [], "roofline": [], "mix": []}
            ours_work = partial(scorer.losses, trees, threads)
            peer_work = partial(pyoperon.EvaluateTrees, theirs, dataset, rows, values.reshape(-1), threads)
            for _ in range(args.rounds):
                measured["lat_sr"].append(rate(ours_work, nodes * args.rows, args.seconds))
                measured["pyoperon"].append(rate(peer_work, nodes * args.rows, args.seconds))
                measured["roofline"].append(_engine.roofline(["*"], args.seconds / 2, threads))
                measured["mix"].append(_engine.roofline(mix, args.seconds / 2, threads))
            ours, peer, bound, mixed = (statistics.median(rates) for rates in measured.values())
            results.append(
                {
                    "operators": label,
                    "threads": threads,
                    "nodes": nodes,
                    "calls": calls,
                    **{f"{name}_rates": rates for name, rates in measured.items()},
                    "ratio_to_pyoperon": ours / peer,
                    "share_of_roofline": ours * calls / nodes / bound,
                    "share_of_mix": ours * calls / nodes / mixed,
                }
            )
    print(
        "| operators | threads | lat_sr [1e9 nodes/s] | PyOperon | ratio | products [1e9 operations/s] | share "
        "| same operators | share |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in results:
        ours, peer, bound, mixed = (
            statistics.median(row[f"{name}_rates"]) / 1e9  # type: ignore[type-var, operator]
            for name in ("lat_sr", "pyoperon", "roofline", "mix")
        )
        print(
            f"| {row['operators']} | {row['threads']} | {ours:.2f} | {peer:.2f} | {row['ratio_to_pyoperon']:.1f} "
            f"| {bound:.1f} | {row['share_of_roofline']:.0%} | {mixed:.1f} | {row['share_of_mix']:.0%} |"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "rows": args.rows,
    }
    write_atomic(
        args.out / "evaluation_speed.json", json.dumps({**facts, "results": results}, indent=1) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
