"""How many offspring are over a budget of latency, and what loss is reached within it.

    python benchmarks/search/over_budget.py [--seconds 10] [--seeds 6] [--budgets 1 2 4] [--data FILE] [--out DIR]

The top tagger of ``tasks.py`` on one thread, each run for the same processor time. An offspring is over the budget by
the cost model before its loss is computed, or by its circuit when it would enter the archive. The loss is that of the
training rows, by the best formula whose circuit is within the budget. The table is Markdown with medians over the
seeds; ``over_budget.json`` keeps every run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from records import machine
from tasks import MAXSIZE, NAMES, Task, load_task

from lat_sr.files import write_atomic
from lat_sr.search import NativeEngine, Point, SearchProblem


def search(task: Task, budget: int, seconds: float, seed: int) -> dict[str, Any]:
    """One run, and what became of its offspring."""
    started = time.process_time()

    def is_over(elapsed: float, evaluations: int, points: Sequence[Point]) -> bool:
        return time.process_time() - started >= seconds

    problem = SearchProblem(
        X=task.X.astype(np.float32),
        y=task.y,
        cost=task.hardware.cost_model(task.operators, len(NAMES)),
        circuit=task.circuit,
        feature_names=NAMES,
        loss=task.loss,
        operators=task.operators,
        max_latency=budget,
        maxsize=MAXSIZE,
        maxdepth=MAXSIZE,
        seed=seed,
        n_jobs=1,
    )
    result = NativeEngine().search(problem, callback=is_over)
    return {
        "budget": budget,
        "seed": seed,
        "evaluations": result.evaluations,
        "over_budget": result.over_budget / result.proposals,
        "judged": result.judged / result.evaluations,
        "refused": result.refused / result.evaluations,
        "loss": min(point.loss for point in result.points),
    }


def table(runs: Sequence[dict[str, Any]]) -> str:
    """Markdown: medians over the seeds."""
    lines = [
        "| cycles | offspring | over budget by the cost model | circuits asked for | over budget by them | loss |",
        "|---|---|---|---|---|---|",
    ]
    for budget in sorted({run["budget"] for run in runs}):
        median = {
            key: statistics.median(run[key] for run in runs if run["budget"] == budget)
            for key in ("evaluations", "over_budget", "judged", "refused", "loss")
        }
        shares = " | ".join(f"{100 * median[key]:.2f} %" for key in ("over_budget", "judged", "refused"))
        lines.append(f"| {budget} | {median['evaluations']:.0f} | {shares} | {median['loss']:.4f} |")
    return "\n".join(lines)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="processor time of a run")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--budgets", type=int, nargs="+", default=[1, 2, 4], help="clock cycles")
    parser.add_argument("--data", type=Path, help="lhc_jets_pythia8.npz; the shipped subset if not given")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    task = load_task("t", args.data)
    runs = []
    for seed in range(1, args.seeds + 1):
        for budget in args.budgets:
            runs.append(search(task, budget, args.seconds, seed))
            print(runs[-1], file=sys.stderr, flush=True)
    facts = {
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        "processor_seconds": args.seconds,
        "data": "full file" if args.data else "shipped subset",
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / "over_budget.json", json.dumps({**facts, "runs": runs}, indent=1) + "\n")
    print(table(runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
