"""One definition of arithmetic: numpy, alkaid's interpreter, the C++ core and the simulated RTL agree bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from expression_strategies import expressions
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from verilator_benches import Bench, bench, simulate_together

from lat_sr.circuit import trace
from lat_sr.datapath import Datapath, lower
from lat_sr.datapath.native import native_datapath
from lat_sr.errors import ExpressionError
from lat_sr.expression import Expression
from lat_sr.precision import Overflow, Precision, Quantization

NAMES = ["x0", "x1", "x2"]

formats = st.builds(
    lambda width, fraction, signed, quantization, overflow: Precision(
        width, width - fraction, signed, quantization, overflow
    ),
    st.integers(6, 18),
    st.integers(0, 10),
    st.booleans(),
    st.sampled_from(Quantization),
    st.sampled_from(Overflow),
)

formulas = expressions(constants=st.integers(-64, 64).map(lambda n: n / 16), max_leaves=8)


def lowered(
    expression: Expression, precision: Precision, implementation: str, seed: int
) -> tuple[Datapath, np.ndarray]:
    """A datapath for ranges seen on some data, and port values beyond those ranges."""
    rng = np.random.default_rng(seed)
    span = 2.0 ** rng.integers(-2, 4)
    X = rng.uniform(-span, span, (64, 3))
    try:
        datapath = lower(expression, precision, input_names=NAMES, X=X, implementations=implementation)
    except ExpressionError:
        assume(False)  # no finite value on these data, or a constant out of reach
    low, high = precision.low, precision.high
    anywhere = rng.integers(low, high + 1, (64, 3))
    corners = rng.choice([low, low + 1, max(low, -1), 0, 1, high], (16, 3))
    return datapath, np.concatenate([np.asarray(precision.from_float(X)), anywhere, corners]).astype(np.int64)


# Four parts of 500 each, so that they run side by side.
@pytest.mark.no_cover
@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_numpy_alkaid_and_engine_agree(part: int) -> None:
    @settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck), derandomize=False)
    @given(
        formulas,
        formats,
        st.sampled_from(["table", "interp"]),
        st.integers(0, 2**16).map(lambda n: 4 * n + part),
    )
    def agree(expression: Expression, precision: Precision, implementation: str, seed: int) -> None:
        datapath, X = lowered(expression, precision, implementation, seed)
        truth = datapath.evaluate_integers(X)
        np.testing.assert_array_equal(native_datapath(datapath).evaluate(X), truth)
        reals = trace(datapath).predict(X * 2.0**-precision.fraction)
        np.testing.assert_array_equal(reals.reshape(truth.shape) * 2.0**precision.fraction, truth)

    agree()


# The examples of a part are compiled together once they are all there, so nothing is shrunk.
@pytest.mark.toolchain
@pytest.mark.parametrize("part", range(2))
def test_verilator_agrees(part: int) -> None:
    benches: list[Bench] = []
    names: list[str] = []

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
        phases=[Phase.generate],
        database=None,
    )
    @given(
        formulas,
        formats,
        st.sampled_from(["table", "interp"]),
        st.integers(0, 2**16).map(lambda n: 2 * n + part),
    )
    def collect(expression: Expression, precision: Precision, implementation: str, seed: int) -> None:
        benches.append(bench(*lowered(expression, precision, implementation, seed)))
        names.append(f"{expression} in {precision}, {implementation}, seed {seed}")

    collect()
    assert len(benches) >= 30
    for name, one, result in zip(names, benches, simulate_together(benches), strict=True):
        assert (result.mismatches, result.first_mismatch, result.latency) == (0, "", one.stages), name
