"""What the benchmarks of agreement share: random formulas for every precision and kind of table, and kept results."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lat_sr import _engine
from lat_sr.datapath import Datapath, lower
from lat_sr.errors import LatSrError
from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.files import write_atomic
from lat_sr.operators import OPERATORS
from lat_sr.precision import Precision

NAMES = ("x0", "x1", "x2", "x3")
PRECISIONS = (
    "ap_fixed<12,6>",
    "ap_fixed<16,6>",
    "ap_fixed<18,8>",
    "ap_fixed<16,6,AP_RND,AP_SAT>",
    "ap_ufixed<12,4>",
)
IMPLEMENTATIONS = ("table", "interp")

Result = dict[str, Any]


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


@dataclass(frozen=True)
class Case:
    """Formulas and data of one precision and one implementation of tables."""

    precision: Precision
    implementation: str
    X: NDArray[np.float64]
    formulas: list[Expression]

    @classmethod
    def draw(cls, text: str, implementation: str, trees: int, rows: int, seed: int) -> Case:
        """Random formulas of 1 to 20 nodes, and normal data."""
        rng = np.random.default_rng([seed, len(text), len(implementation)])
        precision = Precision.parse(text)
        X = rng.normal(size=(rows, len(NAMES)))
        if not precision.signed:
            X = np.abs(X)
        formulas = [random_expression(rng, int(rng.integers(1, 21))) for _ in range(trees)]
        return cls(precision, implementation, X, formulas)

    def lowered(self, formula: Expression) -> Datapath | None:
        """Python's datapath, or None for a refusal."""
        try:
            return lower(
                formula, self.precision, input_names=NAMES, X=self.X, implementations=self.implementation
            )
        except LatSrError:
            return None


Compare = Callable[[Case], Result]


def _result(compare: Compare, text: str, implementation: str, trees: int, rows: int, seed: int) -> Result:
    facts = {"precision": text, "implementation": implementation, "trees": trees}
    return facts | compare(Case.draw(text, implementation, trees, rows, seed))


def run(compare: Compare, name: str, description: str) -> list[Result]:
    """Compare on every precision and implementation, as the command line asks, and keep the results.

    Parameters
    ----------
    compare : callable
        Gives what is to be known of one case, as JSON can keep it.
    name : str
        Of the file of results.
    description : str
        Of the benchmark.

    Returns
    -------
    list of dict
        What `compare` gave, with the precision, the implementation and the number of formulas.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--trees", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()

    cases = list(itertools.product(PRECISIONS, IMPLEMENTATIONS))
    share = -(-args.trees // len(cases))
    with ProcessPoolExecutor(args.processes) as pool:
        running = [pool.submit(_result, compare, *case, share, args.rows, args.seed) for case in cases]
        results = [result.result() for result in running]
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "numpy": np.__version__,
        "rows": args.rows,
        "seed": args.seed,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / f"{name}.json", json.dumps({**facts, "results": results}, indent=1) + "\n")
    return results
