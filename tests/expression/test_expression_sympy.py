from __future__ import annotations

import numpy as np
import pytest
import sympy
from expression_strategies import expressions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression import Call, Constant, Expression, Variable, evaluate, from_sympy, parse, to_sympy

x, y, z = sympy.symbols("x y z")


@pytest.mark.parametrize(
    ("symbolic", "text"),
    [
        (x, "x"),
        (sympy.Integer(2), "2.0"),
        (sympy.Rational(1, 4), "0.25"),
        (sympy.pi * 2, str(2 * np.pi)),
        (sympy.sin(1), repr(float(np.sin(1.0)))),
        (-x, "-x"),
        (2 * x, "2.0 * x"),
        (x + y + z, "x + y + z"),
        (x - y, "x - y"),
        (-x - y, "-(x + y)"),
        (x - 2, "x - 2.0"),
        (-x - 2, "-2.0 - x"),
        (x * y * z, "x * y * z"),
        (x / y, "x / y"),
        (x / (y * z), "x / (y * z)"),
        (-x / y, "-(x / y)"),
        (2 / x, "2.0 / x"),
        (x / 2, "0.5 * x"),
        (1 / x, "inv(x)"),
        (-1 / x, "-inv(x)"),
        (1 / (x * y), "inv(x * y)"),
        (x**2, "square(x)"),
        (x**3, "cube(x)"),
        (x**5, "x ^ 5"),
        (x**-2, "inv(square(x))"),
        (x**2.0, "square(x)"),
        (y / x**2, "y / square(x)"),
        (sympy.sqrt(x), "sqrt(x)"),
        (1 / sympy.sqrt(x), "inv(sqrt(x))"),
        (x ** sympy.Rational(3, 2), "cube(sqrt(x))"),
        (sympy.sqrt(sympy.Abs(x)), "sqrt_abs(x)"),
        (sympy.log(sympy.Abs(x)), "log_abs(x)"),
        (sympy.Abs(x), "abs(x)"),
        (sympy.exp(-(x**2)), "exp(-square(x))"),
        (sympy.Max(x, y), None),
        (sympy.Max(x, 0), "relu(x)"),
        (sympy.Max(x, 1), "max(x, 1.0)"),
        (sympy.Min(x, 0), "min(x, 0.0)"),
        (sympy.Piecewise((0, x < 0), (x, True)), "relu(x)"),
        (sympy.Piecewise((0.0, x <= 0), (x, True)), "relu(x)"),
        (sympy.ceiling(x) - sympy.floor(x), "ceil(x) - floor(x)"),
        (x - x, "0.0"),
        ("x**2 + 1", "x ^ 2 + 1.0"),
        (3, "3.0"),
    ],
)
def test_from_sympy(symbolic: object, text: str | None) -> None:
    expression = from_sympy(symbolic)
    if text is not None:
        assert str(expression) == text
    else:
        assert evaluate(expression, [[1.0, 2.0], [4.0, 3.0]], ["x", "y"]).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("symbolic", "error", "message"),
    [
        (sympy.I * x, ExpressionError, "not a finite real number"),
        (sympy.oo, ExpressionError, "not a finite real number"),
        (sympy.zoo * x, ExpressionError, "not a finite real number"),
        (sympy.nan, ExpressionError, "not a finite real number"),
        (x**y, ExpressionError, "exponent .* must be a constant"),
        (2**x, ExpressionError, "exponent .* must be a constant"),
        (x**0.3, ExpressionError, "integer or a half"),
        (sympy.gamma(x), OperatorError, "unknown operator 'gamma'"),
        (sympy.Function("sinus")(x), OperatorError, "did you mean"),
        (sympy.Piecewise((1, x < 0), (x, True)), OperatorError, "only relu, min and max"),
        (sympy.Piecewise((0, x < 0), (x, x < 1), (1, True)), OperatorError, "only relu, min and max"),
        (sympy.Symbol("a b"), ExpressionError, "cannot name a variable"),
        (sympy.exp(1000), ExpressionError, "not a finite real number"),
        (object(), ExpressionError, "not a sympy expression"),
        (x < y, OperatorError, "unknown operator"),
    ],
)
def test_from_sympy_refuses(symbolic: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        from_sympy(symbolic)


def test_to_sympy() -> None:
    assert to_sympy(parse("x + x")) == 2 * x
    assert to_sympy(parse("gauss(x)")) == sympy.exp(-(x**2))
    assert to_sympy(parse("inv(x) * relu(y)")) == sympy.Max(0, y) / x
    assert to_sympy(Constant(0.1)) == sympy.Float(0.1)
    assert to_sympy(parse("x ^ -3")) == x**-3
    assert to_sympy(parse("2 / 3 * x")) == sympy.Rational(2, 3) * x
    assert float(to_sympy(Constant(1e300))) == 1e300


# Without steps, poles near the data and growth, so that reordering by sympy changes roundings only.
SMOOTH = (
    "+",
    "-",
    "*",
    "neg",
    "abs",
    "square",
    "pow",
    "sin",
    "cos",
    "tanh",
    "atan",
    "gauss",
    "asinh",
    "max",
    "relu",
)
QUARTERS = st.integers(-12, 12).map(lambda n: n / 4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(expressions(SMOOTH, constants=QUARTERS, exponents=(1, 4), max_leaves=6))
def test_sympy_round_trip_keeps_the_value(expression: Expression) -> None:
    data = np.random.default_rng(3).uniform(0.3, 1.3, size=(20, 3))
    values = evaluate(expression, data)
    if not (np.abs(values) < 1e9).all():
        return
    again = evaluate(from_sympy(to_sympy(expression)), data)
    assert again == pytest.approx(values, rel=1e-6, abs=1e-6)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(expressions(SMOOTH, constants=QUARTERS, exponents=(1, 4), max_leaves=6))
def test_text_of_sympy_parses(expression: Expression) -> None:
    symbolic = to_sympy(expression)
    data = np.random.default_rng(3).uniform(0.3, 1.3, size=(20, 3))
    values = evaluate(expression, data)
    if not (np.abs(values) < 1e6).all():
        return
    assert evaluate(parse(str(symbolic)), data) == pytest.approx(values, rel=1e-6, abs=1e-6)


def test_too_deep_for_sympy() -> None:
    symbolic: object = x
    for _ in range(3000):
        symbolic = sympy.sin(symbolic, evaluate=False)
    with pytest.raises(ExpressionError, match="too deep for sympy"):
        from_sympy(symbolic)
    expression: Expression = Variable("x")
    for _ in range(3000):
        expression = Call("floor", (Call("neg", (Call("exp", (expression,)),)),))
    with pytest.raises(ExpressionError, match="too deep for sympy"):
        to_sympy(expression)
