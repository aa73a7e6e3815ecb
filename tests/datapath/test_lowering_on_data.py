"""Formulas lowered on data: the core's values are those of numpy, and its intervals hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lat_sr import _engine
from lat_sr.datapath import WidthLimits
from lat_sr.datapath.graph import MAXIMUM_WIDTH
from lat_sr.datapath.lowering import Lowering, quantised
from lat_sr.datapath.native import native_datapath
from lat_sr.errors import ExpressionError, InputError, LatSrError
from lat_sr.expression import Call, Constant, Expression, Variable, evaluate, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.operators import OPERATORS
from lat_sr.precision import Overflow, Precision, Quantization

NAMES = ("x0", "x1", "x2")
OPERATOR_NAMES = _engine.operator_names()
PRECISIONS = (
    "ap_fixed<12,6>",
    "ap_fixed<16,6>",
    "ap_fixed<18,8>",
    "ap_fixed<16,6,AP_RND,AP_SAT>",
    "ap_fixed<14,5,AP_RND_CONV,AP_SAT_SYM>",
    "ap_ufixed<12,4>",
    "ap_ufixed<10,3,AP_TRN_ZERO,AP_SAT_ZERO>",
)


def random_expression(rng: np.random.Generator, size: int) -> Expression:
    """A tree of about ``size`` nodes over all operators of the core."""
    if size <= 1:
        if rng.random() < 0.25:
            return Constant(float(np.round(rng.normal() * rng.choice([0.1, 1.0, 10.0]), 4)))
        return Variable(str(rng.choice(NAMES)))
    operator = OPERATORS[str(rng.choice(OPERATOR_NAMES if rng.random() < 0.6 else ("+", "-", "*")))]
    if operator.name == "pow":
        exponent = Constant(float(rng.integers(-3, 7)))
        return Call("pow", (random_expression(rng, size - 1), exponent))
    if operator.arity == 1:
        return Call(operator.name, (random_expression(rng, size - 1),))
    left = int(rng.integers(1, max(2, size - 1)))
    return Call(operator.name, (random_expression(rng, left), random_expression(rng, size - 1 - left)))


def data(rng: np.random.Generator, precision: Precision, rows: int) -> NDArray[np.float64]:
    X = rng.normal(size=(rows, len(NAMES))) * rng.choice([0.3, 1.0, 3.0], len(NAMES))
    return X if precision.signed else np.abs(X)


def is_lowered(lowering: Lowering, roots: list[Expression], X: NDArray[Any], **options: Any) -> bool:
    """Whether the formulas can be lowered; what comes out must hold together, and be what a fresh lowering gives."""
    fresh = Lowering(lowering.precision, NAMES, X=X, **options)
    try:
        found = lowering.lower(roots)
    except LatSrError as error:
        with pytest.raises(type(error)):
            fresh.lower(roots)
        return False
    datapath = found.datapath
    assert fresh.lower(roots).datapath == datapath, roots
    ports = np.asarray(lowering.precision.from_float(X))
    values = datapath.node_values(ports)
    for node, column in zip(datapath.nodes, values, strict=True):
        assert node.low <= column.min() and column.max() <= node.high, roots
        assert node.width <= MAXIMUM_WIDTH, roots  # what is above a limit is narrowed by a node of its own
    outputs = np.stack([values[i] for i in datapath.outputs], axis=1)
    np.testing.assert_array_equal(found.values, outputs, str(roots))
    np.testing.assert_array_equal(native_datapath(datapath).evaluate(ports), outputs, str(roots))
    return True


@pytest.mark.no_cover
@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["table", "interp"])
@pytest.mark.parametrize("text", PRECISIONS)
def test_random_trees(text: str, implementation: str) -> None:
    rng = np.random.default_rng([len(text), ord(implementation[0])])
    precision = Precision.parse(text)
    lowered = 0
    for rows in (1, 40, 200):
        X = data(rng, precision, rows)
        lowering = Lowering(precision, NAMES, X=X, implementations=implementation)
        for _ in range(70):
            roots = [
                random_expression(rng, int(rng.integers(1, 16))) for _ in range(rng.choice([1, 1, 1, 2, 3]))
            ]
            lowered += is_lowered(lowering, roots, X, implementations=implementation)
    assert lowered > 100


@pytest.mark.parametrize("implementation", ["table", "interp"])
@pytest.mark.parametrize("name", [n for n in OPERATOR_NAMES if OPERATORS[n].arity == 1])
def test_every_function_of_one_and_of_two_variables(name: str, implementation: str) -> None:
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.uniform(0.1, 0.9, 150), rng.uniform(0, 0.1, 150), rng.uniform(1, 30, 150)])
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X, implementations=implementation)
    for inner in ("x0", "x0 + x1", "0.5*x0 - 0.25*x1", "x2", "x2 + x0", "x0*x1*x2*x2"):
        root = Call(name, (parse(inner),))
        is_lowered(lowering, [root, Call("*", (root, Variable("x1")))], X, implementations=implementation)


@pytest.mark.parametrize(
    "options",
    [
        {"limits": WidthLimits(node=30, multiplicand=16, multiplier=10)},
        {"limits": WidthLimits(node=52, multiplicand=34, multiplier=18)},
        {"constant_fraction": 15},
        {"constant_fraction": -2},
        {"table_tolerance": 0.25},
        {"implementations": {"exp": "interp", "/": "interp"}},
    ],
    ids=str,
)
def test_options(options: dict[str, Any]) -> None:
    rng = np.random.default_rng(11)
    X = data(rng, Precision.parse("ap_fixed<16,6>"), 60)
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X, **options)
    for _ in range(100):
        is_lowered(lowering, [random_expression(rng, int(rng.integers(3, 20)))], X, **options)


@pytest.mark.no_cover
@pytest.mark.slow
def test_unusual_formats() -> None:
    rng = np.random.default_rng(19)
    modes = list(Quantization), list(Overflow)
    for _ in range(40):
        width, integer = int(rng.integers(3, 40)), int(rng.integers(-8, 30))
        q, o = (chosen[rng.integers(len(chosen))] for chosen in modes)
        precision = Precision(width, integer, bool(rng.integers(2)), q, o)
        X = rng.uniform(precision.minimum, precision.maximum, (30, 3)) * rng.choice([1.0, 0.1, 1e-3])
        implementation = str(rng.choice(["table", "interp"]))
        lowering = Lowering(precision, NAMES, X=X, implementations=implementation)
        for _ in range(8):
            roots = [random_expression(rng, int(rng.integers(1, 12)))]
            is_lowered(lowering, roots, X, implementations=implementation)


@pytest.mark.parametrize("columns", [(0.0, 0.0, 0.0), (1.0, -2.0, 0.25), (31.9, -32.0, 31.9)])
def test_constant_columns(columns: tuple[float, ...]) -> None:
    rng = np.random.default_rng(12)
    X = np.tile(columns, (5, 1))
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X)
    for _ in range(100):
        is_lowered(lowering, [random_expression(rng, int(rng.integers(1, 12)))], X)


@pytest.mark.parametrize(
    "text",
    [
        "3 / 7",
        "x0 / 3",
        "x0 / 1e-3",
        "sin(0.5) * x0 + exp(1.5)",
        "x0 - x0",
        "sign(x0 - x0) + x1",
        "x0 * (x1 - x1)",
        "max(x0, x0)",
        "x0 * 0 + 1",
        "pow(x0, 0) + pow(x1, 1)",
        "x0 ^ 13 * x1 ^ 9",
        "log1p(x0 * x0 + x1 * x1)",
        "log_abs(x0 * x1)",
        "sqrt_abs(x0 * x1) / (x0 + x1)",
        "x0 * x1 * x2 * x0 * x1 * x2 * x0 * x1 * x2",
        "-(-x0)",
        "abs(x0 * x1) * -1",
        "floor(x0 * x1) + ceil(x0 / 4)",
        # Halfway between two table entries, so that the last bit of a function decides.
        "exp(log(x2))",
        "atan(tan(x0))",
        "atanh(tanh(x1))",
        "ceil(tanh(7.795 * x2))",
        "floor(tanh(cube(x1 - 0.5236)))",
    ],
)
def test_special_forms(text: str) -> None:
    rng = np.random.default_rng(13)
    X = rng.normal(size=(80, 3))
    for implementation in ("table", "interp"):
        lowering = Lowering("ap_fixed<16,6>", NAMES, X=X, implementations=implementation)
        assert is_lowered(lowering, [parse(text)], X, implementations=implementation)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x0 / 0", "no finite value"),
        ("x0 * x1 / 0", "division by"),
        ("x0 * x1 / (1 - 1)", "division by"),
        ("x0 * x1 + log(-1)", "beyond fixed point"),
        ("x0 + 1e300", "needs more than 48 bits"),
        ("x0 + 1e308", "beyond fixed point"),
        ("x0 * x1 / 1e308", "beyond fixed point"),
        ("x0 * x1 / exp(1000)", "division by"),
        ("x0 * 140737488355327", "a factor in .* needs so many bits"),
        ("sqrt(-1 - x0*x0 - x1*x1)", "no finite value"),
        ("log(-1 - x0*x0)", "no finite value"),
        ("exp(x0 * x1 * 100)", "exp of values"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    X = np.random.default_rng(14).normal(size=(50, 3))
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X)
    with pytest.raises(ExpressionError, match=reason):
        lowering.lower(parse(text))
    # The next formula is none the worse.
    assert is_lowered(lowering, [parse("x0*x1 + x2")], X)
    assert lowering.lowerable([tree_of(parse(t), NAMES) for t in (text, "x0")]) == [False, True]


@pytest.mark.parametrize("rows", [5000, 8191, 8192, 20_001])
def test_many_rows(rows: int) -> None:
    # Errors are judged on a part of the rows, summed up as numpy does.
    X = np.random.default_rng(rows).normal(size=(rows, 3))
    for implementation in ("table", "interp"):
        lowering = Lowering("ap_fixed<16,6>", NAMES, X=X, implementations=implementation, table_tolerance=1.0)
        for text in ("x0*x1*x2 + 0.3*x0", "sin(x0) * exp(0.5*x1)", "log_abs(x0*x1) / (x2*x2 + 1.5)"):
            roots = [parse(text)]
            assert is_lowered(lowering, roots, X, implementations=implementation, table_tolerance=1.0)


@pytest.mark.parametrize("name", OPERATOR_NAMES)
def test_function_values_are_those_of_the_operator_table(name: str) -> None:
    x = np.concatenate([np.linspace(-40, 40, 2001), [0.0, 1.0, -1.0, 1e-9, 1e300, -1e300]])
    call = Variable("x")
    if name == "pow":
        roots: list[Expression] = [Call("pow", (call, Constant(float(n)))) for n in range(-3, 6)]
    elif OPERATORS[name].arity == 1:
        roots = [Call(name, (call,))]
    else:
        roots = [Call(name, (call, Constant(0.75))), Call(name, (parse("log(x)"), call))]
    for root in roots:
        found = _engine.function_values(tree_of(root, ("x",)), x)
        np.testing.assert_allclose(found, evaluate(root, x[:, None], ("x",)), rtol=5e-15, atol=1e-300)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 60, reason="long double is no wider than double here")
@pytest.mark.parametrize(
    ("name", "scales", "limit"),
    [
        ("exp", (1.0, 700.0), 1.0),
        ("log", (1.0, 1e-300, 1e300), 1.0),
        ("sin", (4.0, 5e5), 1.0),
        ("cos", (4.0, 5e5), 1.0),
        ("sinh", (0.01, 1.0, 40.0, 700.0), 3.0),
        ("cosh", (0.01, 1.0, 40.0, 700.0), 3.0),
        ("tanh", (0.01, 1.0, 40.0), 3.0),
    ],
)
def test_errors_of_function_values(name: str, scales: tuple[float, ...], limit: float) -> None:
    rng = np.random.default_rng(18)
    x = np.concatenate([scale * rng.uniform(-1, 1, 50_000) for scale in scales])
    x = np.concatenate([x, np.arange(1, 9999) * (np.pi / 2) if name in ("sin", "cos") else 1 + 1e-4 * x])
    x = np.abs(x) if name == "log" else x
    found = np.array(_engine.function_values(tree_of(Call(name, (Variable("x"),)), ("x",)), x))
    exact = getattr(np, name)(x.astype(np.longdouble))
    errors = np.abs(found - exact) / np.spacing(np.abs(exact.astype(np.float64)))
    assert errors.max() < limit


def test_function_values_take_one_variable() -> None:
    with pytest.raises(ValueError, match="one variable"):
        _engine.function_values(tree_of(parse("x0 + x1"), NAMES), np.zeros(3))


formats = st.builds(
    Precision,
    st.integers(2, 52),
    st.integers(-80, 80),
    st.booleans(),
    st.sampled_from(Quantization),
    st.sampled_from(Overflow),
)


@given(
    formats,
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    st.integers(-60, 60),
)
@settings(max_examples=400)
def test_quantisation_is_that_of_the_precision(
    precision: Precision, values: list[float], exponent: int
) -> None:
    # Whole and half steps of the format beside numbers of any size.
    steps = np.ldexp(np.arange(-4.0, 5.0), exponent)
    X = np.concatenate([values, steps, np.ldexp(np.arange(-9.0, 10.0), -precision.fraction - 1)])[:, None]
    np.testing.assert_array_equal(quantised(X, precision), precision.from_float(X))


def test_values_are_what_the_circuit_computes() -> None:
    X = np.random.default_rng(16).normal(size=(500, 3))
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X)
    lowered = lowering.lower([parse("x0*x1 - sin(x2)"), parse("2.5")])
    ports = lowering.precision.from_float(X)
    np.testing.assert_array_equal(lowered.values, native_datapath(lowered.datapath).evaluate(ports))
    assert lowered.datapath.input_names == NAMES


def test_more_rows_than_every_column_is_kept_of() -> None:
    # 4 MB a column of 32 MiB for all; the others are worked off block by block where they are needed.
    X = np.random.default_rng(17).normal(size=(500_003, 3))
    lowering = Lowering("ap_fixed<16,6>", NAMES, X=X)
    text = "(x0*x1 - x2)*(x0 + 0.3*x2)*(x1*x1 - x0*x2) + sin(x0*x1 - x2)*exp(x1 - 0.4*x2) - max(x0*x2, x1)"
    assert is_lowered(lowering, [parse(text)], X)


def test_equal_results_after_other_formulas() -> None:
    # Plans of tables are kept from one formula to the next, until their memory is full.
    rng = np.random.default_rng(17)
    X = rng.normal(size=(60, 3))
    formula = parse("tanh(0.7*x0) + exp(x1*x2)")
    lowering = Lowering("ap_fixed<18,6>", NAMES, X=X, table_tolerance=0.1)
    first = lowering.lower(formula)
    others = [tree_of(parse(f"sin({c}*x0) + exp({c}*x1)"), NAMES) for c in rng.uniform(0.5, 1.5, 1500)]
    assert all(lowering.lowerable(others))
    again = lowering.lower(formula)
    assert again.datapath == first.datapath
    np.testing.assert_array_equal(again.values, first.values)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="shape"):
        Lowering("ap_fixed<16,6>", NAMES, X=np.zeros(3))
    with pytest.raises(InputError, match="no rows"):
        Lowering("ap_fixed<16,6>", NAMES, X=np.zeros((0, 3)))
    with pytest.raises(InputError, match="NaN"):
        Lowering("ap_fixed<16,6>", ["a"], X=[[np.nan]])
    with pytest.raises(InputError, match="input names"):
        Lowering("ap_fixed<16,6>", ["a"], X=np.zeros((2, 3)))
    with pytest.raises(InputError, match="allowed are"):
        Lowering("ap_fixed<16,6>", NAMES, X=np.zeros((2, 3)), implementations="cordic")
    with pytest.raises(InputError, match="at least one"):
        Lowering("ap_fixed<16,6>", NAMES, X=np.zeros((2, 3))).lower([])
