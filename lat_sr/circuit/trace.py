"""From a datapath to a combinational circuit, node by node."""

from __future__ import annotations

from collections.abc import Callable

from alkaid.types import CombLogic

from lat_sr.circuit.casts import cast
from lat_sr.circuit.program import Program, Signal, constant
from lat_sr.datapath import Datapath, Kind, Node
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
    tracer = _Tracer(datapath)
    signals: list[Signal] = []
    for node in datapath.nodes:
        signals.append(_RULES[node.kind](tracer, node, *(signals[i] for i in node.operands)))
    precision = datapath.precision
    port = Signal(-1, precision.low, precision.high, precision.fraction)
    return tracer.program.finish(len(datapath.input_names), [signals[i] for i in datapath.outputs], port)


class _Tracer:
    def __init__(self, datapath: Datapath) -> None:
        self.datapath = datapath
        self.program = Program()

    def input(self, node: Node) -> Signal:
        return self.program.input(node.index, node.low, node.high, node.fraction)

    def constant(self, node: Node) -> Signal:
        return constant(node.value, node.fraction)

    def add(self, node: Node, a: Signal, b: Signal) -> Signal:
        return self.program.add(a, b)

    def subtract(self, node: Node, a: Signal, b: Signal) -> Signal:
        return self.program.subtract(a, b)

    def multiply(self, node: Node, a: Signal, b: Signal) -> Signal:
        return self.program.multiply(a, b)

    def scale(self, node: Node, a: Signal) -> Signal:
        return self.program.scale(a, node.value, node.value_fraction)

    def negate(self, node: Node, a: Signal) -> Signal:
        return a.negative()

    def absolute(self, node: Node, a: Signal) -> Signal:
        if a.low >= 0:
            return a
        if a.high <= 0:
            return a.negative()
        # The sign does not matter, so an operand that is there already is taken rather than its negation.
        a = a.negative() if a.negated else a
        return self.program.select(a, a.negative(), a, Signal(-1, 0, max(-a.low, a.high), a.fraction))

    def minimum(self, node: Node, a: Signal, b: Signal) -> Signal:
        return self.program.select_negative(self.program.subtract(a, b), a, b, _bounds(node))

    def maximum(self, node: Node, a: Signal, b: Signal) -> Signal:
        for value, other in ((a, b), (b, a)):
            if other.is_constant and other.low == 0:
                return self.program.relu(value)
        return self.program.select_negative(self.program.subtract(a, b), b, a, _bounds(node))

    def select(self, node: Node, condition: Signal, negative: Signal, otherwise: Signal) -> Signal:
        return self.program.select_negative(condition, negative, otherwise, _bounds(node))

    def cast(self, node: Node, a: Signal) -> Signal:
        assert node.precision is not None
        return cast(self.program, a, node.precision, _bounds(node))

    def lookup(self, node: Node, a: Signal) -> Signal:
        table = self.datapath.tables[node.index]
        operand = self.datapath.nodes[node.operands[0]]
        if a.is_constant:
            return constant(table.entries[a.at(operand.fraction)[0] - operand.low], table.fraction)
        # A signal may know that its lowest bits are zero; then only every so many entries can be read.
        spare = operand.fraction - a.fraction
        entries = tuple(table.entries[(value << spare) - operand.low] for value in range(a.low, a.high + 1))
        if max(map(abs, entries)) >= 1 << _TABLE_WORD:
            raise ExpressionError(
                f"table {table.name!r} holds values of more than {_TABLE_WORD} bits; use a precision with fewer bits"
            )
        return self.program.lookup(a, entries, table.fraction)


def _bounds(node: Node) -> Signal:
    """A signal with the bounds of a node, which for a choice are tighter than those of all that is chosen from."""
    return Signal(-1, node.low, node.high, node.fraction)


_RULES: dict[Kind, Callable[..., Signal]] = {kind: getattr(_Tracer, kind.value) for kind in Kind}
