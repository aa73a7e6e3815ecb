"""From a datapath to a combinational circuit."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from alkaid.trace.fixed_variable import LookupTable, TableSpec
from alkaid.types import CombLogic, Op, QInterval

from lat_sr import _engine
from lat_sr.datapath import Datapath, Kind
from lat_sr.datapath.native import native_datapath, native_port
from lat_sr.errors import ExpressionError

_TABLE_WORD = 31  # alkaid stores table entries as 32-bit integers with sign


def trace(datapath: Datapath) -> CombLogic:
    """Write a datapath as a combinational circuit of the same integers.

    Every node becomes at most a handful of ALIR operations (opcode in brackets):

    ============== ==================================================================================
    ``INPUT``      input (-1)
    ``CONSTANT``   nothing; constant (5) where an operation needs it as an operand
    ``ADD``        add (0), or add a constant (4); subtract (1) where an operand is negated
    ``SUBTRACT``   subtract (1), or add a constant (4)
    ``MULTIPLY``   multiply (7)
    ``SCALE``      adds and subtracts of shifted operands (0, 1); nothing for a power of two
    ``NEGATE``     nothing; negate (-2) where an operation cannot take the sign along
    ``ABSOLUTE``   negate (-2), select by sign (6)
    ``MINIMUM``    subtract (1), select by sign (6)
    ``MAXIMUM``    subtract (1), select by sign (6); relu (2) against zero
    ``SELECT``     select by sign (6)
    ``CAST``       slice (3); rounding modes add (4, or 6 and 0), saturation detects overflow by slices, an
                   exclusive or (10) and a reduction (9) and selects (6)
    ``LOOKUP``     lookup (8)
    ============== ==================================================================================

    At the end pairs of adds and subtracts of which one only feeds the other become sums of three (11).

    The latencies and costs of the operations are zero: a schedule fills in the stages later.

    Parameters
    ----------
    datapath : Datapath

    Returns
    -------
    alkaid.types.CombLogic
        One input per port, whether used or not; one output per output. Values are real numbers, that is, the
        integers of the datapath times ``2**-fraction``.

    Raises
    ------
    ExpressionError
        A table holds values of more than 31 bits.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr import lower, parse
    >>> circuit = trace(lower(parse("2.5*x0 - x1"), "ap_fixed<8,4>"))
    >>> circuit.predict(np.array([[1.5, 0.25]])).tolist()
    [[3.5]]
    """
    operations, tables, outputs, shifts = _engine.trace(traceable(datapath), native_port(datapath.precision))
    inputs = len(datapath.input_names)
    return CombLogic(
        shape=(inputs, len(outputs)),
        inp_shifts=[0] * inputs,
        out_idxs=outputs,
        out_shifts=shifts,
        out_negs=[False] * len(outputs),
        ops=[
            Op(tuple(operands), opcode, tuple(data), _interval(low, high, fraction), 0.0, 0.0)
            for opcode, operands, data, low, high, fraction in operations
        ],
        carry_size=-1,
        adder_size=-1,
        lookup_tables=tuple(_table(entries, fraction) for entries, fraction in tables) or None,
    )


def traceable(datapath: Datapath) -> _engine.FixedDatapath:
    """A datapath in the form of the C++ core, if there is a circuit for it.

    Parameters
    ----------
    datapath : Datapath

    Returns
    -------
    lat_sr._engine.FixedDatapath

    Raises
    ------
    ExpressionError
        A table holds values of more than 31 bits.
    """
    for number in {node.index for node in datapath.nodes if node.kind is Kind.LOOKUP}:
        table = datapath.tables[number]
        if max(max(table.entries), -min(table.entries)) >= 1 << _TABLE_WORD:
            raise ExpressionError(
                f"table {table.name!r} holds values of more than {_TABLE_WORD} bits; use a precision with fewer bits"
            )
    return native_datapath(datapath)


def _table(entries: list[int], fraction: int) -> LookupTable:
    values = np.array(entries, dtype=np.int32)
    digest = hashlib.sha256(values.tobytes() + str(fraction).encode()).hexdigest()
    address = max(math.ceil(math.log2(len(entries))), 1)
    return LookupTable(values, TableSpec(digest, _interval(min(entries), max(entries), fraction), address))


def _interval(low: int, high: int, fraction: int) -> QInterval:
    return QInterval(math.ldexp(low, -fraction), math.ldexp(high, -fraction), math.ldexp(1.0, -fraction))
