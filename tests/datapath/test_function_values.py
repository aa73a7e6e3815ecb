"""Values of functions are the core's where it has them, numpy's elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lat_sr import _engine
from lat_sr.datapath.function_values import constant_value, exp2, function_of, operator_function
from lat_sr.expression import evaluate, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.operators import OPERATORS

X = np.linspace(-3.0, 3.0, 1201)


@pytest.mark.parametrize(
    "text", ["exp(log(x0)) / (1 + square(x0))", "x0 ^ 7 - 0.3", "sin(cos(x0)) * tanh(x0)"]
)
def test_functions_of_the_core(text: str) -> None:
    expression = parse(text)
    found = function_of(expression, "x0")(X)
    np.testing.assert_array_equal(found, _engine.function_values(tree_of(expression, ("x0",)), X))
    np.testing.assert_allclose(found, evaluate(expression, X[:, None]), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("text", ["sin(x0) ^ 5000", "(x0 + 4) ^ -1025"])
def test_powers_that_the_core_lacks(text: str) -> None:
    expression = parse(text)
    with pytest.raises(ValueError, match="exponent"):
        tree_of(expression, ("x0",))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(function_of(expression, "x0")(X), evaluate(expression, X[:, None]))


@pytest.mark.parametrize("name", sorted(name for name, operator in OPERATORS.items() if operator.arity == 1))
def test_every_unary_operator(name: str) -> None:
    with np.errstate(all="ignore"):
        expected = OPERATORS[name].numpy(X)
    np.testing.assert_allclose(operator_function(name)(X), expected, rtol=1e-14, atol=1e-300)


def test_arrays_that_are_not_contiguous() -> None:
    np.testing.assert_array_equal(operator_function("exp")(X[::3]), operator_function("exp")(X)[::3])
    np.testing.assert_array_equal(exp2(X[::3]), exp2(X)[::3])


def test_constants() -> None:
    assert constant_value(parse("sqrt(2) * 3")) == math.sqrt(2) * 3
    assert math.isnan(constant_value(parse("log(-1)")))


def test_powers_of_two() -> None:
    np.testing.assert_allclose(exp2(X), 2.0**X, rtol=1e-15)
    assert exp2(np.array([-3.0, 0.0, 10.0])).tolist() == [0.125, 1.0, 1024.0]
