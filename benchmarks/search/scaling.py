"""How time and memory grow with rows, features, threads and the size of formulas.

    python benchmarks/search/scaling.py [--rows 1000 10000 100000 1000000] [--minutes 10] [--out DIR]

Four tables, printed as Markdown and kept in ``scaling.json``: microseconds for a candidate of 20 to 40 nodes and
nanoseconds for each of its rows, single precision, on one thread and on all; candidates a second of searches that
differ from the first one in one setting each; the most memory that a process searching the largest table ever had,
Python and data included, without circuits and judged by them; and with ``--minutes`` how much such a process has from
minute to minute.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from evaluation_speed import NAMES, SETS, random_tree, rate

from lat_sr import _engine
from lat_sr.costs import load_library
from lat_sr.expression.postfix import tree_of
from lat_sr.files import write_atomic
from lat_sr.latency import compile_cost_model
from lat_sr.latency.circuit_model import CircuitModel
from lat_sr.precision import Precision
from lat_sr.search import NativeEngine, Point, SearchProblem
from lat_sr.target import Target

TREES = 64
PERIOD = 10.0  # seconds between two looks at the memory
PRECISION = Precision.parse("ap_fixed<16,6>")
OPERATORS = SETS["+ - * sin exp"]


@dataclass(frozen=True)
class Setting:
    """A search to be measured."""

    rows: int = 10_000
    features: int = 16
    threads: int = os.cpu_count() or 1
    maxsize: int = 30
    populations: int = 8
    circuit: bool = False
    seconds: float = 5.0


def problem_of(setting: Setting) -> SearchProblem:
    """Normal data with a target that two features decide."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((setting.rows, setting.features), dtype=np.float32)
    target, library = Target(), load_library()
    circuit = None
    if setting.circuit:
        circuit = CircuitModel(
            precision=PRECISION, library=library, available_ps=target.available_ps, X=X.astype(np.float64)
        )
    return SearchProblem(
        X=X,
        y=np.sin(X[:, 0]) * X[:, 1] + 0.1 * rng.standard_normal(setting.rows, dtype=np.float32),
        cost=compile_cost_model(PRECISION, target, library, OPERATORS, setting.features),
        circuit=circuit,
        fixed_point="archive" if circuit else "never",
        operators=OPERATORS,
        maxsize=setting.maxsize,
        n_jobs=setting.threads,
        timeout=setting.seconds,
    )


def resident_mib() -> float:
    """Memory of this process, from /proc."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def searched(setting: Setting) -> dict[str, Any]:
    """What a search did, and the memory that this process had."""
    memory: list[float] = []

    def look(seconds: float, _evaluations: int, _front: tuple[Point, ...]) -> bool:
        if seconds >= PERIOD * (len(memory) + 1):
            memory.append(resident_mib())
        return False

    result = NativeEngine(populations=setting.populations).search(problem_of(setting), callback=look)
    return {
        **asdict(setting),
        "evaluations_per_second": result.evaluations / result.seconds,
        "node_rows_per_second": result.node_rows / result.seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "mib_every_ten_seconds": memory,
    }


def searched_alone(setting: Setting) -> dict[str, Any]:
    """`searched` by a fresh interpreter, whose memory is that of the search."""
    command = [sys.executable, __file__, "--search", json.dumps(asdict(setting))]
    limit = 5 * setting.seconds + 120
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured_candidates(rows: list[int], threads: int) -> list[dict[str, float]]:
    """Seconds for a candidate on tables of so many rows."""
    rng = np.random.default_rng(1)
    formulas = []
    while len(formulas) < TREES:
        formula = random_tree(rng, int(rng.integers(20, 41)), OPERATORS)
        if formula.variables:
            formulas.append(formula)
    trees = [tree_of(formula, NAMES) for formula in formulas]
    results = []
    print(f"| rows | candidate [µs] | row of a candidate [ns] | candidate on {threads} threads [µs] |")
    print("|---|---|---|---|")
    for count in rows:
        X = rng.uniform(-1, 1, (count, len(NAMES))).astype(np.float32)
        scorer = _engine.ScorerFloat(X, X[:, 0].copy(), "l2", 1.0, np.inf)
        one, all_ = (
            1.0 / rate(lambda n=n: scorer.losses(trees, n), TREES, 1.0)  # type: ignore[misc] # noqa: B023
            for n in (1, threads)
        )
        results.append({"rows": count, "seconds_per_candidate": one, "seconds_on_all_threads": all_})
        print(f"| {count} | {one * 1e6:.1f} | {one / count * 1e9:.2f} | {all_ * 1e6:.1f} |")
    return results


def measured_searches(seconds: float, threads: int) -> list[dict[str, Any]]:
    """Searches that differ from the first one in one setting each."""
    first: dict[str, Any] = {"seconds": seconds, "threads": threads}
    changes: list[dict[str, Any]] = [
        {},
        {"rows": 1000},
        {"rows": 100_000},
        {"features": 4},
        {"features": 64},
        {"maxsize": 10},
        {"maxsize": 60},
        {"threads": 1},
        {"populations": 1},
        {"circuit": True},
    ]
    results = []
    print("\n| rows | features | maxsize | populations | threads | circuits | candidates/s | 1e9 nodes/s |")
    print("|---|---|---|---|---|---|---|---|")
    for change in changes:
        found = searched_alone(Setting(**first | change))
        results.append(found)
        print(
            f"| {found['rows']} | {found['features']} | {found['maxsize']} | {found['populations']} "
            f"| {found['threads']} | {'yes' if found['circuit'] else 'no'} "
            f"| {found['evaluations_per_second']:.0f} | {found['node_rows_per_second'] / 1e9:.2f} |"
        )
    return results


def measured_memory(rows: int, features: int, seconds: float, threads: int) -> list[dict[str, Any]]:
    """The most memory of searches on one table."""
    results = []
    print("\n| rows | features | circuits | most memory [MiB] |")
    print("|---|---|---|---|")
    for circuit in (False, True):
        found = searched_alone(
            Setting(rows=rows, features=features, seconds=seconds, threads=threads, circuit=circuit)
        )
        results.append(found)
        print(f"| {rows} | {features} | {'yes' if circuit else 'no'} | {found['peak_mib']:.0f} |")
    return results


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--features", type=int, default=16)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each search")
    parser.add_argument("--minutes", type=float, default=0.0, help="of the search whose memory is watched")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    parser.add_argument("--search", help=argparse.SUPPRESS)  # one setting as JSON, for `searched_alone`
    args = parser.parse_args()
    if args.search is not None:
        print(json.dumps(searched(Setting(**json.loads(args.search)))))
        return 0
    facts: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}",
        "date": time.strftime("%Y-%m-%d"),
        "candidates": measured_candidates(args.rows, args.threads),
        "searches": measured_searches(args.seconds, args.threads),
        "memory": measured_memory(max(args.rows), args.features, args.seconds, args.threads),
    }
    if args.minutes > 0:
        setting = Setting(
            features=args.features, threads=args.threads, circuit=True, seconds=60 * args.minutes
        )
        watched = searched_alone(setting)
        facts["watched"] = watched
        print(f"\n| minute | memory [MiB], {setting.rows} rows, judged by circuits |\n|---|---|")
        looks = watched["mib_every_ten_seconds"]
        each = int(60 / PERIOD)
        for minute, mib in enumerate(looks[each - 1 :: each], start=1):
            print(f"| {minute} | {mib:.0f} |")
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / "scaling.json", json.dumps(facts, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
