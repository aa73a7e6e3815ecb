"""How time and memory grow with rows, and what a search on a million rows needs.

    python benchmarks/search/scaling.py [--rows 1000 10000 100000 1000000] [--features 16] [--out DIR]

Microseconds for a candidate of 20 to 40 nodes and nanoseconds for each of its rows, one thread, single precision; then
a search of some seconds on the largest table in a process of its own, and the most memory that process ever had,
Python and data included. The table is Markdown; ``scaling.json`` keeps it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from evaluation_speed import NAMES, SETS, random_tree, rate

from lat_sr import _engine
from lat_sr.expression.postfix import tree_of
from lat_sr.storage import write_atomic

TREES = 64

# Run by a fresh interpreter; prints the peak resident memory in MiB and the evaluations.
_SEARCH = """
import resource, sys
import numpy as np
from lat_sr.search import NativeEngine, SearchProblem, uniform_cost_model
rows, features, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
rng = np.random.default_rng(0)
X = rng.standard_normal((rows, features), dtype=np.float32)
problem = SearchProblem(
    X=X, y=np.sin(X[:, 0]) * X[:, 1], cost=uniform_cost_model(features, functions=("sin", "exp")),
    operators=("+", "-", "*", "sin", "exp"), timeout=seconds,
)
result = NativeEngine().search(problem)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result.evaluations)
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--features", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the search on the largest table")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    operators = SETS["+ - * sin exp"]
    formulas = []
    while len(formulas) < TREES:
        formula = random_tree(rng, int(rng.integers(20, 41)), operators)
        if formula.variables:
            formulas.append(formula)
    trees = [tree_of(formula, NAMES) for formula in formulas]
    results = []
    print("| rows | candidate [µs] | row of a candidate [ns] |")
    print("|---|---|---|")
    for rows in args.rows:
        X = rng.uniform(-1, 1, (rows, len(NAMES))).astype(np.float32)
        scorer = _engine.ScorerFloat(X, X[:, 0].copy(), "l2", 1.0, np.inf)
        seconds = 1.0 / rate(lambda: scorer.losses(trees, 1), TREES, 1.0)  # noqa: B023 - called at once
        results.append({"rows": rows, "seconds_per_candidate": seconds})
        print(f"| {rows} | {seconds * 1e6:.1f} | {seconds / rows * 1e9:.2f} |")
    largest = max(args.rows)
    command = [sys.executable, "-c", _SEARCH, str(largest), str(args.features), str(args.seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20 * args.seconds + 60)
    memory, evaluations = (float(text) for text in done.stdout.split())
    print(
        f"\n{largest} rows x {args.features} features, {args.seconds:g} s of search: {memory:.0f} MiB at most, "
        f"{evaluations:.0f} evaluations."
    )
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "results": results,
        "search": {
            "rows": largest,
            "features": args.features,
            "peak_mib": memory,
            "evaluations": evaluations,
        },
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / "scaling.json", json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
