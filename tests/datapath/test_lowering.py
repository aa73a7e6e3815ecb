"""Lowering against exact rational arithmetic, and the accuracy of functions in tables."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr.datapath import Datapath, Kind, WidthLimits, lower
from lat_sr.errors import ExpressionError, InputError
from lat_sr.expression import Call, Constant, Expression, Variable, evaluate, parse
from lat_sr.precision import Precision

NAMES = ("x0", "x1", "x2")

leaves = st.one_of(
    st.sampled_from([Variable(name) for name in NAMES]),
    st.integers(-40, 40).map(lambda n: Constant(n / 8)),
)


def _calls(children: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    binary = st.tuples(st.sampled_from(["+", "-", "*", "min", "max"]), children, children)
    unary = st.tuples(st.sampled_from(["neg", "abs", "square", "relu", "sign", "floor", "ceil"]), children)
    return st.one_of(
        binary.map(lambda t: Call(t[0], (t[1], t[2]))),
        unary.map(lambda t: Call(t[0], (t[1],))),
    )


polynomials = st.recursive(leaves, _calls, max_leaves=6)


def exact(expression: Expression, row: dict[str, Fraction]) -> Fraction:
    """Independent oracle: rational arithmetic without any rounding."""
    if isinstance(expression, Variable):
        return row[expression.name]
    if isinstance(expression, Constant):
        return Fraction(expression.value)
    assert isinstance(expression, Call)
    if not expression.variables:
        # Parts without a variable are computed first and then rounded to the grid of constants.
        value = evaluate(expression, np.zeros((1, 0)), ())[0]
        return Fraction(math.floor(value * 8 + 0.5), 8)
    values = [exact(operand, row) for operand in expression.operands]
    rules = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "min": min,
        "max": max,
        "neg": lambda a: -a,
        "abs": abs,
        "square": lambda a: a * a,
        "relu": lambda a: max(a, Fraction(0)),
        "sign": lambda a: Fraction((a > 0) - (a < 0)),
        "floor": lambda a: Fraction(math.floor(a)),
        "ceil": lambda a: Fraction(math.ceil(a)),
    }
    return Fraction(rules[expression.operator](*values))


@settings(max_examples=300, deadline=None)
@given(polynomials, st.lists(st.tuples(*[st.integers(-32, 31)] * 3), min_size=1, max_size=4))
def test_exact_operators_equal_rational_arithmetic(
    expression: Expression, rows: list[tuple[int, ...]]
) -> None:
    precision = Precision.parse("ap_fixed<6,3,AP_RND_CONV,AP_SAT>")
    datapath = lower(expression, precision, input_names=NAMES, limits=WidthLimits(48, 26, 26))
    if any(node.kind is Kind.CAST and i not in datapath.outputs for i, node in enumerate(datapath.nodes)):
        # A narrowing cast or floor is a rounding step of its own; floor and ceil are covered where they are exact.
        casts = [i for i, n in enumerate(datapath.nodes) if n.kind is Kind.CAST and i not in datapath.outputs]
        if not all(datapath.nodes[i].fraction == 0 for i in casts):
            return
    X = np.array(rows, dtype=np.int64)
    got = datapath.evaluate_integers(X)[:, 0]
    for row, value in zip(rows, got, strict=True):
        truth = exact(expression, {name: Fraction(v, 8) for name, v in zip(NAMES, row, strict=True)})
        assert value == precision.from_float(float(truth))


@settings(max_examples=200, deadline=None)
@given(polynomials, st.lists(st.tuples(*[st.integers(-32, 31)] * 3), min_size=1, max_size=8))
def test_every_node_stays_within_its_bounds(expression: Expression, rows: list[tuple[int, ...]]) -> None:
    datapath = lower(expression, "ap_fixed<6,3>", input_names=NAMES)
    for node, values in zip(datapath.nodes, datapath.node_values(np.array(rows)), strict=True):
        assert node.low <= values.min() and values.max() <= node.high
        assert node.width <= 48


def test_equal_subexpressions_are_one_node_across_outputs() -> None:
    datapath = lower([parse("x0*x1 + x2"), parse("x1*x0 - 1")], "ap_fixed<8,4>")
    assert sum(node.kind is Kind.MULTIPLY for node in datapath.nodes) == 1


def test_multiplication_by_a_constant_is_marked() -> None:
    datapath = lower(parse("0.375*x0"), "ap_fixed<12,6>")
    scales = [node for node in datapath.nodes if node.kind is Kind.SCALE]
    assert [(node.value, node.value_fraction) for node in scales] == [(3, 3)]
    assert not any(node.kind is Kind.MULTIPLY for node in datapath.nodes)


FUNCTIONS = {
    "sin": (-6.0, 6.0),
    "cos": (-6.0, 6.0),
    "tan": (-1.0, 1.0),
    "exp": (-4.0, 3.0),
    "log": (0.25, 30.0),
    "log2": (0.25, 30.0),
    "log10": (0.25, 30.0),
    "log1p": (-0.5, 10.0),
    "log_abs": (0.5, 20.0),
    "sqrt": (0.01, 30.0),
    "sqrt_abs": (-20.0, 20.0),
    "tanh": (-4.0, 4.0),
    "sinh": (-3.0, 3.0),
    "cosh": (-3.0, 3.0),
    "asin": (-0.9, 0.9),
    "acos": (-0.9, 0.9),
    "atan": (-10.0, 10.0),
    "asinh": (-10.0, 10.0),
    "acosh": (1.5, 20.0),
    "atanh": (-0.9, 0.9),
    "gauss": (-3.0, 3.0),
    "inv": (0.25, 20.0),
}


@pytest.mark.parametrize("implementation", ["table", "interp"])
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("argument", ["x0", "x0 + x1"])
def test_functions_are_accurate_on_the_range(name: str, argument: str, implementation: str) -> None:
    low, high = FUNCTIONS[name]
    rng = np.random.default_rng(5)
    X = np.stack([rng.uniform(low, high, 2000), np.zeros(2000)], axis=1)
    expression = parse(f"{name}({argument})")
    precision = Precision.parse("ap_fixed<16,6>")
    names = ("x0", "x1")
    datapath = lower(expression, precision, input_names=names, X=X, implementations=implementation)
    truth = evaluate(expression, np.asarray(precision.quantize(X)), names)
    error = datapath.evaluate(X)[:, 0] - truth
    # The tolerance of one table is 4 units of 2^-10 (root mean square); the truncating result cast adds one half.
    assert np.sqrt(np.mean(error**2)) < 6 * precision.lsb
    assert not datapath.casts_changing(X)


def test_one_variable_part_becomes_one_lookup() -> None:
    X = np.random.default_rng(0).uniform(-2, 2, (500, 2))
    datapath = lower(
        parse("0.3*sin(2*x0 + 1) - 0.5*x0 + x1"), "ap_fixed<16,6>", input_names=["x0", "x1"], X=X
    )
    kinds = [node.kind for node in datapath.nodes]
    assert kinds.count(Kind.LOOKUP) == 1
    assert Kind.SCALE not in kinds and Kind.MULTIPLY not in kinds


@pytest.mark.parametrize("implementation", ["table", "interp"])
@pytest.mark.parametrize("name", ["tanh", "gauss"])
def test_no_entries_are_spent_where_a_function_is_flat(name: str, implementation: str) -> None:
    expression = parse(f"{name}(5*x0*x1)")  # arguments of up to 200; both functions change between -4 and 4
    precision = Precision.parse("ap_fixed<16,6>")
    X, held_out = np.random.default_rng(0).normal(0.0, 3.0, (2, 4000, 2))
    datapath = lower(expression, precision, X=X, implementations=implementation)
    assert max(len(table.entries) for table in datapath.tables) <= 256
    truth = evaluate(expression, np.asarray(precision.quantize(held_out)), ("x0", "x1"))
    error = datapath.evaluate(held_out)[:, 0] - truth
    assert np.sqrt(np.mean(error**2)) < 6 * precision.lsb


def test_data_outside_of_the_range_saturates() -> None:
    X = np.linspace(-1.0, 1.0, 101)[:, None]
    datapath = lower(parse("tanh(x0)"), "ap_fixed<16,6>", X=X)
    far = datapath.evaluate(np.array([[-20.0], [20.0]]))[:, 0]
    assert far[0] == pytest.approx(math.tanh(-1.0), abs=0.05)
    assert far[1] == pytest.approx(math.tanh(1.0), abs=0.05)


def test_overflowing_casts_are_listed() -> None:
    X = np.array([[5.0, 5.0], [1.0, 1.0]])
    datapath = lower(parse("x0*x1"), "ap_fixed<8,4>", input_names=["x0", "x1"], X=X)
    (report,) = datapath.casts_changing(X)
    assert report.rows == 1 and report.high == 25.0
    assert datapath.nodes[report.node].kind is Kind.CAST


def test_sums_of_very_different_magnitudes_stay_within_the_width_limit() -> None:
    X = np.random.default_rng(3).normal(size=(4000, 4)) * 3
    names = ["x0", "x1", "x2", "x3"]
    for precision in ("ap_fixed<16,6>", "ap_fixed<18,8>"):
        formula = parse("inv(x0*x3 - cube(min(log_abs(x2), 1.392)))")
        datapath = lower(formula, precision, input_names=names, X=X)
        assert max(node.width for node in datapath.nodes) <= 48


def test_round_trip_through_json_keeps_the_digest() -> None:
    datapath = lower(parse("sin(x0)*x1 - 0.5"), "ap_fixed<12,6>", ranges={"x0": (-3, 3)})
    again = Datapath.from_dict(datapath.to_dict())
    assert again == datapath
    assert again.digest() == datapath.digest()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x0/0", ExpressionError),
        ("x0*1e30", ExpressionError),
        ("x0 + 1e308", ExpressionError),
        ("x0*x1/1e308", ExpressionError),
        ("x0*x1/exp(1000)", ExpressionError),
    ],
)
def test_what_cannot_be_lowered_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        lower(parse(text), "ap_fixed<16,6>")


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="implementation"):
        lower(parse("sin(x0)"), "ap_fixed<16,6>", implementations="cordic")
    with pytest.raises(ExpressionError, match="unknown variable"):
        lower(parse("sin(x0)"), "ap_fixed<16,6>", input_names=["a"])
    with pytest.raises(InputError, match="range"):
        lower(parse("sin(x0)"), "ap_fixed<16,6>", ranges={"x0": (1.0, math.nan)})
    with pytest.raises(InputError, match="shape"):
        lower(parse("sin(x0)"), "ap_fixed<16,6>", X=np.zeros((3, 2)))
    with pytest.raises(InputError, match="width limits"):
        WidthLimits(node=60)


def test_arguments_too_wide_for_a_range_reduction_are_refused() -> None:
    X = np.linspace(0.0, 2000.0, 64)[:, None]
    with pytest.raises(ExpressionError, match=r"factor in 'sin\(x0 \^ 4\)'.*scale the operand down"):
        lower(parse("sin(x0^4)"), "ap_ufixed<14,11>", X=X)
