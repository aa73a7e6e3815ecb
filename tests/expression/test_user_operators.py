from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import sympy
from julia_definitions import python_of_julia

from lat_sr.errors import OperatorError
from lat_sr.expression import (
    UserOperator,
    define_operator,
    evaluate,
    expand_user_operators,
    from_sympy,
    parse,
    to_latex,
    to_sympy,
    undefine_operator,
)
from lat_sr.operators import OPERATORS


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    yield
    for name in [n for n, o in OPERATORS.items() if isinstance(o, UserOperator)]:
        undefine_operator(name)


def test_unary_operator_is_an_operator_like_any_other() -> None:
    operator = define_operator("softsign", "x / (1 + Abs(x))")
    assert OPERATORS["softsign"] is operator
    assert operator.arity == 1
    assert operator.implementations == ("table", "interp")
    expression = parse("2 * softsign(x0) + 1")
    assert str(expression) == "2.0 * softsign(x0) + 1.0"
    assert evaluate(expression, [[1.0], [-3.0]]).tolist() == [2.0, -0.5]
    assert expand_user_operators(expression) is expression
    assert str(expand_user_operators(expression, unary=True)) == "2.0 * (x0 / (1.0 + abs(x0))) + 1.0"
    assert to_latex(expression) == r"2 \cdot \operatorname{softsign}\left(x_{0}\right) + 1"
    assert to_sympy(expression).subs({"x0": 3}) == sympy.Rational(5, 2)


def test_binary_operator_stands_for_its_expression() -> None:
    operator = define_operator("asymmetry", sympy.sympify("(x - y)/(x + y)"))
    assert operator.arity == 2
    expression = parse("asymmetry(x1, x0) ^ 2")
    assert evaluate(expression, [[1.0, 3.0]]).tolist() == [0.25]
    assert str(expand_user_operators(expression)) == "((x1 - x0) / (x1 + x0)) ^ 2"
    assert evaluate(from_sympy(to_sympy(expression)), [[1.0, 3.0]]) == pytest.approx([0.25])


def test_operands_are_substituted_all_at_once() -> None:
    define_operator("less_half", "x - y / 2")
    assert str(expand_user_operators(parse("less_half(y, x)"))) == "y - x / 2.0"
    assert to_sympy(parse("less_half(y, x)")) == sympy.sympify("y - x/2")


def test_from_an_expression_and_from_other_user_operators() -> None:
    define_operator("bump", parse("exp(-x^2)"))
    define_operator("double_bump", "bump(x - 1) + bump(x + 1)")
    undefine_operator("bump")
    assert evaluate(parse("double_bump(x0)"), [[0.0]]) == pytest.approx([2 * math.exp(-1)])


def test_values_are_nan_outside_of_the_domain() -> None:
    define_operator("half_log", "log(x) / 2")
    values = OPERATORS["half_log"].numpy(np.array([[1.0, -1.0]]))
    assert values.shape == (1, 2)
    assert values[0, 0] == 0.0
    assert np.isnan(values[0, 1])


@pytest.mark.parametrize(
    ("text", "definition"),
    [
        ("x / (1 + Abs(x))", "f(x) = x / (1 + abs(x))"),
        ("0.5 * x + y", "f(x, y) = oftype(x, 0.5) * x + y"),
        ("square(x) - 1", "f(x) = (x -> x ^ 2)(x) - 1"),
        ("log(x + 1)", "f(x) = (x -> x > 0 ? log(x) : oftype(x, NaN))(x + 1)"),
        ("asin(sqrt(x)) ^ 2", None),
        ("gauss(x) * relu(x - 1) + sqrt_abs(x) - min(x, 2)", None),
        ("log1p(log_abs(cube(x)))", None),
        ("x * log(exp(2))", "f(x) = x * 2"),
        ("-x ^ 3 - -1", "f(x) = -x ^ 3 - -1"),
    ],
)
def test_julia_definition(text: str, definition: str | None) -> None:
    operator = define_operator("f", text)
    assert definition in (None, operator.julia)
    assert operator.julia is not None
    _, function = python_of_julia(operator.julia)
    for x in (-2.25, 0.25, 0.75, 2.5):
        operands = (x, 1.5)[: operator.arity]
        value = float(operator.numpy(*operands))
        assert function(*operands) == pytest.approx(value, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize(
    ("name", "expression", "message"),
    [
        ("sin", "x", "taken"),
        ("Abs", "x", "taken"),
        ("x", "x ^ 2", "taken"),
        ("2f", "x", "cannot name an operator"),
        ("größe", "x", "ASCII"),
        ("f", "1 + 2", "must use x"),
        ("f", "x + t", r"variables \(t, x\)"),
        ("f", "y ^ 2", "must use x"),
        ("f", "gamma(x)", "unknown operator 'gamma'"),
        ("f", "x +", "cannot be defined"),
        ("f", sympy.Symbol("x") ** sympy.Symbol("y"), "exponent"),
        ("f", sympy.zeta(sympy.Symbol("x")), "unknown operator 'zeta'"),
        ("f", "x + log(0)", "finite"),
        ("f", 3, "must use x"),
        ("f", object(), "not a sympy expression"),
    ],
)
def test_refused(name: str, expression: object, message: str) -> None:
    before = dict(OPERATORS)
    with pytest.raises(OperatorError, match=message):
        define_operator(name, expression)
    assert dict(OPERATORS) == before


def test_a_name_of_the_users_own_is_taken_until_it_is_removed() -> None:
    define_operator("f", "x + 1")
    with pytest.raises(OperatorError, match="undefine_operator"):
        define_operator("f", "x + 2")
    undefine_operator("f")
    define_operator("f", "x + 2")
    assert evaluate(parse("f(x0)"), [[1.0]]).tolist() == [3.0]


def test_expressions_outlive_their_operator_with_a_clear_error() -> None:
    define_operator("f", "x + 1")
    expression = parse("f(x0)")
    undefine_operator("f")
    with pytest.raises(OperatorError, match=r"unknown operator 'f'.*define_operator"):
        evaluate(expression, [[1.0]])


def test_only_user_operators_can_be_removed() -> None:
    with pytest.raises(OperatorError, match="built in"):
        undefine_operator("sin")
    with pytest.raises(OperatorError, match="unknown"):
        undefine_operator("no_such_operator")
