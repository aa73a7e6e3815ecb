"""The core's integer evaluation is the datapath's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from expression_strategies import expressions
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.datapath import Datapath, Kind, Node, lower
from lat_sr.datapath.native import native_datapath
from lat_sr.errors import ExpressionError
from lat_sr.expression import Expression, parse
from lat_sr.precision import Overflow, Precision, Quantization

formats = st.builds(
    lambda width, fraction, signed, q, o: Precision(width, width - fraction, signed, q, o),
    st.integers(3, 18),
    st.integers(-3, 12),
    st.booleans(),
    st.sampled_from(Quantization),
    st.sampled_from(Overflow),
)


@given(formats, formats, st.integers(0, 2**32))
@settings(max_examples=300)
def test_casts_of_all_modes(source: Precision, target: Precision, seed: int) -> None:
    nodes = (
        Node(Kind.INPUT, (), source.low, source.high, source.fraction),
        Node(Kind.CAST, (0,), target.low, target.high, target.fraction, precision=target),
    )
    datapath = Datapath(source, ("x",), nodes, (1,), ())
    X = np.random.default_rng(seed).integers(source.low, source.high + 1, (300, 1))
    X[:2, 0] = source.low, source.high
    np.testing.assert_array_equal(native_datapath(datapath).evaluate(X), datapath.evaluate_integers(X))


@given(
    expressions(constants=st.integers(-64, 64).map(lambda n: n / 16), max_leaves=7),
    st.builds(
        Precision,
        st.just(12),
        st.integers(3, 7),
        st.booleans(),
        st.sampled_from(Quantization),
        st.sampled_from(Overflow),
    ),
    st.sampled_from(["table", "interp"]),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_lowered_expressions(expression: Expression, precision: Precision, implementation: str) -> None:
    names = ("x0", "x1", "x2")
    rng = np.random.default_rng(0)
    sample = rng.uniform(-2, 2, (50, 3))
    try:
        datapath = lower(expression, precision, input_names=names, X=sample, implementations=implementation)
    except ExpressionError:
        assume(False)
    X = rng.integers(precision.low, precision.high + 1, (300, 3))
    np.testing.assert_array_equal(native_datapath(datapath).evaluate(X), datapath.evaluate_integers(X))


def test_several_outputs() -> None:
    datapath = lower([parse("x0*x1"), parse("sin(x0) - x1")], "ap_fixed<16,6>")
    X = np.random.default_rng(1).integers(-3000, 3000, (1000, 2))
    found = native_datapath(datapath).evaluate(X)
    assert found.shape == (1000, 2)
    np.testing.assert_array_equal(found, datapath.evaluate_integers(X))
    assert native_datapath(datapath).evaluate(X[:0]).shape == (0, 2)


@pytest.mark.parametrize(
    ("kind", "operands", "index"), [(2, [0, 1], 0), (2, [0], 0), (12, [0], 5), (0, [], 3), (99, [], 0)]
)
def test_damaged_datapaths_are_refused(kind: int, operands: list[int], index: int) -> None:
    no_cast = (1, 0, True, 0, 0, -1, 0)
    nodes = [(0, [], -8, 7, 0, 0, 0, no_cast), (kind, operands, -8, 7, 0, index, 0, no_cast)]
    with pytest.raises(ValueError, match=r"node 1|unknown"):
        _engine.FixedDatapath(nodes, [1], [], 1)
