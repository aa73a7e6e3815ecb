"""Whether the search charges formulas what `lat_sr.latency` predicts for them, and how long it takes to know.

    python benchmarks/search/cost_agreement.py [--trees 100000] [--rows 300] [--processes 2] [--out DIR]

Random formulas over all operators of the core, as in ``lowering_agreement.py``. Each is costed by the judge that the
search engine asks (`lat_sr.search.CircuitModel`), and by `lat_sr.lower` with `lat_sr.latency.estimate_datapath`. Equal
means the same cycles, picoseconds, LUT and DSP, or that both find no circuit that meets the clock. The table is
Markdown; ``cost_agreement.json`` keeps it, with every formula that differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from lowering_agreement import IMPLEMENTATIONS, NAMES, PRECISIONS, lowered, random_expression
from numpy.typing import NDArray

from lat_sr import Target, _engine
from lat_sr.expression import Expression
from lat_sr.latency import estimate_datapath
from lat_sr.precision import Precision
from lat_sr.profiles import load_library
from lat_sr.search import CircuitModel
from lat_sr.storage import write_atomic

Costs = tuple[int, float, float, float]


def predicted(
    formula: Expression, precision: Precision, X: NDArray[Any], implementation: str
) -> Costs | None:
    """What the latency model says; None where no circuit meets the clock."""
    datapath = lowered(formula, precision, X=X, implementations=implementation)
    if datapath is None:
        return None
    estimate = estimate_datapath(datapath, Target(), load_library())
    if not estimate.meets_clock:
        return None
    return estimate.latency_cycles, estimate.delay_ps, float(estimate.lut), float(estimate.dsp)


def compare(text: str, implementation: str, trees: int, rows: int, seed: int) -> dict[str, Any]:
    """Agreement and times of one precision and implementation."""
    rng = np.random.default_rng([seed, len(text), len(implementation)])
    precision = Precision.parse(text)
    X = rng.normal(size=(rows, len(NAMES)))
    if not precision.signed:
        X = np.abs(X)
    formulas = [random_expression(rng, int(rng.integers(1, 21))) for _ in range(trees)]
    model = CircuitModel(
        precision=precision,
        library=load_library(),
        available_ps=Target().available_ps,
        X=X,
        implementations=implementation,
    )
    started = time.process_time()
    costs = model.costs(formulas, NAMES)
    core_seconds = time.process_time() - started
    differing = []
    circuits = 0
    for formula, cost in zip(formulas, costs, strict=True):
        found = None if cost is None else (cost.latency_cycles, cost.delay_ps, cost.lut, cost.dsp)
        expected = predicted(formula, precision, X, implementation)
        circuits += expected is not None
        if found != expected:
            differing.append({"formula": str(formula), "search": found, "latency model": expected})
    return {
        "precision": text,
        "implementation": implementation,
        "trees": trees,
        "circuits": circuits,
        "equal": trees - len(differing),
        "differing": differing,
        "core_us": core_seconds / trees * 1e6,
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
    print("| precision | tables | formulas | with a circuit | equal | core [us] |\n|---|---|---|---|---|---|")
    for row in results:
        print(
            f"| {row['precision']} | {row['implementation']} | {row['trees']} | {row['circuits']} "
            f"| {row['equal']} | {row['core_us']:.0f} |"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "numpy": np.__version__,
        "rows": args.rows,
        "seed": args.seed,
    }
    write_atomic(args.out / "cost_agreement.json", json.dumps({**facts, "results": results}, indent=1) + "\n")
    return 0 if all(row["equal"] == row["trees"] for row in results) else 1


if __name__ == "__main__":
    sys.exit(main())
