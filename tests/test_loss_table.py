"""The declared losses, and that the engine's are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.errors import InputError
from lat_sr.losses import LOSSES, get_loss, mean_loss

Y = np.array([1.0, -1.0])
PREDICTION = np.array([0.5, 2.0])


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("l2", [0.25, 9.0]),
        ("l1", [0.5, 3.0]),
        ("huber", [0.125, 2.5]),
        ("quantile", [0.25, 1.5]),
        ("l2_margin", [0.25, 9.0]),
        ("logistic", np.log1p(np.exp([-0.5, 2.0]))),
    ],
)
def test_rows(name: str, rows: list[float]) -> None:
    np.testing.assert_allclose(LOSSES[name](Y, PREDICTION), rows)


def test_cross_entropy() -> None:
    y = np.array([[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]])
    scores = np.array([[2.0, 1.0, -1.0], [1000.0, 999.0, 1000.0]])
    probability = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(LOSSES["cross_entropy"](y, scores), -(y * np.log(probability)).sum(axis=1))


def test_several_outputs_give_the_mean_of_their_losses() -> None:
    y, prediction = np.column_stack([Y, Y]), np.column_stack([PREDICTION, Y])
    np.testing.assert_allclose(LOSSES["l2"](y, prediction), [0.125, 4.5])
    assert mean_loss("l1", y, prediction) == pytest.approx(0.875)


def test_parameters() -> None:
    np.testing.assert_allclose(LOSSES["huber"](Y, PREDICTION, 2.0), [0.125, 4.0])
    np.testing.assert_allclose(LOSSES["quantile"](Y, PREDICTION, 0.9), [0.45, 0.3])
    with pytest.raises(InputError, match=r"huber it must be positive$"):
        LOSSES["huber"].checked_parameter(0)
    with pytest.raises(InputError, match=r"quantile it must be positive and below 1$"):
        LOSSES["quantile"].checked_parameter(1)


def test_the_quantile_loss_is_least_at_the_quantile() -> None:
    y = np.random.default_rng(0).normal(size=2001)
    losses = [mean_loss("quantile", y, np.full_like(y, at), parameter=0.9) for at in np.sort(y)]
    assert np.sort(y)[np.argmin(losses)] == pytest.approx(np.quantile(y, 0.9), abs=0.01)


def test_mean_loss() -> None:
    weights = np.array([1.0, 3.0])
    assert mean_loss("l1", Y, PREDICTION) == pytest.approx(1.75)
    assert mean_loss("l1", Y, PREDICTION, weights) == pytest.approx((0.5 + 9.0) / 4)
    assert mean_loss(lambda y, p, w: float(np.sum(w)), Y, PREDICTION) == 2.0
    assert mean_loss(lambda y, p, w: float(np.sum(w)), Y, PREDICTION, weights) == 4.0
    with pytest.raises(InputError, match="allowed are l2, l1"):
        get_loss("l3")


def test_the_engine_has_the_same_losses_in_the_same_order() -> None:
    assert _engine.loss_names() == list(LOSSES)


@given(
    st.sampled_from(sorted(LOSSES)),
    st.integers(2, 6),
    st.integers(1, 150),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 1000),
)
def test_the_engine_computes_the_same_of_several_outputs(
    name: str, outputs: int, rows: int, dtype: type, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = (rng.normal(size=(rows, outputs)) * 20).astype(dtype)
    y = np.where(rng.random((rows, outputs)) < 0.5, -1.0, 1.0).astype(dtype)
    if LOSSES[name].classes:
        y = rng.dirichlet(np.ones(outputs), rows).astype(dtype)
    weights = rng.uniform(0.1, 2, rows).astype(dtype)
    tree = _engine.Tree([("variable", float(output)) for output in range(outputs)], outputs)
    value = _engine.loss(tree, scores, y, weights.tolist(), name, 0.7, np.inf)
    expected = mean_loss(name, y.astype(float), scores.astype(float), weights.astype(float), 0.7)
    assert value == pytest.approx(expected, rel=3e-6 if dtype is np.float32 else 1e-12)


@given(
    st.sampled_from(sorted(name for name, loss in LOSSES.items() if not loss.classes)),
    st.lists(st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(-50, 50)), min_size=1, max_size=40),
    st.floats(0.01, 0.99),
)
def test_the_engine_computes_the_same(name: str, rows: list[tuple[float, float]], parameter: float) -> None:
    y, prediction = np.array(rows).T.copy()
    tree = _engine.Tree([("variable", 0.0)])
    value = _engine.loss(tree, prediction[:, None].copy(), y, [], name, parameter, np.inf)
    assert value == pytest.approx(mean_loss(name, y, prediction, parameter=parameter), rel=1e-12, abs=1e-300)
