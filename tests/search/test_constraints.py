"""PySR's semantics of size, depth, operand and nesting limits; simplification."""

from __future__ import annotations

import math

import numpy as np
import pytest
from expression_strategies import expressions
from hypothesis import given
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.expression import Call, Expression, evaluate, parse
from lat_sr.expression.postfix import expression_of, tree_of
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import SearchProblem
from lat_sr.search.native import shape_limits

NAMES = ("x0", "x1", "x2")


def allows(text: str, **settings: object) -> bool:
    problem = SearchProblem(
        X=np.eye(3),
        y=np.arange(3.0),
        cost=uniform_cost_model(3),
        **{"maxsize": 100, "maxdepth": 50} | settings,
    )
    return shape_limits(problem).allows(tree_of(parse(text), NAMES))


@pytest.mark.parametrize(
    ("text", "settings", "allowed"),
    [
        ("x0 + x1*x2", {"maxsize": 5}, True),
        ("x0 + x1*x2", {"maxsize": 4}, False),
        ("x0 ** 2", {"maxsize": 3}, True),
        ("x0 ** 2", {"maxsize": 2}, False),
        ("x0 + x1*x2", {"maxdepth": 3}, True),
        ("x0 + x1*x2", {"maxdepth": 2}, False),
        ("sin(x0 + x1)", {"constraints": {"sin": 3}}, True),
        ("sin(x0 + x1)", {"constraints": {"sin": 2}}, False),
        ("sin(x0 + x1)", {"constraints": {"sin": -1}}, True),
        ("(x0 + x1)*x2", {"constraints": {"*": (3, 1)}}, True),
        ("x2*(x0 + x1)", {"constraints": {"*": (3, 1)}}, False),
        ("x2*(x0 + x1)", {"constraints": {"*": (1, -1)}}, True),
        ("(x0 + x1)**2", {"constraints": {"pow": (2, 1)}}, False),
        # The examples of PySR's manual.
        ("sin(cos(x0))", {"nested_constraints": {"sin": {"cos": 0}, "cos": {"cos": 2}}}, False),
        ("sin(x1 + cos(x0))", {"nested_constraints": {"sin": {"cos": 0}}}, False),
        ("sin(sin(sin(x0)))", {"nested_constraints": {"sin": {"cos": 0}, "cos": {"cos": 2}}}, True),
        ("cos(cos(cos(x0)))", {"nested_constraints": {"cos": {"cos": 2}}}, True),
        ("cos(1 + cos(cos(cos(x0))))", {"nested_constraints": {"cos": {"cos": 2}}}, False),
        ("cos(cos(x0) + cos(x1) + cos(x2))", {"nested_constraints": {"cos": {"cos": 1}}}, True),
    ],
)
def test_limits(text: str, settings: dict[str, object], allowed: bool) -> None:
    assert allows(text, **settings) is allowed


def nested(expression: Expression, inner: str) -> int:
    below = max((nested(operand, inner) for operand in expression.operands), default=0)
    return below + (isinstance(expression, Call) and expression.operator == inner)


@given(expressions(("+", "*", "sin", "exp"), max_leaves=8), st.integers(0, 2))
def test_nesting_is_the_longest_path(expression: Expression, most: int) -> None:
    limits = _engine.ShapeLimits(1000, 1000, {}, [("sin", "exp", most)])
    worst = max(
        (
            nested(node, "exp")
            for node in expression.walk()
            if isinstance(node, Call) and node.operator == "sin"
        ),
        default=0,
    )
    assert limits.allows(tree_of(expression, NAMES)) is (worst <= most)


@given(expressions(_engine.operator_names(), max_leaves=12))
def test_round_trip_size_and_depth(expression: Expression) -> None:
    tree = tree_of(expression, NAMES)
    assert expression_of(tree.postfix, NAMES) == expression
    assert (tree.size, tree.depth) == (expression.size, expression.depth)


@given(
    expressions(
        ("+", "-", "*", "neg", "square", "sin", "pow", "min"),
        constants=st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0]),
        exponents=(0, 3),
        max_leaves=14,
    )
)
def test_simplification_keeps_values_and_never_grows(expression: Expression) -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    tree = tree_of(expression, NAMES).simplified()
    short = expression_of(tree.postfix, NAMES)
    assert short.size <= expression.size
    with np.errstate(all="ignore"):
        before, after = evaluate(expression, X, NAMES), evaluate(short, X, NAMES)
    usable = np.isfinite(before) & (np.abs(before) < 1e6)
    np.testing.assert_allclose(after[usable], before[usable], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("(x0 + 1) + 2", "x0 + 3"),
        ("2*(x0*3)", "x0*6"),
        ("x0*1 + 0", "x0"),
        ("-(-x0)", "x0"),
        ("sin(0*x0) + x1", "x1"),
    ],
)
def test_simplified(text: str, short: str) -> None:
    found = expression_of(tree_of(parse(text), NAMES).simplified().postfix, NAMES)
    assert found == parse(short)


@given(
    expressions(
        ("+", "-", "*", "/", "neg", "sin"),
        constants=st.sampled_from([0.0, 1.0, -1.5, 0.5, 2.0]),
        max_leaves=14,
    )
)
def test_merged_constants_keep_values_and_never_grow(expression: Expression) -> None:
    X = np.random.default_rng(0).uniform(-1, 1, (20, 3))
    tree = tree_of(expression, NAMES).with_merged_constants()
    short = expression_of(tree.postfix, NAMES)
    assert short.size <= expression.size
    assert tree.with_merged_constants().size <= tree.size
    with np.errstate(all="ignore"):
        before, after = evaluate(expression, X, NAMES), evaluate(short, X, NAMES)
    usable = np.isfinite(before) & (np.abs(before) < 1e6)
    np.testing.assert_allclose(after[usable], before[usable], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("(x0 + 1) - (x1 + 3)", "(x0 + -2) - x1"),
        ("(x0 - 1) - (x1 - (x2 + 4))", "(x0 - -3) - (x1 - x2)"),
        ("(2 - x0) + (x1 + 3)", "(5 - x0) + x1"),
        ("(2 - x0) - (3 - x1)", "(2 - x0) - (3 - x1)"),
        ("(x0*2)*(3*x1)", "(x0*6)*x1"),
        ("(x0*2 + 1)*(3*x1 + 4)", "(x0*2 + 1)*(3*x1 + 4)"),
        ("x0*(0.5*4)", "x0*2"),
        ("sin(0.5*4 - 2) + x0*(1 - 3)", "0 + x0*-2"),
    ],
)
def test_merged_constants(text: str, short: str) -> None:
    found = expression_of(tree_of(parse(text), NAMES).with_merged_constants().postfix, NAMES)
    assert found == parse(short)


@pytest.mark.parametrize(
    ("name", "first", "second", "value"),
    [("*", 1e200, 1e200, 1e-300), ("*", 1e-200, 1e-200, 1e300), ("+", 1.5e308, 1.5e308, -1.6e308)],
)
def test_simplification_keeps_to_the_range_of_numbers(
    name: str, first: float, second: float, value: float
) -> None:
    tree = _engine.Tree(
        [("variable", 0.0), ("constant", first), (name, 0.0), ("constant", second), (name, 0.0)]
    )
    simple = tree.simplified()
    assert all(math.isfinite(number) for _, number in simple.postfix)
    X = np.array([[value]])
    assert _engine.evaluate(simple, X) == _engine.evaluate(tree, X) != [0.0]


@pytest.mark.parametrize(
    "postfix",
    [
        [("variable", -1.0)],
        [("variable", 1e6)],
        [("variable", 0.0), ("pow", 1e9)],
        [("variable", 0.0), ("pow", float("nan"))],
    ],
)
def test_values_that_nodes_cannot_have_are_refused(postfix: list[tuple[str, float]]) -> None:
    with pytest.raises(ValueError, match="from"):
        _engine.Tree(postfix)


def test_postfix_that_is_no_tree_is_refused() -> None:
    for postfix in ([], [("+", 0.0)], [("variable", 0.0), ("variable", 0.0)], [("unknown", 0.0)]):
        with pytest.raises(ValueError, match=r"tree|unknown"):
            _engine.Tree(postfix)
