"""The columns of ``front.csv`` and ``verification.csv``: declared once, used by every writer and reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lat_sr.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRONT_COLUMNS", "VERIFICATION_COLUMNS", "Column", "cell", "columns_frame"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a result table.

    Parameters
    ----------
    name : str
        Header in the CSV file and key in the JSON document.
    title : str
        Header in a table made for people.
    unit : str
        Unit of the values, "" for plain numbers and text.
    description : str
        What the value means.
    digits : int or None
        Significant digits shown to people; None shows the value as it is.
    optional : bool
        Left out of the table when no row gives it.
    shown : bool
        Part of the tables made for people.
    """

    name: str
    title: str
    unit: str
    description: str
    digits: int | None = None
    optional: bool = False
    shown: bool = True


_OUTPUT = Column("output", "output", "", "output (or class) the formula is for", optional=True)
_ROW = Column(
    "row",
    "row",
    "",
    "number of the formula among those of its output; --row and index= take it",
)
_EQUATION = Column("equation", "equation", "", "formula over the input names, as text that can be parsed")
_LOSS = Column("loss", "loss", "", "training loss in float arithmetic", digits=4)
_COMPLEXITY = Column("complexity", "size", "", "nodes of the expression tree")
_LATENCY_PREDICTED = Column(
    "latency_predicted", "latency predicted", "cycles", "latency from the profile, before any build"
)
_LUT_PREDICTED = Column("lut_predicted", "LUT predicted", "", "look-up tables from the profile")
_DSP_PREDICTED = Column("dsp_predicted", "DSP predicted", "", "DSP slices from the profile")

FRONT_COLUMNS: tuple[Column, ...] = (
    _OUTPUT,
    _ROW,
    _EQUATION,
    _LOSS,
    Column("score", "score", "", "drop of log(loss) for each node added (PySR's score)", digits=3),
    _COMPLEXITY,
    _LATENCY_PREDICTED,
    Column("delay_ps", "delay", "ps", "longest register-to-register delay predicted", digits=5),
    _LUT_PREDICTED,
    Column("ff_predicted", "FF predicted", "", "flip-flops of the predicted pipeline", shown=False),
    _DSP_PREDICTED,
    Column("selected", "selected", "", "the formula that predict() uses"),
)

VERIFICATION_COLUMNS: tuple[Column, ...] = (
    _OUTPUT,
    _ROW,
    _EQUATION,
    _LOSS,
    _COMPLEXITY,
    _LATENCY_PREDICTED,
    Column("latency_actual", "latency actual", "cycles", "register stages of the circuit that was built"),
    _LUT_PREDICTED,
    Column("lut_actual", "LUT actual", "", "look-up tables after mapping"),
    Column("ff", "FF", "", "flip-flops after mapping"),
    _DSP_PREDICTED,
    Column("dsp", "DSP actual", "", "DSP slices after mapping"),
    Column("bram", "BRAM", "", "block RAMs after mapping"),
    Column("clock_ns", "clock", "ns", "clock period that was asked for", digits=4),
    Column("slack_ns", "slack", "ns", "time left in the slowest stage; negative misses the clock", digits=3),
    Column("timing_source", "timing source", "", "where the delays come from", shown=False),
    Column("timing_derate", "timing derate", "", "factor on the delays of the timing source", shown=False),
    Column("vectors", "vectors", "", "input vectors simulated"),
    Column("bit_exact", "bit-exact", "", "every output bit equals the integer datapath"),
    Column("metric", "metric", "", "what the accuracy columns hold"),
    Column("accuracy_float", "float", "", "the metric in float64 arithmetic", digits=4),
    Column("accuracy_fixed", "fixed", "", "the metric in the arithmetic of the hardware", digits=4),
    Column("max_error", "max error", "", "largest |fixed - float| of the formula on the data", digits=3),
    Column(
        "overflow_rows", "overflows", "", "rows of the data on which a value leaves its format in the circuit"
    ),
    Column("selected", "selected", "", "the formula that predict() uses"),
    Column("toolchain", "toolchain", "", "what built the circuit", shown=False),
    Column("seconds", "seconds", "s", "time the build took", digits=3, shown=False),
    Column("cached", "cached", "", "the build was found in the cache", shown=False),
    Column("failure", "failure", "", "named reason why the point is refused; empty when it passed"),
)


def columns_frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column]) -> pd.DataFrame:
    """Table with exactly the declared columns, in their order.

    Parameters
    ----------
    rows : iterable of mapping
        Each gives a value for every column that is not optional.
    columns : sequence of Column
        `FRONT_COLUMNS` or `VERIFICATION_COLUMNS`.

    Returns
    -------
    pandas.DataFrame
        One row for each mapping.

    Raises
    ------
    InputError
        A row lacks a column or has one that is not declared.

    Examples
    --------
    >>> from lat_sr.reporting.columns import Column, columns_frame
    >>> columns_frame([{"a": 1}], [Column("a", "a", "", "a number")]).to_dict("list")
    {'a': [1]}
    """
    import pandas as pd

    rows = list(rows)
    names = [column.name for column in columns]
    required = {column.name for column in columns if not column.optional}
    for row in rows:
        wrong = sorted(set(row) - set(names)) + sorted(required - set(row))
        if wrong:
            raise InputError(
                f"a result row has the wrong columns ({', '.join(wrong)}); give exactly: {', '.join(names)}"
            )
    present = [name for name in names if name in required or any(name in row for row in rows)]
    return pd.DataFrame([[row.get(name) for name in present] for row in rows], columns=present)


def cell(value: Any, column: Column) -> str:
    """Text of one value for a table made for people.

    Parameters
    ----------
    value : object
        Number, text, bool or None.
    column : Column
        Gives the number of digits.

    Returns
    -------
    str
        "" for a missing value, "yes"/"no" for a bool.

    Examples
    --------
    >>> from lat_sr.reporting.columns import FRONT_COLUMNS, cell
    >>> cell(0.123456, FRONT_COLUMNS[3]), cell(True, FRONT_COLUMNS[-1])
    ('0.1235', 'yes')
    """
    import pandas as pd

    if value is None or pd.isna(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if column.digits is not None:
        return f"{float(value):.{column.digits}g}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
