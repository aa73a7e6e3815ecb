"""Fitting constants: damped Gauss-Newton steps against BFGS, for each loss.

    python benchmarks/search/constant_fitting.py [--problems 200] [--rows 500] [--steps 12] [--seed 0] [--out DIR]

Random formulas of 8 to 24 nodes over 3 features with + - * sin exp and at least two constants make the targets, with
noise that has heavy tails (Student's t with 2 degrees of freedom, a tenth of the formula's spread), or the classes -1
and +1. Both methods start from the same constants, moved by 50 %, in single precision, and take the same number of
steps; a step is one evaluation of the loss, and a derivative where it was accepted. How far a fit came is its share
of the way from the start to the best loss known, which is the better of both methods after 300 steps. `wins` are fits
that came further by more than a thousandth of the way; `evaluations` of the formula on all rows count a derivative as
two. The table is Markdown; ``constant_fitting.json`` keeps it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

from lat_sr import _engine
from lat_sr.files import write_atomic
from lat_sr.losses import LOSSES

METHODS = ("gauss_newton", "bfgs")
PARAMETERS = {"huber": 0.3, "quantile": 0.9}
FEATURES = 3

Nodes = list[tuple[str, float]]


def random_formula(rng: np.random.Generator, size: int) -> Nodes:
    """Postfix nodes of a formula whose functions have arguments of moderate size."""
    if size <= 1:
        if rng.random() < 0.4:
            return [("constant", float(np.float32(rng.normal())))]
        return [("variable", float(rng.integers(FEATURES)))]
    name = str(rng.choice(["+", "-", "*", "*", "sin", "exp"]))
    if name == "exp":
        return [*random_formula(rng, size - 2), ("sin", 0.0), ("exp", 0.0)]
    if name == "sin":
        return [*random_formula(rng, size - 1), ("sin", 0.0)]
    left = int(rng.integers(1, max(2, size - 1)))
    return [*random_formula(rng, left), *random_formula(rng, size - 1 - left), (name, 0.0)]


def random_problem(
    rng: np.random.Generator, rows: int, *, classes: bool
) -> tuple[Nodes, np.ndarray, np.ndarray]:
    """A formula with its constants moved, and data that the formula as it was explains up to noise."""
    while True:
        X = rng.normal(size=(rows, FEATURES)).astype(np.float32)
        nodes = random_formula(rng, int(rng.integers(8, 25)))
        values = np.array(_engine.evaluate(_engine.Tree(nodes), X))
        spread = float(np.std(values))
        if sum(name == "constant" for name, _ in nodes) < 2 or not 0.1 < spread < 100:
            continue
        noisy = values + 0.1 * spread * rng.standard_t(2, rows)
        y = np.where(noisy > np.median(values), 1.0, -1.0) if classes else noisy
        moved = [
            (name, float(np.float32(value * (1 + 0.5 * rng.normal()))) if name == "constant" else value)
            for name, value in nodes
        ]
        if np.isfinite(_engine.evaluate(_engine.Tree(moved), X)).all():
            return moved, X, y.astype(np.float32)


def compare(loss: str, problems: int, rows: int, steps: int, seed: int) -> dict[str, object]:
    """Both methods on random problems."""
    rng = np.random.default_rng(seed)
    parameter = PARAMETERS.get(loss, LOSSES[loss].default)
    shares: dict[str, list[float]] = {method: [] for method in METHODS}
    evaluations = dict.fromkeys(METHODS, 0.0)
    while len(shares["bfgs"]) < problems:
        nodes, X, y = random_problem(rng, rows, classes=LOSSES[loss].two_classes)
        tree = _engine.Tree(nodes)
        start = _engine.loss(tree, X, y, [], loss, parameter, np.inf)
        best = min(
            _engine.fit_constants(tree, X, y, loss, parameter, 300, _engine.FitMethod[method])[1]
            for method in METHODS
        )
        if not best < 0.99 * start < np.inf:
            continue  # nothing to win
        for method in METHODS:
            _, reached, node_rows = _engine.fit_constants(
                tree, X, y, loss, parameter, steps, _engine.FitMethod[method]
            )
            evaluations[method] += node_rows / (rows * len(nodes)) / problems
            shares[method].append((start - reached) / (start - best))
    way = {method: np.array(shares[method]) for method in METHODS}
    ahead = way["bfgs"] - way["gauss_newton"]
    return {
        "loss": loss,
        "parameter": parameter,
        "mean_share": {method: float(np.mean(way[method])) for method in METHODS},
        "wins": {"gauss_newton": float(np.mean(ahead < -1e-3)), "bfgs": float(np.mean(ahead > 1e-3))},
        "evaluations": evaluations,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=200, help="for each loss")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 12, 40])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    results = []
    print("| loss | steps | way, Gauss-Newton | way, BFGS | wins | wins | evaluations | evaluations |")
    print("|---|---|---|---|---|---|---|---|")
    for loss in LOSSES:
        for steps in args.steps:
            row = compare(loss, args.problems, args.rows, steps, args.seed) | {"steps": steps}
            results.append(row)
            columns = [
                form.format(row[key][method])  # type: ignore[index]
                for key, form in (("mean_share", "{:.3f}"), ("wins", "{:.0%}"), ("evaluations", "{:.1f}"))
                for method in METHODS
            ]
            print(f"| {loss} | {steps} | {' | '.join(columns)} |", flush=True)
    args.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "problems": args.problems,
        "rows": args.rows,
        "seed": args.seed,
    }
    write_atomic(
        args.out / "constant_fitting.json", json.dumps({**facts, "results": results}, indent=1) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
