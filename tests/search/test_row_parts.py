"""Large tables, whose parts several threads work on: every result is that of one thread, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from lat_sr import _engine
from lat_sr.expression import parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import NativeEngine, SearchProblem

ROWS = 100_003  # three parts of 32,768 rows and a bit
FORMULA = tree_of(parse("sin(1.3*x0) * (x1 + 0.7) - exp(x0)"), ("x0", "x1"))


@pytest.fixture(scope="module", params=[np.float32, np.float64])
def X(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(ROWS, 2)).astype(request.param)


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_values_losses_and_derivatives(X: np.ndarray, threads: int) -> None:
    y = X[:, 0].copy()
    assert _engine.evaluate(FORMULA, X, threads) == _engine.evaluate(FORMULA, X)
    limits = ([], "l2", 1.0, np.inf)
    assert _engine.loss(FORMULA, X, y, *limits, threads) == _engine.loss(FORMULA, X, y, *limits)
    one = _engine.derivatives(FORMULA, X, y, "l2", 1.0)
    assert _engine.derivatives(FORMULA, X, y, "l2", 1.0, threads) == one
    assert one[0] == _engine.loss(FORMULA, X, y, *limits)


def test_the_sums_are_right(X: np.ndarray) -> None:
    y = X[:, 0].copy()
    values = np.array(_engine.evaluate(FORMULA, X), dtype=np.float64)
    np.testing.assert_allclose(
        _engine.loss(FORMULA, X, y, [], "l2", 1.0, np.inf), np.mean((values - y) ** 2), rtol=1e-5
    )


def test_a_value_that_is_not_finite_in_the_last_part(X: np.ndarray) -> None:
    damaged = X.copy()
    damaged[-1, 0] = np.inf
    assert np.isnan(_engine.evaluate(FORMULA, damaged, 2)).all()
    assert _engine.loss(FORMULA, damaged, X[:, 0].copy(), [], "l2", 1.0, np.inf, 2) == np.inf


def test_a_scorer_divides_trees_and_rows(X: np.ndarray) -> None:
    y = X[:, 0].copy()
    trees = [FORMULA, _engine.Tree([("variable", 1.0)]), _engine.Tree([("constant", np.inf)])]
    scorer = (_engine.ScorerFloat if X.dtype == np.float32 else _engine.ScorerDouble)(X, y, "l2", 1.0, np.inf)
    losses = [_engine.loss(tree, X, y, [], "l2", 1.0, np.inf) for tree in trees]
    assert losses[2] == np.inf
    assert scorer.losses(trees, 1) == losses
    assert scorer.losses(trees, 4) == losses
    assert scorer.losses(trees[:1], 4) == losses[:1]
    assert scorer.losses([], 4) == []


def test_a_search_with_fewer_populations_than_threads() -> None:
    X = np.random.default_rng(5).normal(size=(70_000, 2)).astype(np.float32)
    fronts = [
        NativeEngine(populations=1)
        .search(
            SearchProblem(
                X=X,
                y=np.sin(X[:, 0]) * X[:, 1],
                cost=uniform_cost_model(2, functions=("sin",)),
                operators=("+", "-", "*", "sin"),
                n_jobs=threads,
                max_evaluations=1500,
                timeout=None,
                seed=1,
            )
        )
        .points
        for threads in (1, 3)
    ]
    assert fronts[0] == fronts[1]
