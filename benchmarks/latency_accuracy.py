"""Predicted against actual latency: random formulas, the paper's formulas and the front of a demo run.

    python benchmarks/latency_accuracy.py [--demo-run RUN] [--random 60] [--n-jobs 2] [--out DIR]

Every formula is lowered for the standardised jets at ap_fixed<12,6>, <16,6> and <18,8>, its latency is predicted from
the stored delay library alone, and then it is built by the open toolchain for 5 ns: mapped, timed, its stages added
or taken away until the fewest that meet the clock are known, and simulated on at least 1,000 vectors. Results go to
``latency_accuracy.json`` as they come, so that a stopped run goes on where it was; the table is printed in Markdown.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lat_sr import Target, lower, parse
from lat_sr.datasets import load_jets
from lat_sr.errors import LatSrError
from lat_sr.expression import Call, Constant, Expression, Variable, evaluate
from lat_sr.files import write_atomic
from lat_sr.operators import OPERATORS
from lat_sr.toolchains.open.toolchain import OpenToolchain

PRECISIONS = ("ap_fixed<12,6>", "ap_fixed<16,6>", "ap_fixed<18,8>")
PAPER_FORMULAS = Path(__file__).parents[1] / "tests" / "data" / "paper_expressions.csv"
SEED = 2024
FEATURES = 6  # of random formulas

# Frequencies of the operators of a random formula: arithmetic as often as all functions together.
BINARY = {"+": 4, "-": 4, "*": 4, "/": 1, "min": 1, "max": 1}
UNARY = [name for name, operator in OPERATORS.items() if operator.arity == 1]


def random_formula(rng: np.random.Generator, size: int) -> Expression:
    """A tree of exactly ``size`` nodes."""
    if size == 1:
        if rng.random() < 0.75:
            return Variable(f"x{rng.integers(FEATURES)}")
        return Constant(float(np.round(rng.normal(0, 2), 3)))
    if size == 2 or rng.random() < 0.25:
        return Call(str(rng.choice(UNARY)), (random_formula(rng, size - 1),))
    names, weights = list(BINARY), np.array(list(BINARY.values()), dtype=float)
    operator = str(rng.choice(names, p=weights / weights.sum()))
    left = int(rng.integers(1, size - 1))
    return Call(operator, (random_formula(rng, left), random_formula(rng, size - 1 - left)))


def random_formulas(count: int, X: NDArray[np.float64]) -> list[Expression]:
    """``count`` formulas of 3 to 30 nodes, each finite and not constant on every row."""
    rng = np.random.default_rng(SEED)
    names = [f"x{i}" for i in range(FEATURES)]
    formulas: list[Expression] = []
    while len(formulas) < count:
        size = 3 + len(formulas) * 28 // count  # every size from 3 to 30
        formula = random_formula(rng, size)
        if not formula.variables:
            continue
        values = evaluate(formula, X, names)
        if np.isfinite(values).all() and np.ptp(values) > 0 and np.abs(values).max() < 2.0**20:
            formulas.append(formula)
    return formulas


def workload(
    args: argparse.Namespace,
) -> tuple[list[dict[str, str]], dict[str, tuple[list[str], NDArray[np.float64]]]]:
    """The formulas to build, and the data of each set."""
    jets = load_jets()
    X = np.asarray(jets.X, dtype=np.float64)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    short = [
        name.replace("j_", "").replace("_mmdt", "").replace("multiplicity", "mult")
        for name in jets.feature_names
    ]
    data = {
        "random": ([f"x{i}" for i in range(FEATURES)], X[:, -FEATURES:]),
        "paper": (short, X),
        "demo": (list(jets.feature_names), X),
    }
    items = [
        {"set": "random", "expression": str(formula), "precision": precision}
        for precision in PRECISIONS
        for formula in random_formulas(args.random, data["random"][1])
    ]
    with PAPER_FORMULAS.open() as file:
        paper = [row["expression"] for row in csv.DictReader(file)]
    items += [
        {"set": "paper", "expression": formula, "precision": precision}
        for precision in PRECISIONS
        for formula in paper
    ]
    if args.demo_run:
        with (args.demo_run / "front.csv").open() as file:
            front = [row["equation"] for row in csv.DictReader(file)]
        items += [
            {"set": "demo", "expression": formula, "precision": precision}
            for precision in PRECISIONS
            for formula in front
        ]
    return items, data


def measure(
    item: dict[str, str], data: dict[str, tuple[list[str], NDArray[np.float64]]], target: Target
) -> dict[str, object]:
    """Predict and build one formula."""
    names, X = data[item["set"]]
    try:
        datapath = lower(parse(item["expression"], names), item["precision"], input_names=names, X=X)
        report = OpenToolchain().build(datapath, target)
    except LatSrError as error:
        return {**item, "error": f"{type(error).__name__}: {error}"}
    return {
        **item,
        "predicted": report.latency_predicted,
        "actual": report.latency_cycles,
        "lut_predicted": report.lut_predicted,
        "lut": report.lut,
        "dsp_predicted": report.dsp_predicted,
        "dsp": report.dsp,
        "slack_ns": report.slack_ns,
        "vectors": report.vectors,
        "bit_exact": report.bit_exact,
        "stages_tried": report.stages_tried,
        "seconds": report.seconds,
    }


def table(rows: Sequence[dict[str, object]]) -> str:
    """Markdown summary, a line for each set and precision and one for all."""
    groups: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault(f"{row['set']}, {str(row['precision'])[8:]}", []).append(row)
    groups["all"] = list(rows)
    lines = [
        "| formulas | built | equal | within one cycle | meets 5 ns | bit exact | LUT actual / predicted (median) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, group in groups.items():
        built = [row for row in group if "error" not in row]
        off = [abs(int(row["actual"]) - int(row["predicted"])) for row in built]  # type: ignore[call-overload]
        ratio = [float(row["lut"]) / max(float(row["lut_predicted"]), 1.0) for row in built]  # type: ignore[arg-type]
        lines.append(
            f"| {name} | {len(built)}/{len(group)} "
            f"| {np.mean([o == 0 for o in off]):.1%} | {np.mean([o <= 1 for o in off]):.1%} "
            f"| {sum(float(row['slack_ns']) >= 0 for row in built)} "  # type: ignore[arg-type]
            f"| {sum(row['bit_exact'] is True for row in built)} | {np.median(ratio):.2f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Run or continue the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo-run", type=Path, help="run directory of `lat-sr demo`, for its front")
    parser.add_argument("--random", type=int, default=60, help="number of random formulas at each precision")
    parser.add_argument("--n-jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    items, data = workload(args)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "latency_accuracy.json"
    done = {}
    if path.exists():
        done = {(r["set"], r["expression"], r["precision"]): r for r in json.loads(path.read_text())["rows"]}
    keys = [(item["set"], item["expression"], item["precision"]) for item in items]
    waiting = [item for item, key in zip(items, keys, strict=True) if key not in done]
    # In no particular order, so that the rows of a stopped run are a fair sample of all.
    np.random.default_rng(0).shuffle(waiting)  # type: ignore[arg-type]
    machine = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "date": time.strftime("%Y-%m-%d")}
    target = Target()
    with ThreadPoolExecutor(args.n_jobs) as pool:
        for number, row in enumerate(pool.map(lambda item: measure(item, data, target), waiting), 1):
            done[(row["set"], row["expression"], row["precision"])] = row
            rows = [done[key] for key in keys if key in done]
            write_atomic(path, json.dumps({**machine, "target": str(target), "rows": rows}, indent=1) + "\n")
            print(
                f"{number}/{len(waiting)}",
                row.get("predicted"),
                row.get("actual"),
                row.get("error", ""),
                file=sys.stderr,
            )
    print(table([done[key] for key in keys]))
    wrong = Counter(row.get("error") for row in done.values() if "error" in row)
    for message, count in wrong.items():
        print(f"\n{count} not built: {message}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
