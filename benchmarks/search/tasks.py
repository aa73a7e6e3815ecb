"""The tasks of the comparison of searches: five taggers of simulated jets, and the mass of two muons.

All have six inputs x0 to x5, 8,000 rows to train on, the squared error as their loss, and 1.0 as the loss of a formula
that says nothing: targets are -1 and +1, or have a standard deviation of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from lat_sr import Target
from lat_sr.datasets import load_jets, make_dimuon
from lat_sr.expression import Expression, evaluate
from lat_sr.hardware import Hardware
from lat_sr.latency.circuit_model import CircuitModel

Floats = NDArray[np.float64]

FEATURES = (
    "j_c1_b2_mmdt",
    "j_c1_b1_mmdt",
    "j_mass_mmdt",
    "j_multiplicity",
    "j_m2_b2_mmdt",
    "j_d2_a1_b2_mmdt",
)
NAMES = tuple(f"x{i}" for i in range(6))
PRECISION = "ap_fixed<16,6>"
MAXSIZE = 40
ROWS = 8000
TASKS = ("t", "g", "q", "w", "z", "dimuon")


@dataclass(frozen=True)
class Task:
    """Rows to train on and to judge by, and the operators of the formulas.

    Parameters
    ----------
    name : str
    loss : str
        The squared error, as the losses of `lat_sr` call it for this target.
    operators : tuple of str
    X, X_test : ndarray, shape (n_samples, 6)
    y, y_test : ndarray, shape (n_samples,)
    """

    name: str
    loss: str
    operators: tuple[str, ...]
    X: Floats
    y: Floats
    X_test: Floats
    y_test: Floats

    @cached_property
    def hardware(self) -> Hardware:
        """What circuits are made for: 5 ns, no margins."""
        return Hardware.resolve(
            precision=PRECISION,
            part=Target().part,
            clock_period=5.0,
            clock_uncertainty=0.0,
            timing_derate=1.0,
            toolchain="open",
            profile=None,
            latency_model="scheduled",
            implementations="table",
            operators=self.operators,
        )

    @cached_property
    def circuit(self) -> CircuitModel:
        """What knows the latency of a formula, as `lat_sr.latency` does."""
        circuit = self.hardware.circuit_model(self.X)
        assert circuit is not None  # the latency model is the scheduled one
        return circuit

    def training_loss(self, formula: Expression) -> float:
        """Mean squared error on the rows that the searches see; infinite where a value is not finite."""
        return _squared_error(formula, self.X, self.y)

    def held_out_loss(self, formula: Expression) -> float:
        """Mean squared error on rows that no search has seen."""
        return _squared_error(formula, self.X_test, self.y_test)


def load_task(name: str, jets: Path | None = None) -> Task:
    """One of `TASKS`; taggers take the jets of this file, or the shipped ones."""
    return _dimuon() if name == "dimuon" else _tagger(name, jets)


def _tagger(name: str, path: Path | None) -> Task:
    """One class against the rest: a fifth held out, scaled by the others, of which the first rows train."""
    if path is None:
        jets = load_jets()
        X, labels, names, classes = jets.X, jets.y, list(jets.feature_names), list(jets.class_names)
    else:
        with np.load(path) as archive:
            X, labels = archive["X"], archive["y"]
            names, classes = list(archive["feature_names"]), list(archive["class_names"])
    X = np.asarray(X, dtype=np.float64)[:, [names.index(feature) for feature in FEATURES]]
    y = np.where(labels == classes.index(name), 1.0, -1.0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=labels)
    scaler = StandardScaler().fit(X_train)
    return Task(
        name,
        "l2_margin",
        ("+", "-", "*", "sin", "exp"),
        scaler.transform(X_train[:ROWS]),
        y_train[:ROWS],
        scaler.transform(X_test),
        y_test,
    )


def _dimuon() -> Task:
    """The mass in units of its standard deviation; momenta in 10 GeV, so that they lie within the precision."""
    data = make_dimuon(2 * ROWS)
    X = data.X * [0.1, 1.0, 1.0, 0.1, 1.0, 1.0]
    y = data.y / data.y[:ROWS].std()
    return Task(
        "dimuon", "l2", ("+", "-", "*", "sqrt", "cos", "cosh"), X[:ROWS], y[:ROWS], X[ROWS:], y[ROWS:]
    )


def _squared_error(formula: Expression, X: Floats, y: Floats) -> float:
    with np.errstate(all="ignore"):
        error = float(np.mean((y - evaluate(formula, X, NAMES)) ** 2))
    return error if np.isfinite(error) else float("inf")
