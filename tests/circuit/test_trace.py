"""The traced circuit computes the integers of the datapath."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from datapath_builder import Builder
from datapath_strategies import INPUTS, datapaths
from hypothesis import given, settings

from lat_sr.circuit import trace
from lat_sr.datapath import Datapath, Kind, Node, Table, lower
from lat_sr.errors import ExpressionError
from lat_sr.expression import parse
from lat_sr.precision import Overflow, Precision, Quantization


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


@pytest.mark.no_cover
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


@pytest.mark.no_cover
@pytest.mark.slow
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
    builder = Builder(Precision(8, 4), INPUTS)
    scaled = builder.scale(builder.input(0), -1, 2)
    total = builder.add(scaled, builder.input(1))
    datapath = Datapath(builder.precision, INPUTS, tuple(builder.nodes), (total,), ())
    assert sorted(op.opcode for op in trace(datapath).ops) == [-1, -1, 1]
    assert_equal(datapath)


def test_a_constant_is_as_fine_as_what_is_taken_from_it() -> None:
    datapath = lower(parse("2.5 - x0*x1"), "ap_fixed<8,4>", X=np.array([[-2.0, 1.5], [1.75, -3.0]]))
    circuit = trace(datapath)
    (difference,) = [op for op in circuit.ops if op.opcode == 1]
    constant, product = (circuit.ops[number] for number in difference.addr)
    assert constant.opcode == 5 and constant.qint.step == product.qint.step == 2.0**-8
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


def test_a_choice_keeps_the_bounds_of_its_node() -> None:
    # The minimum lies in x0's range below and in that of 0.125*x1 above; its table has no entry beyond.
    datapath = lower(parse("sin(min(x0, 0.125*x1))"), "ap_fixed<8,4>")
    assert_equal(datapath)


def test_a_table_has_an_entry_for_values_that_never_occur() -> None:
    # Nothing but zero is left of the input, which the circuit of the casts cannot tell: its signal may be -1.
    precision = Precision(8, 3)
    rounding = Precision(10, 13, True, Quantization.RND_CONV, Overflow.SAT_SYM)
    nodes = (
        Node(Kind.INPUT, (), -128, 127, 5),
        Node(Kind.CAST, (0,), 0, 0, -3, precision=rounding),
        Node(Kind.CAST, (1,), 0, 0, -4, precision=Precision(2, 6)),
        Node(Kind.LOOKUP, (2,), 376, 376, 7, index=0),
        Node(Kind.ADD, (0, 3), -136, 884, 7),
    )
    assert_equal(Datapath(precision, ("a",), nodes, (4,), (Table("one", (376,), 7),)))


def test_tables_that_nothing_reads_are_left_out() -> None:
    precision = Precision(2, 2)
    nodes = (
        Node(Kind.INPUT, (), -2, 1, 0),
        Node(Kind.LOOKUP, (0,), 0, 3, 0, index=0),
        Node(Kind.LOOKUP, (0,), 1, 7, 0, index=1),
    )
    tables = (Table("unused", (3, 2, 1, 0), 0), Table("used", (1, 3, 5, 7), 0))
    circuit = trace(Datapath(precision, ("a",), nodes, (2,), tables))
    assert [table.table.tolist() for table in circuit.lookup_tables] == [[1, 3, 5, 7]]


def summands(formula: str) -> list[int]:
    """Summands of every addition of a circuit."""
    return sorted(
        len(op.addr) for op in trace(lower(parse(formula), "ap_fixed<8,4>")).ops if op.opcode in (0, 1, 11)
    )


def test_sums_of_three_are_one_operation() -> None:
    assert summands("x0 + x1 - x2") == [3]
    assert summands("((x0 + x1) - x2) + x3") == [2, 3]
    # Both products of the sum are sums of two, and only one of them can join it.
    assert summands("(x0 + x1) + (x2 + x3)") == [2, 3]
    # As many as there can be: the last sum takes the one in that has nothing to take in itself.
    assert summands("((x0 + x1) + x2) + (x3 + x4)") == [3, 3]
    # A sum that is read twice stays.
    assert summands("(x0 + x1 + x2) * (x0 + x1)") == [2, 2]
