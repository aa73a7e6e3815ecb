from __future__ import annotations

import numpy as np
import pytest
import sympy
from expression_strategies import expressions
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr.expression import Call, Constant, Expression, Variable, evaluate, parse, to_latex

X = Variable("x")


@pytest.mark.parametrize(
    "text",
    [
        "x + y - z",
        "x - (y - z)",
        "x - (y + z)",
        "x + (y + z)",
        "x * y / z",
        "x / (y * z)",
        "x * (y / z)",
        "(x + y) * z",
        "-x * y",
        "-(x * y)",
        "x * -y",
        "x - -y",
        "-(-x)",
        "-x ^ 2",
        "(-x) ^ 2",
        "(-2.0) ^ 2",
        "-2.0 ^ 2",
        "-(2.0)",
        "-(-2.0)",
        "(x ^ 2) ^ 3",
        "x ^ -2",
        "sin(x) ^ 2",
        "2.0 * x ^ 3 + -1.5",
        "max(x + 1.0, -y)",
        "sin(x + y) * 1e-05",
        "log_abs(x)",
    ],
)
def test_brackets_are_the_fewest(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("((x * 2)) + (y)", "x * 2.0 + y"),
        ("(x + y) + z", "x + y + z"),
        ("plus(x, y)", "x + y"),
        ("Abs(x)", "abs(x)"),
        ("x**2.0", "x ^ 2"),
        ("neg(x)", "-x"),
        ("-2*x", "-2.0 * x"),
    ],
)
def test_text_is_canonical(written: str, printed: str) -> None:
    assert str(parse(written)) == printed


def test_one_constant_object_as_number_and_as_exponent() -> None:
    two = Constant(2.0)
    assert parse(str(Call("*", (Call("pow", (X, two)), two)))) == parse("x ^ 2 * 2.0")


@given(expressions(("+", "-", "*", "/", "neg", "pow", "sin", "max"), constants=st.floats(-9, 9)))
def test_text_means_the_same_in_python(expression: Expression) -> None:
    """Python and Julia, in which PySR takes guesses, agree on the precedence of ``+ - * / ^`` and of signs."""
    data = np.random.default_rng(0).normal(size=(5, 3))
    names = {f"x{i}": column for i, column in enumerate(data.T)}
    code = str(expression).replace("^", "**")
    with np.errstate(all="ignore"):
        try:
            expected = eval(code, {"sin": np.sin, "max": np.maximum, **names})
        except (ZeroDivisionError, OverflowError):
            return
    values = evaluate(expression, data)
    known = np.isfinite(values)
    # Python's complex and integer powers of constants aside, the values are those of numpy.
    if np.isrealobj(expected):
        expected = np.broadcast_to(expected, values.shape)
        assert values[known] == pytest.approx(expected[known], rel=1e-6)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("x0", "x_{0}"),
        ("x_12", "x_{12}"),
        ("x", "x"),
        ("j_mass", r"\mathrm{j\_mass}"),
        ("x / y", r"\frac{x}{y}"),
        ("(x / y) ^ 2", r"\left(\frac{x}{y}\right)^{2}"),
        ("x * (y / 2)", r"x \cdot \frac{y}{2}"),
        ("x * -y", r"x \cdot \left(-y\right)"),
        ("x * -2", r"x \cdot \left(-2\right)"),
        ("-2 * x", r"-2 \cdot x"),
        ("x + -2", "x - 2"),
        ("x - -2", "x + 2"),
        ("x + -y", "x - y"),
        ("square(x + 1)", r"\left(x + 1\right)^{2}"),
        ("cube(sin(x))", r"\sin\left(x\right)^{3}"),
        ("sqrt(x)", r"\sqrt{x}"),
        ("sqrt_abs(x)", r"\sqrt{\left|x\right|}"),
        ("log_abs(x)", r"\log\left|x\right|"),
        ("gauss(x + y)", r"\exp\left(-\left(x + y\right)^{2}\right)"),
        ("log2(x) + log10(x)", r"\log_{2}\left(x\right) + \log_{10}\left(x\right)"),
        ("log1p(-x)", r"\log\left(1 + -x\right)"),
        ("asinh(x)", r"\operatorname{arsinh}\left(x\right)"),
        ("max(x, floor(y))", r"\max\left(x, \left\lfloor y \right\rfloor\right)"),
        ("1e-7 * x", r"1 \cdot 10^{-7} \cdot x"),
        ("2.5e20 + x", r"2.5 \cdot 10^{20} + x"),
        ("inv(x)", r"\frac{1}{x}"),
    ],
)
def test_latex(text: str, latex: str) -> None:
    assert to_latex(parse(text)) == latex


def test_latex_digits() -> None:
    assert to_latex(parse("0.35837 * x - 123456.0"), digits=3) == r"0.358 \cdot x - 1.23 \cdot 10^{5}"


@settings(max_examples=40)
@given(expressions())
def test_latex_braces_balance(expression: Expression) -> None:
    latex = to_latex(expression)
    level = 0
    for character in latex:
        level += {"{": 1, "}": -1}.get(character, 0)
        assert level >= 0
    assert level == 0
    assert latex.count(r"\left") == latex.count(r"\right")


def test_latex_is_math_that_matplotlib_can_typeset() -> None:
    mathtext = pytest.importorskip("matplotlib.mathtext")
    text = "sin(x0) / (1 + exp(-x1)) - log_abs(mass) * sqrt(x2) + max(x0, 2) ^ 3 - gauss(x0)"
    assert mathtext.MathTextParser("agg").parse(f"${to_latex(parse(text))}$")


def test_text_is_read_by_sympy() -> None:
    x, y = sympy.symbols("x y")
    assert sympy.sympify(str(parse("-x ^ 2 / (y - -2) * sin(x)"))) == -(x**2) * sympy.sin(x) / (y + 2.0)
