"""Values and derivatives of the engine's operators."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from lat_sr import _engine
from lat_sr.operators import OPERATORS

DOMAINS: dict[str, tuple[float, float]] = {
    "asin": (-0.999, 0.999),
    "acos": (-0.999, 0.999),
    "atanh": (-0.99, 0.99),
    "acosh": (1.01, 50.0),
    "sqrt": (1e-3, 100.0),
    "log": (1e-3, 1e4),
    "log2": (1e-3, 1e4),
    "log10": (1e-3, 1e4),
    "log1p": (-0.99, 100.0),
    "inv": (0.05, 100.0),
    "sqrt_abs": (-100.0, -1e-2),
    "log_abs": (-100.0, -1e-2),
    "exp": (-80.0, 80.0),
    "gauss": (-2.0, 2.0),
    "sinh": (-30.0, 30.0),
    "cosh": (-30.0, 30.0),
    "tan": (-1.5, 1.5),
    "sin": (-1000.0, 1000.0),
    "cos": (-1000.0, 1000.0),
}
#: Largest errors in single precision, in units in the last place: of a function, and of what is composed.
LARGEST_ERROR = 4.0
COMPOSED = {"gauss": 88.0}  # half a unit in x * x is up to 87 in exp(-x * x), which ends at exp(-87.3)

UNARY = [name for name in _engine.operator_names() if OPERATORS[name].arity == 1]
BINARY = [name for name in _engine.operator_names() if OPERATORS[name].arity == 2 and name != "pow"]
STEPS = {"sign", "floor", "ceil"}


def tree(name: str) -> _engine.Tree:
    leaves = [("variable", 0.0)] if name in UNARY else [("variable", 0.0), ("variable", 1.0)]
    return _engine.Tree([*leaves, (name, 0.0)])


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_unary_values(name: str, dtype: type) -> None:
    low, high = DOMAINS.get(name, (-8.0, 8.0))
    # Different lengths reach the loops' remainders.
    x = np.linspace(low, high, 5003).astype(dtype)
    values = np.array(_engine.evaluate(tree(name), np.ascontiguousarray(x[:, None])))
    expected = OPERATORS[name].numpy(x.astype(np.float64))
    np.testing.assert_allclose(values, expected, rtol=8 * np.finfo(dtype).eps, atol=np.finfo(dtype).tiny)


@cache
def all_magnitudes() -> np.ndarray:
    """A random float32 from each of 2**20 equal ranges of bit patterns: every sign and exponent, also subnormal."""
    steps = np.arange(2**20, dtype=np.uint64) * 2**12
    patterns = steps + np.random.default_rng(8).integers(0, 2**12, 2**20, dtype=np.uint64)
    values = patterns.astype(np.uint32).view(np.float32)
    # Near multiples of pi/2 the reduction of angles is hardest.
    quadrants = (np.arange(-60_000, 60_000) * (np.pi / 2)).astype(np.float32)
    return np.concatenate(
        [values[np.isfinite(values)], quadrants, np.nextafter(quadrants, np.float32(np.inf))]
    )


@pytest.mark.parametrize("name", [name for name in UNARY if name != "pow"])
def test_errors_of_single_precision_on_all_numbers(name: str) -> None:
    x = all_magnitudes()
    with np.errstate(all="ignore"):
        expected = OPERATORS[name].numpy(x.astype(np.float64))
        representable = np.isfinite(expected.astype(np.float32))
    x, expected = x[representable], expected[representable]
    values = np.array(_engine.evaluate(tree(name), np.ascontiguousarray(x[:, None])))
    # Below the normal numbers a result may be zero.
    unit = np.spacing(np.maximum(np.abs(expected), np.finfo(np.float32).tiny).astype(np.float32))
    error = np.abs(values - expected)
    error[(values == 0) & (np.abs(expected) < np.finfo(np.float32).tiny)] = 0
    assert np.max(error / unit) <= COMPOSED.get(name, LARGEST_ERROR), x[np.argmax(error / unit)]


@pytest.mark.slow
@pytest.mark.parametrize("instruction_set", ["baseline", "avx2", "avx512"])
def test_kernels_of_every_instruction_set(instruction_set: str) -> None:
    """LAT_SR_ISA takes the better instruction sets away for a whole process, so the tests run in one of their own."""
    environment = {**os.environ, "LAT_SR_ISA": instruction_set}
    which = [sys.executable, "-c", "from lat_sr import _engine; print(_engine.instruction_set())"]
    found = subprocess.run(which, env=environment, capture_output=True, text=True, check=False, timeout=60)
    if found.stdout.strip() != instruction_set:
        pytest.skip(f"this processor has no {instruction_set}")
    chosen = "all_numbers or values or derivatives"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, __file__]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout[-3000:]
    assert "passed" in run.stdout


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("constant", ["none", "left", "right", "both"])
def test_binary_values(name: str, constant: str) -> None:
    X = np.random.default_rng(1).uniform(0.5, 3.0, (777, 2)).astype(np.float32)
    left = ("constant", 1.25) if constant in ("left", "both") else ("variable", 0.0)
    right = ("constant", 0.75) if constant in ("right", "both") else ("variable", 1.0)
    values = _engine.evaluate(_engine.Tree([left, right, (name, 0.0)]), X)
    a = np.full(777, 1.25) if left[0] == "constant" else X[:, 0].astype(float)
    b = np.full(777, 0.75) if right[0] == "constant" else X[:, 1].astype(float)
    np.testing.assert_allclose(values, OPERATORS[name].numpy(a, b), rtol=3e-7)


@pytest.mark.parametrize("exponent", range(-4, 7))
def test_power_values(exponent: int) -> None:
    x = np.random.default_rng(2).uniform(0.5, 2.0, (301, 1)).astype(np.float32)
    values = _engine.evaluate(_engine.Tree([("variable", 0.0), ("pow", float(exponent))]), x)
    np.testing.assert_allclose(values, x[:, 0].astype(float) ** exponent, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "argument"),
    [("log", -1.0), ("sqrt", -1.0), ("asin", 1.5), ("acosh", 0.5), ("inv", 0.0), ("exp", 500.0)],
)
def test_values_outside_of_the_domain_make_a_formula_worthless(name: str, argument: float) -> None:
    X = np.ones((40, 1), dtype=np.float32)
    X[17] = argument
    y = np.zeros(40, dtype=np.float32)
    assert _engine.loss(tree(name), X, y, [], "l2", 1.0, np.inf) == np.inf


@pytest.mark.parametrize("name", [*UNARY, *BINARY, "pow"])
def test_derivatives_by_constants_are_those_of_finite_differences(name: str) -> None:
    rng = np.random.default_rng(3)
    X = rng.uniform(0.2, 0.8, (64, 1))
    offset = 1.3 if name == "acosh" else 0.1
    y = rng.normal(size=64)

    def build(a: float, b: float) -> _engine.Tree:
        inner = [("variable", 0.0), ("constant", a), ("*", 0.0), ("constant", b), ("+", 0.0)]
        if name == "pow":
            return _engine.Tree([*inner, ("pow", 3.0)])
        if name in BINARY:
            return _engine.Tree([*inner, ("constant", a + b), ("variable", 0.0), ("+", 0.0), (name, 0.0)])
        return _engine.Tree([*inner, (name, 0.0)])

    a, b = 0.7, offset
    loss, gradient, curvature = _engine.derivatives(build(a, b), X, y, "l2", 1.0)
    assert loss == pytest.approx(_engine.loss(build(a, b), X, y, [], "l2", 1.0, np.inf))
    steps = 1e-6
    by_a, by_b = np.array(gradient[:2])
    if name in BINARY:  # the third constant is a + b
        by_a, by_b = by_a + gradient[2], by_b + gradient[2]
    for value, plus, minus in (
        (by_a, build(a + steps, b), build(a - steps, b)),
        (by_b, build(a, b + steps), build(a, b - steps)),
    ):
        difference = _engine.loss(plus, X, y, [], "l2", 1.0, np.inf) - _engine.loss(
            minus, X, y, [], "l2", 1.0, np.inf
        )
        assert value == pytest.approx(difference / (2 * steps), rel=2e-4, abs=1e-7)
    count = len(gradient)
    matrix = np.tril(np.array(curvature).reshape(count, count))
    full = matrix + matrix.T - np.diag(np.diag(matrix))
    assert np.linalg.eigvalsh(full).min() >= -1e-9 * max(1.0, np.abs(full).max())
    if name in STEPS:
        assert not np.any(gradient)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_scorer_gives_the_losses_of_single_trees(threads: int) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(1300, 3)).astype(np.float32)
    y = rng.normal(size=1300).astype(np.float32)
    trees = [tree(name) for name in ("sin", "exp", "tanh", "square")]
    single = [_engine.loss(one, X, y, [], "l1", 1.0, np.inf) for one in trees]
    scorer = _engine.ScorerFloat(X, y, "l1", 1.0, np.inf)
    assert scorer.losses(trees, threads) == single
    assert scorer.losses([], threads) == []
    with pytest.raises(ValueError, match="variable 3 of data with 3 columns"):
        scorer.losses([_engine.Tree([("variable", 3.0)])], threads)
    with pytest.raises(ValueError, match="same number of rows"):
        _engine.ScorerFloat(X, y[:-1], "l1", 1.0, np.inf)


def test_the_roofline_is_a_rate() -> None:
    assert _engine.roofline(["*"], 0.01, 1) > 0
    assert _engine.roofline(["*", "tan"], 0.01, 1) < _engine.roofline(["*", "+"], 0.01, 1)
    with pytest.raises(ValueError, match="at least one"):
        _engine.roofline([], 0.01, 1)


FUSED_FIRST = {"+": np.add, "-": np.subtract, "*": np.multiply}
LEAVES = {"a": ("variable", 0.0), "b": ("variable", 1.0), "c": ("variable", 2.0)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("first", FUSED_FIRST)
@pytest.mark.parametrize("second", [*FUSED_FIRST, "square"])
@pytest.mark.parametrize("scalars", ["", "a", "b", "c", "ac", "bc"])
def test_values_of_two_operations_in_one_pass(
    dtype: type[np.floating], first: str, second: str, scalars: str
) -> None:
    X = np.random.default_rng(3).normal(size=(1021, 3)).astype(dtype)
    scalar = {"a": 1.1, "b": -0.7, "c": 0.3}
    a, b, c = (
        np.full(1021, scalar[name], dtype) if name in scalars else X[:, i] for i, name in enumerate("abc")
    )
    nodes = {name: ("constant", scalar[name]) if name in scalars else leaf for name, leaf in LEAVES.items()}
    both = [nodes["a"], nodes["b"], (first, 0.0)]
    t = FUSED_FIRST[first](a, b)
    if second == "square":
        cases = [(both, t * t)]
    else:
        combine = FUSED_FIRST[second]
        cases = [([*both, nodes["c"]], combine(t, c)), ([nodes["c"], *both], combine(c, t))]
    for operands, expected in cases:
        values = _engine.evaluate(_engine.Tree([*operands, (second, 0.0)]), X)
        np.testing.assert_array_equal(np.array(values, dtype), expected)


def test_values_of_sums_and_products_are_those_of_numpy() -> None:
    X = np.random.default_rng(4).normal(size=(999, 4)).astype(np.float32)
    rng = np.random.default_rng(5)

    def grow(size: int) -> tuple[list[tuple[str, float]], np.ndarray]:
        if size <= 1:
            if rng.random() < 0.3:
                value = float(np.float32(rng.normal()))
                return [("constant", value)], np.full(999, value, np.float32)
            column = int(rng.integers(4))
            return [("variable", float(column))], X[:, column]
        name = str(rng.choice(list(FUSED_FIRST)))
        left, x = grow(int(rng.integers(1, size)))
        right, y = grow(size - 1 - len(left))
        return [*left, *right, (name, 0.0)], FUSED_FIRST[name](x, y)

    for _ in range(300):
        nodes, expected = grow(int(rng.integers(3, 40)))
        values = np.array(_engine.evaluate(_engine.Tree(nodes), X), np.float32)
        if np.isfinite(expected).all():
            np.testing.assert_array_equal(values, expected)
