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
    st.lists(st.tuples(st.sampled_from([-1.0, 1.0]), st.floats(-50, 50)), min_size=1, max_size=40),
    st.floats(0.01, 0.99),
)
def test_the_engine_computes_the_same(name: str, rows: list[tuple[float, float]], parameter: float) -> None:
    y, prediction = np.array(rows).T.copy()
    tree = _engine.Tree([("variable", 0.0)])
    value = _engine.loss(tree, prediction[:, None].copy(), y, [], name, parameter, np.inf)
    assert value == pytest.approx(mean_loss(name, y, prediction, parameter=parameter), rel=1e-12, abs=1e-300)
