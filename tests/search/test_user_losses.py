"""Losses that are Python callables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lat_sr import LatencyAwareRegressor, _engine
from lat_sr.errors import InputError
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.losses import mean_loss
from lat_sr.search import NativeEngine, SearchProblem
from lat_sr.search.pysr.engine import plan

TREE = _engine.Tree(
    [("variable", 0.0), ("constant", 0.5), ("*", 0.0), ("exp", 0.0), ("constant", 0.25), ("+", 0.0)]
)


def squared(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
    return float(np.average((prediction - y) ** 2, weights=weights))


def squared_gradient(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return 2 * weights * (prediction - y) / weights.sum()


def samples(rows: int = 700, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.uniform(-1, 1, (rows, 2))
    return X.astype(dtype), (np.exp(1.5 * X[:, 0]) - 0.5 + 0.1 * rng.normal(size=rows)).astype(dtype)


def problem(**settings: Any) -> SearchProblem:
    X, y = samples(300, np.float32)
    defaults = {
        "X": X,
        "y": y,
        "cost": uniform_cost_model(2, functions=("exp",)),
        "operators": ("+", "*", "exp"),
        "max_evaluations": 3000,
        "seed": 2,
        "n_jobs": 2,
    }
    return SearchProblem(**defaults | settings)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_callable_sees_every_row_and_its_weight(dtype: type) -> None:
    X, y = samples(dtype=dtype)
    weights = np.random.default_rng(1).uniform(0.5, 2, len(y)).astype(dtype)
    loss = _engine.UserLoss(squared, None)
    value = _engine.loss(TREE, X, y, weights.tolist(), loss, 0.0, np.inf)
    assert value == pytest.approx(_engine.loss(TREE, X, y, weights.tolist(), "l2", 0.0, np.inf), rel=1e-6)


@pytest.mark.parametrize("gradient", [None, squared_gradient])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-8)])
def test_derivatives(gradient: Any, dtype: type, tolerance: float) -> None:
    X, y = samples(dtype=dtype)
    loss, found, _ = _engine.derivatives(TREE, X, y, _engine.UserLoss(squared, gradient), 0.0)
    expected_loss, expected, _ = _engine.derivatives(TREE, X, y, "l2", 0.0)
    assert loss == pytest.approx(expected_loss, rel=tolerance)
    np.testing.assert_allclose(found, expected, rtol=tolerance)


@pytest.mark.parametrize("gradient", [None, squared_gradient])
def test_constants_are_fitted(gradient: Any) -> None:
    X, y = samples()
    fitted, loss, _ = _engine.fit_constants(TREE, X, y, _engine.UserLoss(squared, gradient), 0.0, 60)
    best, least, _ = _engine.fit_constants(TREE, X, y, "l2", 0.0, 60)
    assert loss == pytest.approx(least, rel=1e-4)
    values = [[value for name, value in tree.postfix if name == "constant"] for tree in (fitted, best)]
    np.testing.assert_allclose(values[0], values[1], atol=0.01)


def test_a_search() -> None:
    def relative(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
        return float(np.mean(np.abs(prediction - y) / (1 + np.abs(y))))

    points = NativeEngine().search(problem(loss=relative)).points
    assert min(point.loss for point in points) < 0.2 * max(point.loss for point in points)


@pytest.mark.slow
def test_threads_do_not_change_the_front() -> None:
    fronts = [NativeEngine().search(problem(loss=squared, n_jobs=threads)).points for threads in (1, 3)]
    assert fronts[0] == fronts[1]


def test_what_a_loss_raises_ends_the_search() -> None:
    calls = 0

    def broken(y: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> float:
        nonlocal calls
        calls += 1
        if calls == 100:
            raise ZeroDivisionError("in the user's loss")
        return squared(y, prediction, weights)

    with pytest.raises(ZeroDivisionError, match="in the user's loss"):
        NativeEngine().search(problem(loss=broken, max_evaluations=None, timeout=30.0))
    assert calls < 200


def test_a_loss_that_is_not_a_number_is_worthless() -> None:
    X, y = samples()
    loss = _engine.UserLoss(lambda y, prediction, weights: float("nan"), None)
    assert _engine.loss(TREE, X, y, [], loss, 0.0, np.inf) == np.inf


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": lambda y, p, w: p}, "one number for all rows"),
        ({"loss": lambda y, p, w: "good"}, "one number for all rows"),
        ({"loss": lambda y, p, w: -1.0}, "must not be negative"),
        ({"loss": squared, "loss_gradient": lambda y, p, w: p[:-1]}, "loss_gradient gave the shape"),
    ],
)
def test_answers_of_the_wrong_kind(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NativeEngine().search(problem(**settings))


def test_what_has_no_use() -> None:
    with pytest.raises(InputError, match="loss_gradient goes with a loss of your own"):
        problem(loss="l2", loss_gradient=squared_gradient)
    with pytest.raises(InputError, match="PySR does not take a loss in Python"):
        plan(problem(loss=squared))


@pytest.mark.parametrize("fixed_point", ["never", "always"])
def test_an_estimator_takes_one(fixed_point: str) -> None:
    X, y = samples(200)
    model = LatencyAwareRegressor(
        loss=squared, fixed_point=fixed_point, max_evaluations=1000, max_latency=3, random_state=0
    ).fit(X, y)
    expected = mean_loss("l2", y, model.predict(X))
    assert model.equations_["loss"].min() == pytest.approx(expected, rel=1e-6)
