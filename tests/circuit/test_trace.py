"""The traced circuit computes the integers of the datapath."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr.circuit import trace
from lat_sr.circuit.program import shift_adds
from lat_sr.datapath import Datapath, Kind, Node, Table, WidthLimits
from lat_sr.datapath.builder import Builder
from lat_sr.errors import ExpressionError
from lat_sr.precision import Overflow, Precision, Quantization

INPUTS = ("a", "b", "c")


def corners_and_random(datapath: Datapath, rows: int, seed: int = 0) -> np.ndarray:
    """Port integers: every combination of extreme values, then random ones."""
    bits = datapath.precision.width - datapath.precision.signed
    low, high = (-(1 << bits) if datapath.precision.signed else 0), (1 << bits) - 1
    columns = len(datapath.input_names)
    corners = np.array(list(itertools.product((low, high, 0), repeat=columns)), dtype=np.int64)
    random = np.random.default_rng(seed).integers(low, high, (rows, columns), endpoint=True)
    return np.concatenate([corners, random])


def circuit_integers(datapath: Datapath, X: np.ndarray) -> np.ndarray:
    values = trace(datapath).predict(X * 2.0**-datapath.precision.fraction)
    fractions = np.array([datapath.nodes[i].fraction for i in datapath.outputs])
    return values * 2.0**fractions


def assert_equal(datapath: Datapath, rows: int = 60) -> None:
    X = corners_and_random(datapath, rows)
    np.testing.assert_array_equal(circuit_integers(datapath, X), datapath.evaluate_integers(X))


def precisions(max_width: int = 20) -> st.SearchStrategy[Precision]:
    return st.builds(
        Precision,
        st.integers(2, max_width),
        st.integers(-4, max_width + 2),
        st.booleans(),
        st.sampled_from(Quantization),
        st.sampled_from(Overflow),
    )


@st.composite
def datapaths(draw: st.DrawFn) -> Datapath:
    """A datapath built from random nodes of every kind."""
    precision = draw(st.builds(Precision, st.integers(2, 16), st.integers(-3, 12), st.booleans()))
    builder = Builder(precision, INPUTS, None, {}, WidthLimits())
    nodes = [builder.input(column) for column in range(len(INPUTS))]
    node = st.deferred(lambda: st.sampled_from(nodes))
    for _ in range(draw(st.integers(1, 9))):
        kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.INPUT]))
        if kind is Kind.CONSTANT:
            made = builder.constant(draw(st.integers(-(2**18), 2**18)), draw(st.integers(-3, 20)))
        elif kind is Kind.SCALE:
            made = builder.scale(draw(node), draw(st.integers(-(2**12), 2**12)), draw(st.integers(-4, 14)))
        elif kind is Kind.SELECT:
            made = builder.select(draw(node), draw(node), draw(node))
        elif kind is Kind.CAST:
            made = builder.cast(draw(node), draw(precisions()))
        elif kind is Kind.LOOKUP:
            operand = builder.cast(
                draw(node), Precision(draw(st.integers(1, 6)), draw(st.integers(-3, 6)), draw(st.booleans()))
            )
            size = builder.nodes[operand].high - builder.nodes[operand].low + 1
            words = st.integers(-(2**20), 2**20)
            seed = draw(st.tuples(words, words, st.integers(1, 9)))
            entries = tuple((seed[0] + k * seed[1]) // seed[2] % 2**20 - 2**19 for k in range(size))
            made = builder.lookup(operand, Table("random", entries, draw(st.integers(-3, 12))))
        elif kind in (Kind.NEGATE, Kind.ABSOLUTE):
            made = getattr(builder, kind.value)(draw(node))
        else:
            made = getattr(builder, kind.value)(draw(node), draw(node))
        nodes.append(made)
    outputs = draw(st.lists(node, min_size=1, max_size=3))
    return Datapath(precision, INPUTS, tuple(builder.nodes), tuple(outputs), tuple(builder.tables))


@settings(max_examples=300, deadline=None)
@given(datapaths())
def test_random_datapaths_give_the_same_integers(datapath: Datapath) -> None:
    assert_equal(datapath)


@settings(max_examples=25, deadline=None)
@given(datapaths())
def test_tracing_is_deterministic(datapath: Datapath) -> None:
    assert trace(datapath) == trace(datapath)


def cast_of_everything(
    source: Precision, target: Precision, low: int, high: int
) -> tuple[Datapath, np.ndarray]:
    """A cast of an input clipped to [low, high], and every input value; the cast has the tightest bounds."""
    X = np.arange(source.low, source.high + 1)[:, None]
    clip = [
        Node(Kind.INPUT, (), source.low, source.high, source.fraction),
        Node(Kind.CONSTANT, (), low, low, source.fraction, value=low),
        Node(Kind.MAXIMUM, (0, 1), low, source.high, source.fraction),
        Node(Kind.CONSTANT, (), high, high, source.fraction, value=high),
        Node(Kind.MINIMUM, (2, 3), low, high, source.fraction),
    ]
    values = target.cast(np.clip(X, low, high), source.fraction)
    cast = Node(Kind.CAST, (4,), int(values.min()), int(values.max()), target.fraction, precision=target)
    return Datapath(source, ("a",), (*clip, cast), (5,), ()), X


TARGETS = [
    (width, integer, signed)
    for width, integer, signed in itertools.product((1, 2, 3, 5, 8), (-2, 0, 2, 4, 7), (True, False))
]


@pytest.mark.parametrize("overflow", Overflow)
@pytest.mark.parametrize("quantization", Quantization)
def test_casts_are_exact_on_every_value(quantization: Quantization, overflow: Overflow) -> None:
    for source in (Precision(6, 3), Precision(5, 0, False)):
        for width, integer, signed in TARGETS:
            if width == 1 and signed and overflow is Overflow.SAT_SYM:
                continue  # no such format
            target = Precision(width, integer, signed, quantization, overflow)
            for low, high in ((source.low, source.high), (source.low + 3, source.high - 5), (2, source.high)):
                datapath, X = cast_of_everything(source, target, low, high)
                np.testing.assert_array_equal(
                    circuit_integers(datapath, X),
                    datapath.evaluate_integers(X),
                    err_msg=f"{source} in [{low}, {high}] to {target}",
                )


@given(st.integers(0, 2**24).map(lambda value: 2 * value + 1))
def test_shift_adds_multiply(value: int) -> None:
    terms = [1.0]
    for first, second, shift, subtract in shift_adds(value):
        other = terms[second] * 2.0**shift
        terms.append(terms[first] - other if subtract else terms[first] + other)
    ratio = abs(terms[-1]) / value
    assert ratio == 2.0 ** round(np.log2(ratio))


def test_shift_adds_prefer_few_levels() -> None:
    assert shift_adds(1) == ()
    assert len(shift_adds(7)) == 1  # 8 - 1
    assert len(shift_adds(0b1010101)) == 2  # 5 * 17, two levels either way: the shared product saves an adder


def test_summands_wider_than_32_bits_are_kept() -> None:
    precision = Precision(16, 6)
    wide = 3 * 2**35 + 1
    nodes = (
        Node(Kind.INPUT, (), precision.low, precision.high, 10),
        Node(Kind.CONSTANT, (), wide, wide, 10, value=wide),
        Node(Kind.ADD, (0, 1), precision.low + wide, precision.high + wide, 10),
    )
    assert_equal(Datapath(precision, ("a",), nodes, (2,), ()))


def test_signs_and_powers_of_two_cost_nothing() -> None:
    builder = Builder(Precision(8, 4), INPUTS, None, {}, WidthLimits())
    scaled = builder.scale(builder.input(0), -1, 2)
    total = builder.add(scaled, builder.input(1))
    datapath = Datapath(builder.precision, INPUTS, tuple(builder.nodes), (total,), ())
    assert sorted(op.opcode for op in trace(datapath).ops) == [-1, -1, 1]
    assert_equal(datapath)


def test_inputs_and_constants_as_outputs() -> None:
    precision = Precision(8, 4)
    nodes = (
        Node(Kind.INPUT, (), -128, 127, 4, index=1),
        Node(Kind.CONSTANT, (), -24, -24, 4, value=-24),
        Node(Kind.CONSTANT, (), 0, 0, 4, value=0),
    )
    datapath = Datapath(precision, INPUTS, nodes, (0, 1, 2, 0), ())
    circuit = trace(datapath)
    assert circuit.shape == (3, 4)
    assert circuit.predict(np.array([[1.0, 2.5, 3.0]])).tolist() == [[2.5, -1.5, 0.0, 2.5]]


def test_table_words_must_fit_alkaid() -> None:
    nodes = (
        Node(Kind.INPUT, (), 0, 1, 0),
        Node(Kind.LOOKUP, (0,), 0, 2**31, 4, index=0),
    )
    datapath = Datapath(Precision(1, 1, False), ("a",), nodes, (1,), (Table("wide", (0, 2**31), 4),))
    with pytest.raises(ExpressionError, match="'wide' holds values of more than 31 bits"):
        trace(datapath)
