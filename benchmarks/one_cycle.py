"""The paper's claim: formulas that take one clock cycle against a 64-32-32 MLP, five classes, held-out jets.

    python benchmarks/one_cycle.py [--seconds 300] [--max-latency 1] [--seed 1] [--out DIR]

Trains scikit-learn's MLPClassifier(64, 32, 32) in float64 and a LatencyAwareClassifier under the budget on the same
80 % of the shipped jets (standardised on them), compares the accuracies on the other 20 % in float and in fixed
point, builds the five-output circuit, and prints a Markdown row. The result goes to ``results/one_cycle_1.json``.
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
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from lat_sr import LatencyAwareClassifier, Target
from lat_sr.datasets import load_jets
from lat_sr.files import write_atomic
from lat_sr.toolchains.open.toolchain import OpenToolchain

UNARY = ("sin", "exp", "tanh", "gauss", "abs", "square")


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="search time, all five classes together")
    parser.add_argument("--max-latency", type=int, default=1, help="clock cycles at 5 ns")
    parser.add_argument(
        "--margin",
        type=float,
        default=0.4,
        help="nanoseconds that the search leaves free, for the prediction's error",
    )
    parser.add_argument("--precision", default="ap_fixed<16,6>")
    parser.add_argument("--maxsize", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()

    jets = load_jets()
    X, X_test, y, y_test = train_test_split(jets.X, jets.y, test_size=0.2, random_state=42, stratify=jets.y)
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)

    network = MLPClassifier((64, 32, 32), early_stopping=True, random_state=args.seed).fit(X, y)
    reference = network.score(X_test, y_test)

    model = LatencyAwareClassifier(
        precision=args.precision,
        max_latency=args.max_latency,
        clock_uncertainty=args.margin,
        unary_operators=UNARY,
        maxsize=args.maxsize,
        timeout=args.seconds,
        max_evaluations=None,
        random_state=args.seed,
    ).fit(X, y)
    report = OpenToolchain().build(model.circuit_.datapath, Target(), vectors=X_test[:1000])
    accuracies = {
        arithmetic: float(np.mean(model.predict(X_test, arithmetic=arithmetic) == y_test))
        for arithmetic in ("float", "fixed")
    }
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "settings": {**vars(args), "out": None, "operators": UNARY},
        "mlp_accuracy": float(reference),
        "accuracy": accuracies,
        "relative_accuracy": {name: value / reference for name, value in accuracies.items()},
        "latency_predicted": model.latency_,
        "latency_actual": report.latency_cycles,
        "slack_ns": report.slack_ns,
        "lut": report.lut,
        "ff": report.ff,
        "dsp": report.dsp,
        "vectors": report.vectors,
        "bit_exact": report.bit_exact,
        "equations": [
            {"class": row.output, "equation": row.equation}
            for row in model.equations_.itertuples()
            if row.selected
        ],
    }
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomic(args.out / f"one_cycle_{args.max_latency}.json", json.dumps(result, indent=1) + "\n")
    print(
        "| budget | latency predicted / actual | MLP | formulas, float | fixed | relative (fixed) | LUT | DSP | bits |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    print(
        f"| {args.max_latency} | {model.latency_} / {report.latency_cycles} | {reference:.4f} "
        f"| {accuracies['float']:.4f} | {accuracies['fixed']:.4f} | {accuracies['fixed'] / reference:.1%} "
        f"| {report.lut} | {report.dsp} | {report.bit_exact} |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
