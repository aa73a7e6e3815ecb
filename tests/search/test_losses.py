"""Losses against numpy, and the fit of constants."""

from __future__ import annotations

import numpy as np
import pytest

from lat_sr import _engine
from lat_sr.losses import LOSSES

OF_ONE_OUTPUT = [name for name, loss in LOSSES.items() if not loss.classes]
TREE = _engine.Tree([("variable", 0.0), ("constant", 0.5), ("*", 0.0), ("constant", 0.25), ("+", 0.0)])


def expected(kind: str, y: np.ndarray, p: np.ndarray, parameter: float) -> np.ndarray:
    r = np.abs(p - y)
    return {
        "l2": r**2,
        "l1": r,
        "huber": np.where(r <= parameter, r**2 / 2, parameter * (r - parameter / 2)),
        "quantile": np.where(p < y, parameter, 1 - parameter) * r,
        "l2_margin": (1 - y * p) ** 2,
        "logistic": np.logaddexp(0, -y * p),
    }[kind]


@pytest.mark.parametrize("kind", OF_ONE_OUTPUT)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [1, 31, 512, 1300])
def test_loss_is_the_weighted_mean(kind: str, dtype: type, weighted: bool, rows: int) -> None:
    rng = np.random.default_rng(rows)
    X = (rng.normal(size=(rows, 1)) * 3).astype(dtype)
    y = np.where(rng.random(rows) < 0.5, -1, 1).astype(dtype)
    weights = rng.uniform(0.1, 2, rows).astype(dtype) if weighted else np.ones(rows, dtype)
    value = _engine.loss(TREE, X, y, weights.tolist() if weighted else [], kind, 0.7, np.inf)
    terms = expected(kind, y.astype(float), X[:, 0].astype(float) * 0.5 + 0.25, 0.7)
    assert value == pytest.approx(np.average(terms, weights=weights), rel=2e-6)


@pytest.mark.parametrize("kind", OF_ONE_OUTPUT)
def test_gradient_of_each_loss(kind: str) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 1))
    y = np.where(rng.random(200) < 0.5, -1.0, 1.0)

    def at(b: float) -> float:
        tree = _engine.Tree([("variable", 0.0), ("constant", b), ("+", 0.0)])
        return _engine.loss(tree, X, y, [], kind, 0.7, np.inf)

    tree = _engine.Tree([("variable", 0.0), ("constant", 0.3), ("+", 0.0)])
    _, gradient, curvature = _engine.derivatives(tree, X, y, kind, 0.7)
    assert gradient[0] == pytest.approx((at(0.3 + 1e-6) - at(0.3 - 1e-6)) / 2e-6, rel=1e-4, abs=1e-6)
    assert curvature[0] > 0


@pytest.mark.parametrize("kind", OF_ONE_OUTPUT)
@pytest.mark.parametrize("method", [None, _engine.FitMethod.bfgs])
def test_fit_reaches_the_minimum(kind: str, method: str | None) -> None:
    rng = np.random.default_rng(6)
    X = rng.normal(size=(400, 1))
    y = np.where(1.7 * X[:, 0] - 0.4 + rng.logistic(size=400) > 0, 1.0, -1.0)
    fitted, loss, _ = _engine.fit_constants(TREE, X, y, kind, 0.7, 60, method)
    constants = [value for name, value in fitted.postfix if name == "constant"]
    for i in range(2):
        for step in (-0.01, 0.01):
            moved = constants.copy()
            moved[i] += step
            other = _engine.Tree(
                [("variable", 0.0), ("constant", moved[0]), ("*", 0.0), ("constant", moved[1]), ("+", 0.0)]
            )
            assert loss <= _engine.loss(other, X, y, [], kind, 0.7, np.inf) + 1e-5


def test_fit_never_makes_the_loss_worse() -> None:
    rng = np.random.default_rng(7)
    X = rng.uniform(-2, 2, (300, 1))
    y = rng.normal(size=300)
    for start in rng.normal(size=(40, 2)) * 3:
        tree = _engine.Tree(
            [
                ("variable", 0.0),
                ("constant", start[0]),
                ("*", 0.0),
                ("exp", 0.0),
                ("constant", start[1]),
                ("*", 0.0),
            ]
        )
        before = _engine.loss(tree, X, y, [], "l2", 1.0, np.inf)
        fitted, after, _ = _engine.fit_constants(tree, X, y, "l2", 1.0, 5)
        assert after <= before
        assert after == pytest.approx(_engine.loss(fitted, X, y, [], "l2", 1.0, np.inf))


def test_value_limit_covers_tables_and_results_but_not_the_inside_of_a_fused_table() -> None:
    X = np.array([[3.0, 0.001]] * 20)
    y = np.zeros(20)

    def loss(*nodes: tuple[str, float]) -> float:
        return _engine.loss(_engine.Tree(list(nodes)), X, y, [], "l2", 1.0, 16.0)

    x0, x1 = ("variable", 0.0), ("variable", 1.0)
    assert loss(x0, ("exp", 0.0)) == np.inf  # 20.1
    assert loss(x0, ("exp", 0.0), ("constant", 0.1), ("*", 0.0)) < 5  # one table of 2.01
    assert loss(x0, x1, ("+", 0.0), ("exp", 0.0), ("constant", 0.1), ("*", 0.0)) == np.inf
    assert loss(x0, ("constant", 10.0), ("*", 0.0), ("constant", 25.0), ("-", 0.0)) == pytest.approx(25.0)


def test_arguments_that_do_not_fit_together() -> None:
    X, y = np.zeros((4, 1)), np.zeros(4)
    with pytest.raises(ValueError, match="same number of rows"):
        _engine.loss(TREE, X, y[:3], [], "l2", 1.0, np.inf)
    with pytest.raises(ValueError, match="same number of rows"):
        _engine.loss(TREE, X, y, [1.0], "l2", 1.0, np.inf)
    with pytest.raises(ValueError, match="no loss l3"):
        _engine.loss(TREE, X, y, [], "l3", 1.0, np.inf)
