"""The studies of Tsoi et al., "Symbolic Regression on FPGAs for Fast Machine Learning Inference", on the shipped jets.

    python benchmarks/paper/paper.py [--seconds 50] [--engine native] [--toolchain auto] [--jobs 2] [--out DIR]

Three studies, each of five taggers whose largest score decides (16 features, six of them kept by random-forest
importance, standardised, labels -1 and +1, loss (1 - y*f)**2, no function inside of a function):

- plain: polynomials, and with sin, gauss or log_abs, at most 20, 40 or 80 nodes, without regard to latency;
- tables: their functions as tables and as interpolated tables;
- latency: all functions of the paper's section 3.3, without and with a latency budget at <16,6> and <18,8>. The budget
  is half of the clock cycles that the circuit without one needs.

Accuracy is relative to scikit-learn's MLP 64-32-32 in float64 on the same rows. Circuits of all five outputs are built
for 5 ns and simulated. Finished models and builds are kept in ``models.json``, so that a stopped run goes on where it
was; tables 1-3 and figures 1-5 are written as CSV and PNG.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from figures import write_figures, write_tables
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from lat_sr import LatencyAwareClassifier, Target, lower, parse
from lat_sr.datapath import Datapath
from lat_sr.datasets import load_jets
from lat_sr.errors import LatSrError
from lat_sr.expression import Expression, evaluate
from lat_sr.storage import write_atomic
from lat_sr.toolchains import build_many

FAMILIES = {
    "polynomial": (),
    "trigonometric": ("sin",),
    "exponential": ("gauss",),
    "logarithmic": ("log_abs",),
}
ALL_FUNCTIONS = ("log_abs", "sin", "tan", "cosh", "sinh", "exp")
SIZES = (20, 40, 80)
WIDTHS = (8, 10, 12, 14, 16, 18)  # bits, of which six are integer bits
BUILT_WIDTHS = (12, 16, 18)
LATENCY_PRECISIONS = ("ap_fixed<16,6>", "ap_fixed<18,8>")
KEPT_FEATURES = 6

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """Five taggers to search for."""

    study: str
    name: str
    functions: tuple[str, ...]
    maxsize: int
    precision: str = "ap_fixed<16,6>"
    max_latency: int | None = None

    @property
    def key(self) -> str:
        """Name of its results."""
        return f"{self.study}, {self.name}, {self.maxsize}, {self.precision}"


@dataclass(frozen=True)
class Jets:
    """Standardised rows to train and to test on."""

    names: list[str]
    classes: list[str]
    X: Floats
    y: NDArray[np.int64]
    X_test: Floats
    y_test: NDArray[np.int64]

    @classmethod
    def load(cls) -> Jets:
        """The shipped jets, one fifth of them held out."""
        jets = load_jets()
        X, X_test, y, y_test = train_test_split(
            jets.X, jets.y, test_size=0.2, random_state=42, stratify=jets.y
        )
        scaler = StandardScaler().fit(X)
        names = [str(name) for name in jets.feature_names]
        return cls(
            names,
            [str(c) for c in jets.class_names],
            scaler.transform(X),
            y,
            scaler.transform(X_test),
            y_test,
        )

    def accuracy(self, scores: Floats) -> float:
        """Share of the test rows whose largest score is that of their class."""
        return float(np.mean(scores.argmax(axis=1) == self.y_test))


class Results:
    """What is known so far, in one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.models: dict[str, dict[str, Any]] = {}
        if path.exists():
            self.models = json.loads(path.read_text())["models"]

    def save(self, facts: dict[str, Any]) -> None:
        """Write everything."""
        write_atomic(self.path, json.dumps({**facts, "models": self.models}, indent=1) + "\n")


def search(model: Model, jets: Jets, args: argparse.Namespace) -> dict[str, Any]:
    """Search the five taggers of a model; their formulas, AUC and accuracy in float64."""
    classifier = LatencyAwareClassifier(
        precision=model.precision,
        max_latency=model.max_latency,
        unary_operators=model.functions,
        nested_constraints={outer: dict.fromkeys(model.functions, 0) for outer in model.functions},
        maxsize=model.maxsize,
        maxdepth=model.maxsize,
        select_k_features=KEPT_FEATURES,
        engine=args.engine,
        timeout=args.seconds,
        random_state=args.seed,
    ).fit(jets.X, jets.y)
    table = classifier.equations_
    formulas = [str(equation) for equation in table.equation[table.selected]]
    expressions = [parse(text, list(classifier.input_names_)) for text in formulas]
    inputs = jets.X_test[:, classifier.selected_features_]
    scores = np.column_stack([evaluate(e, inputs, classifier.input_names_) for e in expressions])
    return {
        **asdict(model),
        "features": [int(column) for column in classifier.selected_features_],
        "inputs": list(classifier.input_names_),
        "formulas": formulas,
        "auc": [float(roc_auc_score(jets.y_test == k, scores[:, k])) for k in range(len(jets.classes))],
        "accuracy_float": jets.accuracy(scores),
        "circuits": {},
    }


def lowered(found: dict[str, Any], jets: Jets, precision: str, implementation: str) -> Datapath:
    """The circuit of a model's five outputs."""
    names = found["inputs"]
    expressions: Sequence[Expression] = [parse(text, names) for text in found["formulas"]]
    X = jets.X[:, found["features"]]
    return lower(expressions, precision, input_names=names, X=X, implementations=implementation)


def circuits(models: Sequence[Model]) -> Iterator[tuple[Model, str, str, bool]]:
    """Model, precision, implementation of functions, and whether it is built or only evaluated."""
    for model in models:
        if model.study == "latency":
            yield model, model.precision, "table", True
            continue
        for width in WIDTHS:
            yield model, f"ap_fixed<{width},6>", "table", width in BUILT_WIDTHS
        if model.functions:
            yield model, "ap_fixed<16,6>", "interp", True


def measure(
    wanted: Sequence[tuple[Model, str, str, bool]], jets: Jets, results: Results, args: argparse.Namespace
) -> None:
    """Fixed-point accuracy of circuits, and what those to be built need."""
    pending: list[tuple[dict[str, Any], Datapath]] = []
    for model, precision, implementation, built in wanted:
        found = results.models[model.key]
        key = f"{precision} {implementation}"
        if key in found["circuits"]:
            continue
        try:
            datapath = lowered(found, jets, precision, implementation)
        except LatSrError as error:
            found["circuits"][key] = {"error": str(error)}
            continue
        columns = found["features"]
        accuracy = jets.accuracy(datapath.evaluate(jets.X_test[:, columns]))
        entry = {"precision": precision, "implementation": implementation, "accuracy_fixed": accuracy}
        if built:
            pending.append((found["circuits"].setdefault(key, entry), datapath))
        else:
            found["circuits"][key] = entry
    reports = build_many(
        [datapath for _, datapath in pending], Target(), toolchain=args.toolchain, jobs=args.jobs
    )
    for (entry, _), report in zip(pending, reports, strict=True):
        if isinstance(report, LatSrError):
            entry["error"] = str(report)
            continue
        entry |= {
            "latency_predicted": report.latency_predicted,
            "latency_cycles": report.latency_cycles,
            "meets_clock": report.meets_clock,
            "lut": report.lut,
            "ff": report.ff,
            "dsp": report.dsp,
            "bit_exact": report.bit_exact,
        }


def latency_of(found: dict[str, Any]) -> int:
    """Clock cycles of a model's circuit at the precision it was searched for."""
    return int(found["circuits"][f"{found['precision']} table"]["latency_cycles"])


def main() -> int:
    """Run or continue the studies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=50.0, help="search time of the five taggers of a model"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="builds at a time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="native")
    parser.add_argument("--toolchain", default="auto")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "paper")
    args = parser.parse_args()

    started = time.monotonic()
    jets = Jets.load()
    args.out.mkdir(parents=True, exist_ok=True)
    results = Results(args.out / "models.json")
    network = MLPClassifier((64, 32, 32), early_stopping=True, random_state=args.seed).fit(jets.X, jets.y)
    facts: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "settings": {"seconds": args.seconds, "seed": args.seed, "engine": args.engine},
        "classes": jets.classes,
        "mlp_accuracy": float(network.score(jets.X_test, jets.y_test)),
    }

    def find(models: Sequence[Model]) -> None:
        for model in models:
            if model.key not in results.models:
                results.models[model.key] = search(model, jets, args)
                results.save(facts)
            measure(list(circuits([model])), jets, results, args)
            results.save(facts)
            print(f"{time.monotonic() - started:6.0f} s  {model.key}", file=sys.stderr, flush=True)

    plain = [
        Model("plain", name, functions, size) for name, functions in FAMILIES.items() for size in args.sizes
    ]
    unaware = [
        Model("latency", "plain", ALL_FUNCTIONS, size, precision)
        for size in args.sizes
        for precision in LATENCY_PRECISIONS
    ]
    find(plain)
    find(unaware)
    aware = [
        Model(
            "latency",
            "latency-aware",
            ALL_FUNCTIONS,
            model.maxsize,
            model.precision,
            max(1, latency_of(results.models[model.key]) // 2),
        )
        for model in unaware
    ]
    find(aware)
    write_tables(args.out, facts, results.models)
    write_figures(args.out, facts, results.models, jets)
    print(f"tables and figures are in {args.out} after {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
