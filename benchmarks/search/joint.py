"""Five jet classes as one circuit: a joint search with cross-entropy against five of a fifth of the time each.

    python benchmarks/search/joint.py [--seconds 60] [--seeds 3] [--threads 2] [--budgets 1 2 3] [--no-build]
        [--out DIR]

The shipped jets: 8,000 rows and 6 features to train, operators + - * sin exp, at most 30 nodes for each class, <16,6>,
5 ns. The joint search minimises the cross-entropy of the softmax over the five scores; the separate ones, a class
against the rest, ``(1 - y*s)**2`` or ``log(1 + exp(-y*s))``. Of each front the formulas with the smallest loss are
taken and lowered to one circuit with five outputs. Accuracy is that of the largest score on held-out rows, in floating
point and in the circuit's integers. The circuit is built with the open tools, unless ``--no-build`` leaves its latency
and LUTs predicted. Medians over the seeds are printed in Markdown; everything goes to ``joint.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tasks import FEATURES, ROWS

from lat_sr import LatencyAwareClassifier
from lat_sr.datasets import load_jets
from lat_sr.files import write_atomic
from lat_sr.toolchains import build_many, get_toolchain

# Parameters of the classifier, by the name of the search.
SEARCHES: dict[str, dict[str, str]] = {
    "joint, cross-entropy": {"loss": "cross_entropy"},
    "separate, squared margin": {"loss": "l2_margin", "multi_output": "separate"},
    "separate, logistic": {"loss": "logistic", "multi_output": "separate"},
}
COLUMNS = ("accuracy", "accuracy_fixed", "latency", "lut", "dsp")

Floats = NDArray[np.float64]


def load() -> tuple[Floats, NDArray[Any], Floats, NDArray[Any]]:
    """Rows to train on and to judge by, scaled by the former."""
    jets = load_jets()
    X = jets.X[:, [jets.feature_names.index(name) for name in FEATURES]].astype(np.float64)
    y = np.asarray(jets.class_names)[jets.y]
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train[:ROWS]), y_train[:ROWS], scaler.transform(X_test), y_test


def run(
    parameters: dict[str, str], budget: int, seed: int, args: argparse.Namespace, data: Any
) -> dict[str, Any]:
    """One fit, and its circuit."""
    X, y, X_test, y_test = data
    started = time.perf_counter()
    model = LatencyAwareClassifier(
        **parameters,
        max_latency=budget,
        timeout=args.seconds,
        n_jobs=args.threads,
        random_state=seed,
    ).fit(X, y)
    result: dict[str, Any] = {
        "seed": seed,
        "seconds": time.perf_counter() - started,
        "formulas": [str(formula) for formula in model.sympy()],
        "accuracy": accuracy_score(y_test, model.predict(X_test)),
        "accuracy_fixed": accuracy_score(y_test, model.predict(X_test, "fixed")),
        "latency_predicted": model.circuit_.latency_cycles,
        "lut_predicted": model.circuit_.lut,
        "latency": model.circuit_.latency_cycles,
        "lut": model.circuit_.lut,
        "dsp": model.circuit_.dsp,
    }
    if args.build:
        toolchain = get_toolchain(model.target_.toolchain)
        (report,) = build_many([model.circuit_.datapath], model.target_, toolchain=toolchain)
        if isinstance(report, Exception):
            raise report
        result |= {"latency": report.latency_cycles, "lut": report.lut, "dsp": report.dsp}
        result["meets_clock"] = report.meets_clock
    return result


def main() -> int:
    """Measure and print."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="for all five classes together")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budgets", type=int, nargs="+", default=[1, 2, 3], help="clock cycles")
    parser.add_argument("--no-build", dest="build", action="store_false")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()

    data = load()
    figures = "predicted" if not args.build else "built"
    print(f"| budget | search | accuracy | in the circuit | cycles ({figures}) | LUT ({figures}) | DSP |")
    print("|---|---|---|---|---|---|---|")
    results = []
    for budget in args.budgets:
        for name, parameters in SEARCHES.items():
            runs = [run(parameters, budget, seed, args, data) for seed in range(args.seeds)]
            results.append({"budget": budget, "search": name, "runs": runs})
            medians = [statistics.median(float(one[column]) for one in runs) for column in COLUMNS]
            accuracy, fixed, cycles, lut, dsp = medians
            print(
                f"| {budget} | {name} | {accuracy:.1%} | {fixed:.1%} | {cycles:g} | {lut:g} | {dsp:g} |",
                flush=True,
            )
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "seconds": args.seconds,
        "threads": args.threads,
        "built": args.build,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / "joint.json", json.dumps({**facts, "results": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
