from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import sympy
from julia_definitions import python_of_julia

from lat_sr.errors import OperatorError
from lat_sr.expression import evaluate, from_sympy, parse
from lat_sr.operators import OPERATORS, Domain, closest_names, get_operator
from lat_sr.precision import Precision
from lat_sr.profiling.operators import Subject

TRIGONOMETRIC = (
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
)

# The definitions, in Python's own functions: an oracle that shares nothing with the table.
MEANING = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "neg": lambda x: -x,
    "abs": abs,
    "square": lambda x: x * x,
    "cube": lambda x: x * x * x,
    "sqrt": math.sqrt,
    "sqrt_abs": lambda x: math.sqrt(abs(x)),
    "exp": math.exp,
    "log": math.log,
    "log_abs": lambda x: math.log(abs(x)),
    "log2": math.log2,
    "log10": math.log10,
    "log1p": math.log1p,
    "gauss": lambda x: math.exp(-x * x),
    "min": min,
    "max": max,
    "relu": lambda x: x if x > 0 else 0.0,
    "sign": lambda x: (x > 0) - (x < 0),
    "floor": math.floor,
    "ceil": math.ceil,
    "inv": lambda x: 1 / x,
    "pow": lambda x, n: x ** int(n),
} | {n: getattr(math, n) for n in TRIGONOMETRIC}

POINTS = (-3.0, -1.5, -1.0, -0.75, -0.25, 0.0, 0.25, 0.5, 1.0, 1.75, 4.0)


def grid(name: str) -> np.ndarray:
    """Operands: pairs of points; the second is the exponent -2 for pow."""
    seconds = (-2.0,) if name == "pow" else POINTS
    return np.array([(x, y) for x in POINTS for y in seconds])


def test_every_operator_has_a_definition_here() -> None:
    assert set(OPERATORS) == set(MEANING)


def test_the_table_is_read_only() -> None:
    with pytest.raises(TypeError):
        OPERATORS["sin"] = OPERATORS["cos"]  # type: ignore[index]


@pytest.mark.parametrize("name", MEANING)
def test_values_and_domain(name: str) -> None:
    operator = OPERATORS[name]
    for row in grid(name):
        operands = row[: operator.arity]
        try:
            expected = float(MEANING[name](*(float(v) for v in operands)))
        except (ValueError, ZeroDivisionError):
            expected = math.nan
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = float(operator.numpy(*operands))
        assert value == pytest.approx(expected, rel=1e-14, nan_ok=True), operands
        inside = all(d.contains(v) for d, v in zip(operator.domain, operands, strict=True))
        if name != "pow":
            assert inside == (not math.isnan(expected)), operands


@pytest.mark.parametrize("name", MEANING)
def test_arrays_broadcast_and_nan_passes_through(name: str) -> None:
    operator = OPERATORS[name]
    operands = [np.array([[0.5], [np.nan]]), np.array([2.0, 3.0, 4.0])][: operator.arity]
    values = operator.numpy(*operands)
    assert values.dtype == np.float64
    assert values.shape == np.broadcast_shapes(*(o.shape for o in operands))
    assert np.isnan(values[1]).all()
    assert not np.isnan(operator.numpy(*[np.array([1.0])] * operator.arity)).any() or name == "atanh"


@pytest.mark.parametrize("name", MEANING)
def test_sympy_means_the_same(name: str) -> None:
    operator = OPERATORS[name]
    x, y = sympy.symbols("x y")
    symbolic = operator.sympy(*(x, sympy.Integer(-2) if name == "pow" else y)[: operator.arity])
    back = from_sympy(symbolic)
    rows = grid(name)
    values = operator.numpy(*rows.T[: operator.arity])
    inside = np.isfinite(values)
    assert evaluate(back, rows, ["x", "y"])[inside] == pytest.approx(values[inside], rel=1e-13)
    for row, value in zip(rows[inside], values[inside], strict=True):
        exact = complex(symbolic.subs({x: sympy.Rational(row[0]), y: sympy.Rational(row[1])}).evalf(20))
        assert exact.real == pytest.approx(value, rel=1e-13)
        assert exact.imag == 0


@pytest.mark.parametrize("name", MEANING)
def test_exact_operators_need_no_table(name: str) -> None:
    operator = OPERATORS[name]
    assert operator.implementations in (("exact",), ("table", "interp"))
    datapath = Subject(name, operator.implementations[0]).datapath(Precision(16, 6))
    assert operator.is_exact == (not datapath.tables)


@pytest.mark.parametrize("name", MEANING)
def test_text_and_latex_render_with_balanced_braces(name: str) -> None:
    operator = OPERATORS[name]
    text = operator.text.template.format("x", "y")
    assert parse(text if name != "pow" else text.replace("y", "2")).operator == name  # type: ignore[attr-defined]
    latex = operator.latex.template.format("x", "y")
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    assert "x" in latex
    assert ("y" in latex) == (operator.arity == 2)
    assert (
        len(operator.text.operands) == len(operator.latex.operands) == len(operator.domain) == operator.arity
    )


@pytest.mark.parametrize("name", [name for name, operator in OPERATORS.items() if operator.julia is not None])
def test_julia_definitions_of_what_pysr_lacks(name: str) -> None:
    definition = OPERATORS[name].julia
    assert definition is not None
    defined, function = python_of_julia(definition)
    assert defined == name
    for x in (-2.5, -1.0, 0.5, 3.0):
        assert function(x) == pytest.approx(MEANING[name](x), rel=1e-15)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("plus", "+"),
        ("add", "+"),
        ("mult", "*"),
        ("sub", "-"),
        ("div", "/"),
        ("Abs", "abs"),
        ("^", "pow"),
        ("**", "pow"),
        ("Max", "max"),
        ("ceiling", "ceil"),
        ("safe_log", "log"),
        ("ln", "log"),
        ("arcsin", "asin"),
        ("sin", "sin"),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert get_operator(alias) is OPERATORS[name]


def test_no_two_operators_share_a_name() -> None:
    names = [n for o in OPERATORS.values() for n in (o.name, *o.aliases)]
    assert len(names) == len(set(names))


def test_unknown_operator_lists_the_nearest_and_all() -> None:
    with pytest.raises(OperatorError, match=r"unknown operator 'sinn'; did you mean .*\bsin\b.*\?") as caught:
        get_operator("sinn")
    for name in MEANING:
        assert f" {name}" in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_closest_names_ends_the_sentence() -> None:
    assert closest_names("Mass", ["mass", "mult"]) == "; did you mean mass?"
    assert closest_names("zzz", ["mass", "mult"]) == "."


def test_domain() -> None:
    domain = Domain(-1.0, 2.0, upper_open=True, poles=(0.5,))
    assert domain.contains([-1.1, -1.0, 0.0, 0.5, 1.9, 2.0, np.nan]).tolist() == [0, 1, 1, 0, 1, 0, 0]
    assert domain.julia("x") == "x >= -1 && x < 2 && x != 0.5"
    assert not domain.is_everywhere
    assert Domain().is_everywhere
