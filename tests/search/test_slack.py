"""Changes of formulas that a budget of latency leaves time for."""

from __future__ import annotations

import numpy as np
import pytest
from cost_models import FUNCTIONS, NAMES, random_model
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr import Precision, Target, _engine
from lat_sr.costs import load_library
from lat_sr.expression import Call, Constant, Expression, Variable, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency import compile_cost_model
from lat_sr.search import NativeEngine, SearchProblem
from lat_sr.search.native import native_cost_model

budgets = st.integers(1, 6)
models = st.integers(0, 2**32).map(lambda seed: native_cost_model(random_model(seed)))


def allows(formula: Expression, node: int, part: Expression, model: _engine.CostModel, budget: float) -> bool:
    return _engine.slack_allows(tree_of(formula, NAMES), node, tree_of(part, NAMES), model, budget)


def parts(formula: Expression) -> list[Expression]:
    """The subtrees in the order of the core's nodes."""
    return list(formula.walk("post"))


# Without parts that the cost model folds, whose time nobody waits for.
unfolded = st.recursive(
    st.sampled_from(NAMES).map(Variable),
    lambda operand: st.one_of(
        st.builds(lambda op, a, b: Call(op, (a, b)), st.sampled_from(["+", "*", "/"]), operand, operand),
        st.builds(lambda op, a: Call(op, (a,)), st.sampled_from(["sin", "exp"]), operand),
        operand.map(lambda a: Call("*", (Constant(1.25), a))),
    ),
    max_leaves=12,
)


@given(models, unfolded, budgets)
@settings(max_examples=150, deadline=None)
def test_what_is_there_has_the_time_that_it_takes(
    model: _engine.CostModel, formula: Expression, budget: int
) -> None:
    within = _engine.cost(tree_of(formula, NAMES), model).latency_cycles <= budget
    allowed = [allows(formula, i, part, model, budget) for i, part in enumerate(parts(formula))]
    assert allowed[-1] == within
    assert all(allowed) == within


@given(models, unfolded, unfolded, budgets)
@settings(max_examples=150, deadline=None)
def test_another_formula_has_time_if_it_is_within_the_budget(
    model: _engine.CostModel, formula: Expression, other: Expression, budget: int
) -> None:
    within = _engine.cost(tree_of(other, NAMES), model).latency_cycles <= budget
    assert allows(formula, len(parts(formula)) - 1, other, model, budget) == within


@given(models, st.lists(unfolded, min_size=2, max_size=3), unfolded, budgets)
@settings(max_examples=100, deadline=None)
def test_outputs_have_the_time_that_each_has_alone(
    model: _engine.CostModel, formulas: list[Expression], part: Expression, budget: int
) -> None:
    joint, change = tree_of(formulas, NAMES), tree_of(part, NAMES)
    places = [(formula, i) for formula in formulas for i in range(len(parts(formula)))]
    assert [_engine.slack_allows(joint, node, change, model, budget) for node in range(len(places))] == [
        allows(formula, i, part, model, budget) for formula, i in places
    ]


@pytest.fixture(scope="module")
def model() -> _engine.CostModel:
    operators = ("+", "*", *FUNCTIONS[:2])
    return native_cost_model(
        compile_cost_model(Precision.parse("ap_fixed<16,6>"), Target(), load_library(), operators, 3)
    )


@pytest.mark.parametrize(
    ("text", "old", "new", "allowed"),
    [
        # Off the critical path there is time, on it there is none.
        ("x0*x1 + x2", "x2", "x2 + x1", True),
        ("x0*x1 + x2", "x0", "x0*x2", False),
        # A function of one variable is one lookup, one of several variables is not.
        ("x0*x1 + x2", "x2", "sin(1.5*x2 + exp(x2))", True),
        ("x0*x1 + x2", "x2", "sin(x1*x2)", False),
        # The lookup of x0 ends, or stays.
        ("exp(sin(x0)*x0)", "x0", "x1", False),
        ("exp(sin(x0)*x0)", "x0", "x0*x0", True),
        # A product with a constant becomes one of two variables.
        ("(0.5*x0 + x1) + x2", "0.5", "0.25", True),
        ("2.0*x0*x1 + x2", "2.0", "x2", False),
    ],
)
def test_changes_within_one_cycle(
    text: str, old: str, new: str, allowed: bool, model: _engine.CostModel
) -> None:
    formula = parse(text, NAMES)
    node = parts(formula).index(parse(old, NAMES))
    assert allows(formula, node, parse(new, NAMES), model, 1) == allowed
    assert allows(formula, node, parse(new, NAMES), model, np.inf)


def test_no_node() -> None:
    with pytest.raises(ValueError, match="1 nodes"):
        allows(Variable("x0"), 1, Variable("x1"), native_cost_model(random_model(0)), 1)


@pytest.mark.slow
@pytest.mark.parametrize("budget", [1, 2])
def test_offspring_over_budget_are_rare(budget: int) -> None:
    operators = ("+", "-", "*", "sin", "exp")
    X = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    problem = SearchProblem(
        X=X,
        y=X[:, 0] * X[:, 1] + np.sin(X[:, 2]) * X[:, 0],
        cost=compile_cost_model(Precision.parse("ap_fixed<16,6>"), Target(), load_library(), operators, 3),
        operators=operators,
        max_latency=budget,
        max_evaluations=20_000,
        timeout=None,
        n_jobs=1,
    )
    # Founded by chance, whatever the budget.
    result = NativeEngine(populations=2, population_size=50).search(problem)
    assert 0 < result.over_budget < 0.05 * result.proposals
