"""Grafts: what the expansion of the loss promises, and what they do for a search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.expression import parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import NativeEngine, SearchProblem

NAMES = ("a", "b", "c")
FORMS = ("exchanged", "scaled", "shifted", "added", "multiplied")
X = np.random.default_rng(0).normal(size=(500, 3))
Y = np.where(X[:, 0] * X[:, 1] > 0.3 * X[:, 2], 1.0, -1.0)


def tree(text: str) -> _engine.Tree:
    return tree_of(parse(text, NAMES), NAMES)


def loss(formula: _engine.Tree, kind: str = "l2") -> float:
    return _engine.loss(formula, X, Y, [], kind, 1.0, np.inf)


STOCK = tree("(a*b + sin(c))*0.7*a - b*(c + 0.3)")
SCIONS = ("a", "b*c", "sin(a)", "c - 0.4", "exp(0.3*b)", "1.5")


@given(
    node=st.integers(0, len(STOCK.postfix) - 1),
    scion=st.sampled_from(SCIONS),
    form=st.sampled_from(FORMS),
)
def test_the_expansion_is_exact_below_sums_and_products(node: int, scion: str, form: str) -> None:
    if node == STOCK.postfix.index(("sin", 0.0)) - 1 or (form == "shifted" and scion == "1.5"):
        return  # the argument of the sine, and two constants that do the same
    grafted, change = _engine.graft(STOCK, node, tree(scion), _engine.GraftForm[form], X, Y, "l2", 1.0)
    assert loss(grafted) - loss(STOCK) == pytest.approx(change, rel=1e-6, abs=1e-9)


@given(
    node=st.integers(0, len(STOCK.postfix) - 1),
    form=st.sampled_from(FORMS[1:]),
    factor=st.sampled_from([0.99, 1.01]),
)
def test_constants_are_the_best_ones(node: int, form: str, factor: float) -> None:
    if node == STOCK.postfix.index(("sin", 0.0)) - 1:
        return
    grafted, _ = _engine.graft(STOCK, node, tree("b*c"), _engine.GraftForm[form], X, Y, "l2", 1.0)
    names = [name for name, _ in grafted.postfix]
    part = node + 1 if form in ("added", "multiplied") else node + 1 - subtree_size(STOCK, node)
    scale = part + 3  # after b, c and their product
    assert names[scale : scale + 2] == ["constant", "*"]
    nodes = grafted.postfix
    nodes[scale] = ("constant", nodes[scale][1] * factor)
    assert loss(_engine.Tree(nodes)) >= loss(grafted) - 1e-12


def subtree_size(formula: _engine.Tree, node: int) -> int:
    needed, position = 1, node
    while needed:
        name = formula.postfix[position][0]
        arity = 0 if name in ("constant", "variable") else 1 if name in ("sin", "exp", "neg") else 2
        needed += arity - 1
        position -= 1
    return node - position


@pytest.mark.parametrize("kind", ["l2", "l2_margin", "huber", "logistic"])
def test_small_changes_follow_the_expansion_of_other_losses(kind: str) -> None:
    """To first order, through a sine: half of the slope is the change of half of the step."""
    stock = tree("sin(0.8*a + b)*c")
    node = stock.postfix.index(("sin", 0.0)) - 1
    nearly = tree("0.8*a + b + 0.001*c*a")
    _, change = _engine.graft(stock, node, nearly, _engine.GraftForm.exchanged, X, Y, kind, 1.0)
    grafted = tree("sin(0.8*a + b + 0.001*c*a)*c")
    assert loss(grafted, kind) - loss(stock, kind) == pytest.approx(change, rel=0.02)


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        _engine.graft(STOCK, 0, tree("exp(exp(exp(exp(9*a))))"), _engine.GraftForm.exchanged, X, Y, "l2", 1.0)
    with pytest.raises(ValueError, match=f"the tree has {STOCK.size} nodes"):
        _engine.graft(STOCK, 99, tree("a"), _engine.GraftForm.exchanged, X, Y, "l2", 1.0)


def search(graft_probability: float, **settings: Any) -> tuple[float, int]:
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(300, 3)).astype(np.float32)
    target = 1.7 * inputs[:, 0] * np.sin(inputs[:, 1]) - 0.6 * inputs[:, 2] * inputs[:, 1] + 2.2
    defaults: dict[str, Any] = {
        "X": inputs,
        "y": target,
        "cost": uniform_cost_model(3, functions=("sin",)),
        "operators": ("+", "-", "*", "sin"),
        "max_evaluations": 60_000,
        "target_loss": 1e-5,
        "timeout": None,
        "maxsize": 20,
        "seed": 1,
    }
    result = NativeEngine(graft_probability=graft_probability).search(SearchProblem(**defaults | settings))
    return min(point.loss for point in result.points), result.evaluations


def test_grafts_find_a_formula_in_fewer_evaluations() -> None:
    evaluations = {0.0: 0, 0.3: 0}
    for probability in evaluations:
        for seed in range(3):
            best, needed = search(probability, seed=seed)
            assert probability == 0 or best < 1e-5
            evaluations[probability] += needed
    assert evaluations[0.3] < evaluations[0.0]


@pytest.mark.parametrize("limit", [{"maxsize": 9}, {"max_latency": 2.0}])
def test_grafts_keep_to_the_limits(limit: dict[str, Any]) -> None:
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(300, 3)).astype(np.float32)
    problem = SearchProblem(
        X=inputs,
        y=inputs[:, 0] * inputs[:, 1] + inputs[:, 2],
        cost=uniform_cost_model(3),
        max_evaluations=10_000,
        **limit,
    )
    for point in NativeEngine(graft_probability=1.0).search(problem).points:
        assert point.complexity <= limit.get("maxsize", 30)
        assert point.latency_cycles <= limit.get("max_latency", np.inf)
