"""Exact recovery of formulas from the Feynman lectures, against PyOperon.

    python benchmarks/search/feynman.py [--seconds 60] [--formulas 36] [--seeds 1] [--noise 0] [--threads 2] [--out DIR]

1,000 rows of each formula (see `feynman_formulas`), with ``--noise 0.01`` plus 1 % of the target's standard deviation.
Without noise both searches end when their error is down to rounding. A formula counts as recovered where some formula
of the front, when the search is over, is equal to it (see `equivalence`), with constants good to three digits, or two
with noise. The table is Markdown; ``feynman_noise<noise>.json`` keeps every run, and a run that is there is not
done again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyoperon_search
from equivalence import first_recovered
from feynman_formulas import FORMULAS, Floats, samples
from records import Records, versions

from lat_sr import parse
from lat_sr.expression import Expression, evaluate
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import NativeEngine, SearchProblem

MAXSIZE = 30
OPERATORS = ("+", "-", "*", "/", "square", "sqrt", "exp", "sin", "cos")

# A squared error that is rounding in single precision, as a share of the target's variance.
ROUNDING = 1e-11

# For a formula of the front to be compared with the truth: its squared error without noise, as a share of the variance.
# Constants good to two digits are about as close. Of those formulas the closest are compared, each for so many seconds.
NEAR = 1e-4
MOST_COMPARED = 8
SECONDS_TO_COMPARE = 20.0


@dataclass(frozen=True)
class Data:
    """Rows of a formula, and when an error is small enough to end a search."""

    X: Floats
    y: Floats
    names: tuple[str, ...]
    enough: float


# Gives the front and the seconds that it took.
Search = Callable[[Data, float, int, int], tuple[list[str], float]]


def lat_sr_search(data: Data, seconds: float, seed: int, threads: int) -> tuple[list[str], float]:
    """Ours."""
    problem = SearchProblem(
        X=data.X.astype(np.float32),
        y=data.y,
        cost=uniform_cost_model(len(data.names), functions=("sqrt", "exp", "sin", "cos", "inv")),
        feature_names=data.names,
        operators=OPERATORS,
        maxsize=MAXSIZE,
        maxdepth=MAXSIZE,
        value_limit=np.inf,
        timeout=seconds,
        target_loss=data.enough,
        seed=seed,
        n_jobs=threads,
    )
    result = NativeEngine().search(problem)
    if result.stop_reason == "interrupted":
        raise KeyboardInterrupt  # a run that was cut short is none
    return [str(point.expression) for point in result.points], result.seconds


def operon_search(data: Data, seconds: float, seed: int, threads: int) -> tuple[list[str], float]:
    """PyOperon's."""
    found = pyoperon_search.search(
        data.X,
        data.y,
        operators=OPERATORS,
        names=data.names,
        seconds=seconds,
        seed=seed,
        threads=threads,
        maxsize=MAXSIZE,
        # A margin of dominance of 1e-5, its default, would be much for targets of little variance.
        settings={"objectives": ["mse", "length"], "epsilon": 1e-10},
        enough=data.enough,
    )
    taken, front = found.fronts[-1]
    return front, taken


SYSTEMS: dict[str, Search] = {"lat_sr": lat_sr_search, "PyOperon": operon_search}


def near(front: Sequence[str], truth: Expression, data: Data) -> list[str]:
    """The formulas of a front that may be the truth, the closest first."""
    exact = evaluate(truth, data.X, data.names)
    found = []
    for text in front:
        formula = parse(text, data.names)
        with np.errstate(all="ignore"):
            error = np.mean((evaluate(formula, data.X, data.names) - exact) ** 2)
        if error <= NEAR * np.var(exact):
            found.append((error, text))
    return [text for _, text in sorted(found)[:MOST_COMPARED]]


def main() -> int:
    """Run the comparison, or go on with one that was stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--formulas", type=int, default=len(FORMULAS), help="the first so many")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument(
        "--noise", type=float, default=0.0, help="as a share of the target's standard deviation"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    settings = {
        "seconds": args.seconds,
        "noise": args.noise,
        "threads": args.threads,
        "operators": " ".join(OPERATORS),
        "maxsize": MAXSIZE,
        "versions": versions("pyoperon"),
    }
    records = Records(args.out / f"feynman_noise{args.noise:g}.json", settings)
    for formula in FORMULAS[: args.formulas]:
        X, y, names, truth = samples(formula, args.noise)
        data = Data(X, y, names, 0.0 if args.noise else ROUNDING * float(np.var(y)))
        for seed in range(1, args.seeds + 1):
            for system in args.systems:
                key = f"{system}, {formula[0]}, seed {seed}"
                if key in records.results:
                    continue
                front, taken = SYSTEMS[system](data, args.seconds, seed, args.threads)
                compared = near(front, truth, data)
                digits = 2 if args.noise else 3
                found, undecided = first_recovered(compared, str(truth), SECONDS_TO_COMPARE, digits)
                records.add(
                    key,
                    {
                        "recovered": found,
                        "seconds": round(taken, 2),
                        "near": compared,
                        "undecided": undecided,
                    },
                )
                print(key, found, f"{taken:.1f} s", file=sys.stderr, flush=True)
    print("| system | recovered | of | median seconds |\n|---|---|---|---|")
    for system in args.systems:
        runs = [run for key, run in records.results.items() if key.startswith(f"{system}, ")]
        good = [run for run in runs if run["recovered"] is not None]
        median = float(np.median([run["seconds"] for run in runs])) if runs else 0.0
        share = len(good) / max(len(runs), 1)
        print(f"| {system} | {len(good)} ({share:.0%}) | {len(runs)} | {median:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
