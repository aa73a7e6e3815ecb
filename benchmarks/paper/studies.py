"""What the paper searches for and builds: models of five taggers, their circuits, and the jets they sort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from lat_sr import LatencyAwareClassifier, lower, parse
from lat_sr.datapath import Datapath
from lat_sr.datasets import load_jets
from lat_sr.expression import evaluate
from lat_sr.solution import FrontPoint

FAMILIES: Mapping[str, tuple[str, ...]] = {
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
SELECTION_ROWS = 4000  # of the training rows, on which a formula of a front is chosen

Floats = NDArray[np.float64]
Found = dict[str, Any]


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
        """Name of its results, also of their file."""
        digits = self.precision.removeprefix("ap_fixed<").rstrip(">").replace(",", "_")
        return f"{self.study}-{self.name}-{self.maxsize}-{digits}"


@dataclass(frozen=True)
class Circuit:
    """A model as hardware."""

    model: Model
    precision: str
    implementation: str
    built: bool  # or only evaluated

    @property
    def key(self) -> str:
        """Name within the model's results."""
        return f"{self.precision} {self.implementation}"


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
        return cls(
            [str(name) for name in jets.feature_names],
            [str(name) for name in jets.class_names],
            scaler.transform(X),
            y,
            scaler.transform(X_test),
            y_test,
        )

    def accuracy(self, scores: Floats) -> float:
        """Share of the test rows whose largest score is that of their class."""
        return float(np.mean(scores.argmax(axis=1) == self.y_test))


def plain_models(sizes: Sequence[int]) -> list[Model]:
    """Families of functions, without regard to latency; smaller ones first."""
    return [Model("plain", name, functions, size) for size in sizes for name, functions in FAMILIES.items()]


def unaware_models(sizes: Sequence[int]) -> list[Model]:
    """All functions without a latency budget; smaller ones first."""
    return [
        Model("latency", "plain", ALL_FUNCTIONS, size, precision)
        for size in sizes
        for precision in LATENCY_PRECISIONS
    ]


def aware_model(model: Model, latency_cycles: int) -> Model:
    """The same under half of the clock cycles that the circuit without a budget needs."""
    return Model(
        "latency",
        "latency-aware",
        model.functions,
        model.maxsize,
        model.precision,
        max(1, latency_cycles // 2),
    )


def circuits(model: Model) -> Iterator[Circuit]:
    """The circuits of a model that the figures show."""
    if model.study == "latency":
        yield Circuit(model, model.precision, "table", True)
        return
    for width in WIDTHS:
        yield Circuit(model, f"ap_fixed<{width},6>", "table", width in BUILT_WIDTHS)
    if model.functions:
        yield Circuit(model, model.precision, "interp", True)


def search(
    model: Model, jets: Jets, *, seconds: float, engine: str, seed: int, smaller: Found | None = None
) -> Found:
    """Search the five taggers of a model; their formulas, AUC and accuracy in float64.

    It starts from those of a smaller model with the same functions. Of each front that formula is taken whose circuit
    has the smallest loss on training rows.
    """
    classifier = LatencyAwareClassifier(
        precision=model.precision,
        max_latency=model.max_latency,
        unary_operators=model.functions,
        nested_constraints={outer: dict.fromkeys(model.functions, 0) for outer in model.functions},
        maxsize=model.maxsize,
        maxdepth=model.maxsize,
        select_k_features=KEPT_FEATURES,
        fixed_point="archive" if engine == "native" else "never",
        guesses=None if smaller is None else [[formula] for formula in smaller["formulas"]],
        engine=engine,
        timeout=seconds,
        random_state=seed,
    ).fit(jets.X, jets.y)
    targets = np.where(jets.y[:, None] == np.arange(len(jets.classes)), 1.0, -1.0)
    rows = jets.X[:SELECTION_ROWS, classifier.selected_features_]
    formulas = [
        str(_best_in_fixed_point(front.points, rows, target).expression)
        for front, target in zip(classifier.fronts_, targets[:SELECTION_ROWS].T, strict=True)
    ]
    inputs = jets.X_test[:, classifier.selected_features_]
    names = classifier.input_names_
    scores = np.column_stack([evaluate(parse(text, list(names)), inputs, names) for text in formulas])
    return {
        **asdict(model),
        "features": [int(column) for column in classifier.selected_features_],
        "inputs": list(names),
        "formulas": formulas,
        "auc": [float(roc_auc_score(jets.y_test == k, scores[:, k])) for k in range(len(jets.classes))],
        "accuracy_float": jets.accuracy(scores),
        "circuits": {},
    }


def _best_in_fixed_point(points: Sequence[FrontPoint], X: Floats, y: Floats) -> FrontPoint:
    """The formula whose circuit has the smallest loss: the smallest in float64 may rest on digits that it lacks."""
    return min(points, key=lambda point: np.mean((1 - y * point.circuit.datapath.evaluate(X)[:, 0]) ** 2))


def datapath_of(found: Found, jets: Jets, circuit: Circuit) -> Datapath:
    """A model's five outputs as one circuit."""
    names = found["inputs"]
    return lower(
        [parse(text, names) for text in found["formulas"]],
        circuit.precision,
        input_names=names,
        X=jets.X[:, found["features"]],
        implementations=circuit.implementation,
    )
