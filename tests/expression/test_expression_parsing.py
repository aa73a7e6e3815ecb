from __future__ import annotations

import math

import pytest
from expression_strategies import expressions
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.errors import ExpressionError, InputError, OperatorError
from lat_sr.expression import Call, Constant, Expression, Variable, parse

X, Y = Variable("x"), Variable("y")
ONE, TWO, THREE = Constant(1.0), Constant(2.0), Constant(3.0)


def call(name: str, *operands: Expression) -> Call:
    return Call(name, operands)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", X),
        ("  x\n", X),
        ("((x))", X),
        ("+x", X),
        ("2", TWO),
        ("2.", TWO),
        (".5", Constant(0.5)),
        ("1e-3", Constant(0.001)),
        ("1.5E+2", Constant(150.0)),
        ("1.5f2", Constant(150.0)),
        ("1f0", ONE),
        ("-2", Constant(-2.0)),
        ("pi", Constant(math.pi)),
        ("x + y - 2", call("-", call("+", X, Y), TWO)),
        ("x - (y - 2)", call("-", X, call("-", Y, TWO))),
        ("x * y + 2", call("+", call("*", X, Y), TWO)),
        ("x + y * 2", call("+", X, call("*", Y, TWO))),
        ("x / y / 2", call("/", call("/", X, Y), TWO)),
        ("x / y * 2", call("*", call("/", X, Y), TWO)),
        ("x ^ 2", call("pow", X, TWO)),
        ("x**2", call("pow", X, TWO)),
        ("2 ^ 3 ^ 2", call("pow", TWO, Constant(9.0))),
        ("x ^ -2", call("pow", X, Constant(-2.0))),
        ("x ^ -2 * y", call("*", call("pow", X, Constant(-2.0)), Y)),
        ("x ^ (1 + 1)", call("pow", X, TWO)),
        ("x ^ -1 ^ 2", call("pow", X, Constant(-1.0))),
        ("x ** 0.5", call("sqrt", X)),
        ("x ** (3/2)", call("pow", call("sqrt", X), THREE)),
        ("x ** (-1/2)", call("pow", call("sqrt", X), Constant(-1.0))),
        ("-x", call("neg", X)),
        ("--x", call("neg", call("neg", X))),
        ("-x ^ 2", call("neg", call("pow", X, TWO))),
        ("-2 ^ 2", call("neg", call("pow", TWO, TWO))),
        ("(-2) ^ 2", call("pow", Constant(-2.0), TWO)),
        ("-(2)", call("neg", TWO)),
        ("-x * y", call("*", call("neg", X), Y)),
        ("x * -y", call("*", X, call("neg", Y))),
        ("x * -y * 2", call("*", call("*", X, call("neg", Y)), TWO)),
        ("x - -2", call("-", X, Constant(-2.0))),
        ("x + -2 * y", call("+", X, call("*", Constant(-2.0), Y))),
        ("x-2", call("-", X, TWO)),
        ("(x)-2", call("-", X, TWO)),
        ("sin(x)", call("sin", X)),
        ("sin (x) ^ 2", call("pow", call("sin", X), TWO)),
        ("-sin(x)", call("neg", call("sin", X))),
        ("max(x, y)", call("max", X, Y)),
        ("Max(1, x, y)", call("max", call("max", ONE, X), Y)),
        ("Abs(x)", call("abs", X)),
        ("exp(-x**2)", call("exp", call("neg", call("pow", X, TWO)))),
        ("plus(x, mult(y, 2))", call("+", X, call("*", Y, TWO))),
        ("pow(x, 3)", call("pow", X, THREE)),
        ("log_abs(x - square(y))", call("log_abs", call("-", X, call("square", Y)))),
        ("max(x + 1, -y)", call("max", call("+", X, ONE), call("neg", Y))),
    ],
)
def test_parse(text: str, expected: Expression) -> None:
    assert parse(text) == expected


@given(expressions(max_leaves=20))
def test_text_parses_back_to_the_same_tree(expression: Expression) -> None:
    assert parse(str(expression)) == expression
    assert parse(str(expression), expression.variables) == expression


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_constants_keep_every_bit(value: float) -> None:
    again = parse(f"x + {Constant(value)}").operands[1]
    assert isinstance(again, Constant)
    assert again.value == value
    assert math.copysign(1, again.value) == math.copysign(1, value)


@given(st.text(alphabet="xy12.+-*/^(), sinmaxe", max_size=30))
def test_any_text_parses_or_is_refused_by_our_errors(text: str) -> None:
    try:
        expression = parse(text)
    except InputError:
        return
    assert parse(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "empty", 0),
        ("   ", "empty", 0),
        ("x +", "expression ends where", 3),
        ("x + * y", r"'\*' stands where", 4),
        ("* x", r"'\*' stands where", 0),
        ("sin()", r"'\)' stands where", 4),
        ("()", r"'\)' stands where", 1),
        ("max(x,)", r"'\)' stands where", 6),
        ("(x + 1", "never closed", 0),
        ("1 + sin(x", "bracket of sin is never closed", 4),
        ("x + 1)", "unmatched", 5),
        ("x, y", "only separate", 1),
        ("(x, y)", "only separate the operands", 2),
        ("2x", r"write 2 \* x", 1),
        ("2 x", r"write 2 \* x", 2),
        ("2(x)", r"write 2 \* \(", 1),
        ("(x)(y)", r"\) \* \(", 3),
        ("x y", r"write x \* y", 2),
        ("x $ y", r"unexpected character '\$'", 2),
        ("x[1]", r"unexpected character '\['", 1),
        ("x = 2", "unexpected character '='", 2),
        ("x ^ y", r"exp\(y \* log\(x\)\)", 2),
        ("x ^ 1.3", r"exp\(1.3 \* log\(x\)\)", 2),
        ("x ^ (1 / 0)", "integer or a half", 2),
        ("1e999", "too large", 0),
        ("-1e999", "too large", 1),
        ("sin * 2", "sin is an operator", 0),
        ("nan", "finite", 0),
        ("x + Inf", "finite", 4),
    ],
)
def test_errors_point_at_the_place(text: str, message: str, column: int) -> None:
    with pytest.raises(ExpressionError, match=message) as caught:
        parse(text)
    assert str(caught.value).splitlines()[-1] == "  " + " " * column + "^"
    assert text.rstrip() in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("1 + sinn(x)", r"unknown operator 'sinn'; did you mean .*sin", 4),
        ("x + sin(x, y)", "'sin' takes 1 operand, not 2", 4),
        ("max(x)", "'max' takes 2 operands, not 1", 0),
        ("erf(x)", "unknown operator 'erf'", 0),
    ],
)
def test_operator_errors_point_at_the_place(text: str, message: str, column: int) -> None:
    with pytest.raises(OperatorError, match=message) as caught:
        parse(text)
    assert str(caught.value).splitlines()[-1] == "  " + " " * column + "^"


def test_long_texts_are_shown_in_part() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse("x + " * 200 + "$ y" + " + x" * 200)
    *_, shown, mark = str(caught.value).splitlines()
    assert len(shown) < 130
    assert shown[mark.index("^")] == "$"


def test_known_variables() -> None:
    assert parse("mass * 2", ["mass", "mult"]).variables == ("mass",)
    with pytest.raises(ExpressionError, match=r"unknown variable 'mas'; did you mean mass\?"):
        parse("mas * 2", ["mass", "mult"])
    with pytest.raises(ExpressionError, match=r"unknown variable 'a'\. The variables are: none"):
        parse("a", [])
    with pytest.raises(ExpressionError, match=r"'mass' is a variable, not a function: write mass \* \("):
        parse("mass(2)", ["mass"])


def test_variables_may_have_the_names_of_operators_and_constants_when_they_are_given() -> None:
    assert parse("sin(sin) + pi + inf", ["sin", "pi", "inf"]).variables == ("sin", "pi", "inf")
    assert parse("pi + x", ["x"]).variables == ("x",)


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(ExpressionError, match="must be text, not float"):
        parse(2.0)  # type: ignore[arg-type]
    with pytest.raises(ExpressionError, match="sequence of names"):
        parse("x", "x")


def test_deep_brackets_do_not_recurse() -> None:
    levels = 20_000
    assert parse("(" * levels + "x" + ")" * levels) == X
    assert parse("sin(" * levels + "x" + ")" * levels).depth == levels + 1
    assert parse("-" * levels + "x").size == levels + 1
