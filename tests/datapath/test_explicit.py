from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lat_sr.datapath import ExplicitTable, Kind, lower
from lat_sr.errors import InputError
from lat_sr.expression import parse
from lat_sr.precision import Precision

P = Precision.parse("ap_fixed<16,6>")


def entry(table: ExplicitTable, precision: Precision, x: float) -> float:
    """What the table says of an argument, in floating point."""
    cell = min(max(math.floor((x - table.start) / table.step), 0), table.size - 1)
    middle = table.start + cell * table.step + (table.step - precision.lsb) / 2
    return float(np.rint(math.sin(middle) / precision.lsb)) * precision.lsb


@given(
    st.sampled_from(["ap_fixed<16,6>", "ap_fixed<12,4>", "ap_fixed<10,5>"]).map(Precision.parse),
    st.integers(-40, 20),
    st.integers(2, 60),
    st.integers(0, 5),
)
def test_any_range_that_a_format_holds(precision: Precision, first: int, size: int, coarser: int) -> None:
    step = precision.lsb * 2**coarser
    table = ExplicitTable(first * step, (first + size) * step, size)
    assume(precision.minimum <= table.start and table.stop <= precision.maximum + precision.lsb)
    inside = [entry(table, precision, table.start + cell * table.step) for cell in range(size)]
    assume(len(set(inside)) > 1)
    datapath = lower(parse("sin(x0)"), precision, implementations={"sin": table})
    X = precision.to_float(np.arange(precision.low, precision.high + 1, 7))[:, None]
    wanted = [entry(table, precision, x) for x in X[:, 0]]
    np.testing.assert_array_equal(datapath.evaluate(X)[:, 0], wanted)


def test_an_explicit_table_is_taken_as_it_stands() -> None:
    table = ExplicitTable(-4, 4, 64)
    datapath = lower(parse("2*sin(x0*x1 + 0.5)"), P, implementations={"sin": table})
    (lookup,) = [node for node in datapath.nodes if node.kind is Kind.LOOKUP]
    assert len(datapath.tables[lookup.index].entries) == 64
    X = np.random.default_rng(0).uniform(-1.5, 1.5, (200, 2))
    ports = P.quantize(X)
    wanted = [2 * entry(table, P, a * b + 0.5) for a, b in ports]
    np.testing.assert_array_equal(datapath.evaluate(X)[:, 0], wanted)


def test_only_the_named_function_has_it() -> None:
    datapath = lower(parse("sin(x0) + cos(x0)"), P, implementations={"sin": ExplicitTable(-4, 4, 64)})
    sizes = {table.name: len(table.entries) for table in datapath.tables}
    assert sizes["sin"] == 64
    assert sizes["cos(x0)"] != 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((4, -4, 8), "from 4 to -4 is empty; give a start below"),
        ((0, math.inf, 8), "is empty"),
        ((-4, 4, 1), "2 to 65536 entries, not 1"),
        (
            (-4, 4, 1000),
            r"8 / 1000 = 0.008, is no power of two.* 1024 entries up to 4 have a step of 0.0078125",
        ),
        ((-4.2, 3.8, 64), r"start -4.2 lies between its steps of 0.125; start it at -4.25"),
    ],
)
def test_tables_that_cannot_be(arguments: tuple[float, float, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ExplicitTable(*arguments)


@pytest.mark.parametrize(
    ("function", "table", "message"),
    [
        (
            "sin",
            ExplicitTable(-4, 4, 16384),
            r"finer than the last bit.*at most 8192 entries, .* 11 fraction bits",
        ),
        (
            "sin",
            ExplicitTable(-64, 64),
            r"covers -64 to 64, but ap_fixed<16,6> holds -32 to 31.99.* more integer",
        ),
        ("exp", ExplicitTable(0, 8), r"exp\(3.47\d*\) is 32.2\d*, but ap_fixed<16,6> holds"),
        ("log", ExplicitTable(-4, 4), r"log has no finite value at -3.99"),
        ("gauss", ExplicitTable(4, 8, 64), r"every entry of the table of gauss is 0 in ap_fixed<16,6>"),
        ("+", ExplicitTable(0, 8), "cannot be a table"),
        ("/", ExplicitTable(0, 8), "inv is the part"),
    ],
)
def test_tables_that_do_not_fit_are_refused(function: str, table: ExplicitTable, message: str) -> None:
    text = f"x0 {function} x1" if function in "+/" else f"{function}(x0)"
    with pytest.raises(InputError, match=message):
        lower(parse(text), P, implementations={function: table})


def test_the_whole_range_of_the_format_works() -> None:
    # hls4ml's own lookup computes the range, 64, in the type itself, where it wraps to zero.
    datapath = lower(parse("sin(x0)"), P, implementations={"sin": ExplicitTable(-32, 32, 4096)})
    X = np.linspace(-32, 31.9, 500)[:, None]
    assert np.abs(datapath.evaluate(X) - np.sin(X)).max() < 0.01


def test_of_several_tables_that_cannot_be_used_the_one_looked_up_is_named() -> None:
    tables = {"exp": ExplicitTable(-64, 64, 128), "sin": ExplicitTable(-64, 64, 256)}
    with pytest.raises(InputError, match="the table of sin"):
        lower(parse("sin(x0)"), "ap_fixed<12,4>", implementations=tables)
    lower(parse("x0 + 1"), "ap_fixed<12,4>", implementations=tables)
