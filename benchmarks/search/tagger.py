"""The top tagger against PyOperon and gplearn: loss over time, and loss at a latency.

    python benchmarks/search/tagger.py [--seconds 60] [--seeds 5] [--threads 2] [--data FILE] [--out DIR]

One class of the simulated jets against the rest: 8,000 rows and 6 features to train, operators + - * sin exp, at most
40 nodes, loss (1 - y*f)**2, which is (y - f)**2 for y = -1 or +1. Every system gets the same wall-clock time and
threads, one after the other. Formulas of all systems are scored on the same held-out rows and costed by
`lat_sr.latency` at <16,6>, 5 ns, so that each is judged on its loss at a latency. ``--data`` names the full file
``lhc_jets_pythia8.npz``; without it the shipped subset is taken. The table is printed in Markdown, everything goes to
``tagger.json``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from lat_sr import Target, parse
from lat_sr.datasets import load_jets
from lat_sr.errors import LatSrError
from lat_sr.estimators.hardware import Hardware
from lat_sr.expression import Expression, Variable, evaluate
from lat_sr.search import NativeEngine, Point, SearchProblem
from lat_sr.storage import write_atomic

FEATURES = (
    "j_c1_b2_mmdt",
    "j_c1_b1_mmdt",
    "j_mass_mmdt",
    "j_multiplicity",
    "j_m2_b2_mmdt",
    "j_d2_a1_b2_mmdt",
)
NAMES = tuple(f"x{i}" for i in range(len(FEATURES)))
OPERATORS = ("+", "-", "*", "sin", "exp")
MAXSIZE = 40
ROWS = 8000
BUDGETS = (1, 2, 3, 4, 6)
# Corner of the hypervolume: the loss of the formula 0, and more cycles than any budget here.
WORST_LOSS, WORST_CYCLES = 1.0, 10

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """Rows to train on and to judge by, and how to cost a formula."""

    X: Floats
    y: Floats
    X_test: Floats
    y_test: Floats
    hardware: Hardware

    @classmethod
    def load(cls, path: Path | None, top: str = "t") -> Task:
        """The split of the comparison: a fifth held out, scaled by the rest, of which the first rows train."""
        if path is None:
            jets = load_jets()
            X, labels, names, classes = jets.X, jets.y, list(jets.feature_names), list(jets.class_names)
        else:
            with np.load(path) as archive:
                X, labels = archive["X"], archive["y"]
                names, classes = list(archive["feature_names"]), list(archive["class_names"])
        X = np.asarray(X, dtype=np.float64)[:, [names.index(name) for name in FEATURES]]
        y = np.where(labels == classes.index(top), 1.0, -1.0)
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, test_size=0.2, random_state=42, stratify=labels
        )
        scaler = StandardScaler().fit(X_train)
        hardware = Hardware.resolve(
            precision="ap_fixed<16,6>",
            part=Target().part,
            clock_period=5.0,
            clock_uncertainty=0.0,
            timing_derate=1.0,
            toolchain="auto",
            profile=None,
            latency_model="scheduled",
            implementations="table",
            operators=OPERATORS,
        )
        return cls(
            scaler.transform(X_train[:ROWS]), y_train[:ROWS], scaler.transform(X_test), y_test, hardware
        )

    def held_out_loss(self, formula: Expression) -> float:
        """Mean loss on the held-out rows."""
        with np.errstate(all="ignore"):
            loss = float(np.mean((self.y_test - evaluate(formula, self.X_test, NAMES)) ** 2))
        return loss if np.isfinite(loss) else float("inf")

    def latency(self, formula: Expression) -> int | None:
        """Clock cycles of its circuit, None where it cannot be put into fixed point."""
        try:
            circuit = self.hardware.circuit([formula], NAMES, self.X)
        except LatSrError:
            return None
        return circuit.latency_cycles if circuit.delay_ps <= Target().available_ps else None


@dataclass
class Run:
    """What one system found with one seed: its front, and its best formula over time."""

    formulas: list[str]
    curve: list[tuple[float, str]]
    facts: dict[str, Any]


def lat_sr_run(task: Task, seconds: float, seed: int, threads: int, max_latency: int | None = None) -> Run:
    """Our native engine."""
    curve: list[tuple[float, str]] = []

    def watch(elapsed: float, evaluations: int, points: Sequence[Point]) -> None:
        best = min(points, key=lambda point: point.loss, default=None)
        if best is not None and (not curve or str(best.expression) != curve[-1][1]):
            curve.append((elapsed, str(best.expression)))

    problem = SearchProblem(
        X=task.X.astype(np.float32),
        y=task.y,
        cost=task.hardware.cost_model(OPERATORS, len(NAMES)),
        circuit=task.hardware.circuit_model(task.X),
        feature_names=NAMES,
        loss="l2_margin",
        operators=OPERATORS,
        max_latency=max_latency,
        maxsize=MAXSIZE,
        maxdepth=MAXSIZE,
        timeout=seconds,
        seed=seed,
        threads=threads,
    )
    result = NativeEngine().search(problem, callback=watch)
    best = min(result.points, key=lambda point: point.loss)
    curve.append((result.seconds, str(best.expression)))
    facts = {
        "seconds": result.seconds,
        "evaluations": result.evaluations,
        "node_rows_per_second": result.node_rows / result.seconds,
    }
    return Run([str(point.expression) for point in result.points], curve, facts)


def lat_sr_with_budget(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """Our native engine within the largest of the budgets."""
    return lat_sr_run(task, seconds, seed, threads, max_latency=max(BUDGETS))


def pyoperon_run(
    task: Task, seconds: float, seed: int, threads: int, objectives: Sequence[str] = ("r2", "length")
) -> Run:
    """PyOperon with Levenberg-Marquardt and two objectives, which give a front.

    Of the settings tried (squared error or R2, populations of 500 to 2,000, 3 to 10 steps of constants, dominance with
    and without a margin) these were the best.
    """
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(
        allowed_symbols="add,sub,mul,sin,exp,constant,variable",
        objectives=list(objectives),
        optimizer_iterations=5,
        max_length=MAXSIZE - 4,  # it adds a scale and an intercept
        max_depth=MAXSIZE,
        population_size=1000,
        generations=10**9,
        max_evaluations=10**9,
        max_time=int(seconds),
        n_threads=threads,
        epsilon=1e-5,
        random_state=seed,
    )
    started = time.monotonic()
    model.fit(task.X, task.y)
    taken = time.monotonic() - started
    # Its variables are X1, X2, ...
    ours = {f"X{i + 1}": Variable(name) for i, name in enumerate(NAMES)}
    formulas = [
        str(parse(entry["model"], list(ours)).substitute(ours))
        for entry in sorted(model.pareto_front_, key=lambda entry: entry["mean_squared_error"])
    ]
    return Run(formulas, [(taken, formulas[0])], {"seconds": taken, **model.stats_})


def pyoperon_loss_run(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """PyOperon with the loss as its only objective: one formula."""
    return pyoperon_run(task, seconds, seed, threads, objectives=("mse",))


def gplearn_run(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """gplearn, generation after generation until the time is over."""
    from gplearn.functions import make_function
    from gplearn.genetic import SymbolicRegressor

    def exponential(x: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.exp(np.minimum(x, 50.0))

    exp = make_function(function=exponential, name="exp", arity=1)
    model = SymbolicRegressor(
        population_size=1000,
        function_set=("add", "sub", "mul", "sin", exp),
        metric="mse",
        parsimony_coefficient=1e-4,
        n_jobs=threads,
        random_state=seed,
        warm_start=True,
        generations=1,
    )
    started = time.monotonic()
    best: dict[int, tuple[float, str]] = {}
    while time.monotonic() - started < seconds:
        model.fit(task.X, task.y)
        for program in model._programs[-1]:
            size = len(program.program)
            if size <= MAXSIZE and program.raw_fitness_ < best.get(size, (np.inf, ""))[0]:
                best[size] = (program.raw_fitness_, str(program))
        model.set_params(generations=model.generations + 1)
    taken = time.monotonic() - started
    ordered = [text for _, text in sorted(best.values())]
    formulas = [str(_from_gplearn(text)) for text in ordered]
    return Run(formulas, [(taken, formulas[0])], {"seconds": taken, "generations": model.generations - 1})


def _from_gplearn(text: str) -> Expression:
    infix = {"add": "+", "sub": "-", "mul": "*"}
    position = 0

    def read() -> str:
        nonlocal position
        start = position
        while position < len(text) and text[position] not in "(),":
            position += 1
        name = text[start:position].strip()
        if position == len(text) or text[position] != "(":
            return name.replace("X", "x")
        operands = []
        while text[position] in "(,":
            position += 1
            operands.append(read())
        position += 1
        if name in infix:
            return f"({operands[0]} {infix[name]} {operands[1]})"
        return f"{name}({operands[0]})"

    return parse(read(), NAMES)


SYSTEMS: dict[str, Callable[[Task, float, int, int], Run]] = {
    "lat_sr": lat_sr_run,
    "lat_sr, at most 6 cycles": lat_sr_with_budget,
    "PyOperon": pyoperon_run,
    "PyOperon, loss only": pyoperon_loss_run,
    "gplearn": gplearn_run,
}


def judged(run: Run, task: Task) -> dict[str, Any]:
    """Held-out loss, loss at each budget, hypervolume, and the curve of held-out losses."""
    rows = []
    for text in dict.fromkeys([*run.formulas, run.curve[-1][1]]):
        formula = parse(text, NAMES)
        rows.append({"formula": text, "loss": task.held_out_loss(formula), "latency": task.latency(formula)})
    at_most = {
        cycles: min((r["loss"] for r in rows if r["latency"] and r["latency"] <= cycles), default=None)
        for cycles in range(1, WORST_CYCLES)
    }
    volume = sum(max(0.0, WORST_LOSS - loss) for loss in at_most.values() if loss is not None)
    curve: list[tuple[float, float]] = []
    for seconds, text in run.curve:
        loss = task.held_out_loss(parse(text, NAMES))
        if not curve or loss < curve[-1][1]:
            curve.append((seconds, loss))
    return {
        "facts": run.facts,
        "loss": min(row["loss"] for row in rows),
        "loss_at": {str(cycles): at_most[cycles] for cycles in BUDGETS},
        "hypervolume": volume,
        "curve": curve,
        "front": rows,
    }


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) * 2 > len(values) else None


def _loss_after(result: dict[str, Any], seconds: float) -> float | None:
    losses = [loss for at, loss in result["curve"] if at <= seconds + 0.3]
    return losses[-1] if losses else None


def _time_to(result: dict[str, Any], loss: float) -> float | None:
    return next((at for at, reached in result["curve"] if reached <= loss), None)


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown: medians over the seeds."""
    peers = [
        loss
        for name, by_seed in results.items()
        if not name.startswith("lat_sr")
        and (loss := _median([run["loss"] for run in by_seed.values()])) is not None
    ]
    best_peer = min(peers, default=-math.inf)
    head = [
        "system",
        "loss",
        "after 10 s",
        "seconds to the best peer's loss",
        *(f"≤ {cycles} cycles" for cycles in BUDGETS),
        "hypervolume",
    ]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, by_seed in results.items():
        runs = list(by_seed.values())
        cells = [
            _median([run["loss"] for run in runs]),
            _median([_loss_after(run, 10.0) for run in runs]),
            _median([_time_to(run, best_peer) for run in runs]),
            *(_median([run["loss_at"][str(cycles)] for run in runs]) for cycles in BUDGETS),
            _median([run["hypervolume"] for run in runs]),
        ]
        lines.append(
            f"| {name} | " + " | ".join("–" if cell is None else f"{cell:.4f}" for cell in cells) + " |"
        )
    return "\n".join(lines)


def main() -> int:
    """Run the comparison, or go on with one that was stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--data", type=Path, help="lhc_jets_pythia8.npz; the shipped subset if not given")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    task = Task.load(args.data)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"tagger_{args.seconds:g}s.json"
    results: dict[str, dict[str, Any]] = json.loads(path.read_text())["results"] if path.exists() else {}
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "seconds": args.seconds,
        "threads": args.threads,
        "data": "full file" if args.data else "shipped subset",
    }
    # Seed by seed, so that all systems see the same state of the machine.
    for seed in range(1, args.seeds + 1):
        for name in args.systems:
            if str(seed) in results.get(name, {}):
                continue
            run = SYSTEMS[name](task, args.seconds, seed, args.threads)
            results.setdefault(name, {})[str(seed)] = judged(run, task)
            write_atomic(path, json.dumps({**facts, "results": results}, indent=1) + "\n")
            print(seed, name, round(results[name][str(seed)]["loss"], 4), file=sys.stderr, flush=True)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
