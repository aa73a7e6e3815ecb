import io

import numpy as np
import pandas as pd
import pytest

from lat_sr.errors import InputError
from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS, Column, cell, columns_frame

# The columns that other programs rely on, in this order.
FRONT_PROMISED = ["equation", "loss", "complexity", "latency_predicted", "lut_predicted"]
VERIFICATION_PROMISED = [
    "equation",
    "latency_predicted",
    "latency_actual",
    "lut_predicted",
    "lut_actual",
    "ff",
    "dsp",
    "bram",
    "clock_ns",
    "slack_ns",
    "timing_source",
    "vectors",
    "bit_exact",
]


@pytest.mark.parametrize(
    ("columns", "promised"), [(FRONT_COLUMNS, FRONT_PROMISED), (VERIFICATION_COLUMNS, VERIFICATION_PROMISED)]
)
def test_promised_columns_come_in_the_promised_order(columns, promised):
    names = [column.name for column in columns]
    assert [name for name in names if name in promised] == promised
    assert len(set(names)) == len(names)
    assert all(column.description and column.title for column in columns)


COLUMNS = (
    Column("output", "output", "", "which", optional=True),
    Column("a", "a", "ns", "a number", digits=3),
    Column("b", "b", "", "a flag"),
)


def test_frame_orders_columns_and_leaves_out_unused_optional_ones():
    frame = columns_frame([{"b": True, "a": 1.5}], COLUMNS)
    assert frame.to_dict("list") == {"a": [1.5], "b": [True]}
    frame = columns_frame(
        [{"b": True, "a": 1.5, "output": "t"}, {"b": False, "a": 2.0, "output": "q"}], COLUMNS
    )
    assert list(frame.columns) == ["output", "a", "b"]


def test_frame_without_rows_has_the_columns():
    assert list(columns_frame([], COLUMNS).columns) == ["a", "b"]


@pytest.mark.parametrize("row", [{"a": 1}, {"a": 1, "b": 2, "c": 3}])
def test_frame_refuses_missing_and_undeclared_columns(row):
    with pytest.raises(InputError, match="give exactly: output, a, b"):
        columns_frame([row], COLUMNS)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.23456, "1.23"), (None, ""), (np.nan, ""), (np.float64(1e-7), "1e-07")],
)
def test_cell_numbers(value, text):
    assert cell(value, COLUMNS[1]) == text


@pytest.mark.parametrize(
    ("value", "text"), [(np.bool_(True), "yes"), (False, "no"), (3.0, "3"), ("x", "x"), (7, "7")]
)
def test_cell_without_digits(value, text):
    assert cell(value, COLUMNS[2]) == text


def test_csv_round_trip_keeps_values():
    frame = columns_frame([{"a": 0.1, "b": True}], COLUMNS)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(frame.to_csv(index=False))), frame)
