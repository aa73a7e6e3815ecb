"""Builds datapaths of any nodes, one by one, with exact bounds: for tests that need more than formulas give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lat_sr.datapath import WidthLimits
from lat_sr.datapath.graph import MAXIMUM_WIDTH, Kind, Node, Table, evaluate_node, interval_width
from lat_sr.errors import ExpressionError, InputError
from lat_sr.precision import Overflow, Precision, Quantization

Interval = tuple[int, int]


_ALIGNED = (Kind.ADD, Kind.SUBTRACT, Kind.MINIMUM, Kind.MAXIMUM, Kind.SELECT)


class Builder:
    """Collects the nodes of one datapath; what is wider than 48 bits is narrowed."""

    def __init__(self, precision: Precision, input_names: Sequence[str]) -> None:
        self.precision = precision
        self.input_names = tuple(input_names)
        self.limits = WidthLimits()
        self.nodes: list[Node] = []
        self.tables: list[Table] = []
        self._index: dict[Node, int] = {}

    # ---- nodes -------------------------------------------------------------------------------------------------

    def input(self, column: int) -> int:
        """Port ``column``."""
        bits = self.precision.width - self.precision.signed
        low, high = (-(1 << bits) if self.precision.signed else 0), (1 << bits) - 1
        return self._append(Node(Kind.INPUT, (), low, high, self.precision.fraction, index=column))

    def constant(self, value: int, fraction: int, *, shorten: bool = True) -> int:
        """``value * 2**-fraction``, stored without trailing zero bits unless ``shorten`` is False."""
        while shorten and fraction > 0 and not value & 1:
            value, fraction = value >> 1, fraction - 1
        if interval_width(value, value) > self.limits.node:
            raise ExpressionError(
                f"the constant {value * 2.0**-fraction:g} needs more than {self.limits.node} bits; "
                "scale the data so that constants are smaller"
            )
        return self._append(Node(Kind.CONSTANT, (), value, value, fraction, value=value))

    def add(self, a: int, b: int) -> int:
        """``a + b``."""
        return self._aligned(Kind.ADD, (a, b))

    def subtract(self, a: int, b: int) -> int:
        """``a - b``."""
        return self.constant(0, 0) if a == b else self._aligned(Kind.SUBTRACT, (a, b))

    def minimum(self, a: int, b: int) -> int:
        """The smaller of the two."""
        return a if a == b else self._aligned(Kind.MINIMUM, (a, b))

    def maximum(self, a: int, b: int) -> int:
        """The larger of the two."""
        return a if a == b else self._aligned(Kind.MAXIMUM, (a, b))

    def select(self, condition: int, negative: int, otherwise: int) -> int:
        """``negative`` where ``condition < 0``, else ``otherwise``."""
        node = self.nodes[condition]
        if node.low >= 0:
            return otherwise
        if node.high < 0 or negative == otherwise:
            return negative
        return self._aligned(Kind.SELECT, (condition, negative, otherwise))

    def negate(self, a: int) -> int:
        """``-a``."""
        node = self.nodes[a]
        return self._append(Node(Kind.NEGATE, (a,), -node.high, -node.low, node.fraction))

    def absolute(self, a: int) -> int:
        """``|a|``."""
        node = self.nodes[a]
        if node.low >= 0:
            return a
        low, high = _absolute((node.low, node.high))
        return self._append(Node(Kind.ABSOLUTE, (a,), low, high, node.fraction))

    def multiply(self, a: int, b: int) -> int:
        """``a * b``; operands wider than a hardware multiplier are narrowed first."""
        if self.nodes[a].kind is Kind.CONSTANT:
            a, b = b, a
        if self.nodes[b].kind is Kind.CONSTANT:
            return self.scale(a, self.nodes[b].value, self.nodes[b].fraction)
        if self._signed_width(a) < self._signed_width(b):
            a, b = b, a
        a = self._narrow_operand(a, self.limits.multiplicand)
        b = self._narrow_operand(b, self.limits.multiplier)
        first, second = self.nodes[a], self.nodes[b]
        low, high = _product((first.low, first.high), (second.low, second.high), square=a == b)
        return self._append(
            Node(Kind.MULTIPLY, (min(a, b), max(a, b)), low, high, first.fraction + second.fraction)
        )

    def scale(self, a: int, value: int, value_fraction: int) -> int:
        """``a * value * 2**-value_fraction``: shift-adds, or wiring for a power of two."""
        if value == 0:
            return self.constant(0, 0)
        while not value & 1:
            value, value_fraction = value >> 1, value_fraction - 1
        if value == 1 and value_fraction == 0:
            return a
        if value == -1 and value_fraction == 0:
            return self.negate(a)
        room = self.limits.node - interval_width(-abs(value), abs(value)) + 1
        if room < 2:
            raise ExpressionError(
                f"a factor in a formula needs so many bits that none of the {self.limits.node} is left for its "
                "operand; scale the operand down"
            )
        a = self.narrow(a, room)
        node = self.nodes[a]
        low, high = sorted((node.low * value, node.high * value))
        return self._append(
            Node(
                Kind.SCALE,
                (a,),
                low,
                high,
                node.fraction + value_fraction,
                value=value,
                value_fraction=value_fraction,
            )
        )

    def cast(self, a: int, precision: Precision) -> int:
        """Cast to another format with its quantisation and overflow modes."""
        node = self.nodes[a]
        if node.fraction == precision.fraction and precision.low <= node.low and node.high <= precision.high:
            return a
        low, high = self._cast_interval((node.low, node.high), node.fraction, precision)
        return self._append(Node(Kind.CAST, (a,), low, high, precision.fraction, precision=precision))

    def lookup(self, a: int, table: Table) -> int:
        """Entry ``a - a.low`` of the table."""
        node = self.nodes[a]
        if len(table.entries) != node.high - node.low + 1:
            raise InputError(
                f"table {table.name!r} has {len(table.entries)} entries for {node.high - node.low + 1} values"
            )
        if table not in self.tables:
            self.tables.append(table)
        return self._append(
            Node(
                Kind.LOOKUP,
                (a,),
                min(table.entries),
                max(table.entries),
                table.fraction,
                index=self.tables.index(table),
            )
        )

    def narrow(self, a: int, width: int) -> int:
        """``a`` in at most ``width`` bits; integer bits that the seen range leaves free go before fraction bits."""
        node = self.nodes[a]
        if node.width <= width:
            return a
        signed = node.low < 0
        low, high = node.low, node.high
        integer = min(
            node.integer, interval_width(min(low, -1) if signed else low, max(high, 0)) - node.fraction
        )
        fraction = min(node.fraction, width - integer)
        return self.cast(a, Precision(integer + fraction, integer, signed))

    # ---- bounds ------------------------------------------------------------------------------------------------

    def _signed_width(self, a: int) -> int:
        return self.nodes[a].width + (not self.nodes[a].signed)

    def _narrow_operand(self, a: int, limit: int) -> int:
        return self.narrow(a, limit - (not self.nodes[a].signed))

    def _aligned(self, kind: Kind, operands: tuple[int, ...]) -> int:
        condition, pair = operands[:-2], operands[-2:]
        # One bit for the carry of a sum. Fraction bits that would push the result over the limit are dropped first.
        integer = max(self.nodes[i].integer for i in pair) + 1
        finest = self.limits.node - integer
        if max(self.nodes[i].fraction for i in pair) > finest:
            pair = (self._coarsened(pair[0], finest), self._coarsened(pair[1], finest))
        nodes = [self.nodes[i] for i in pair]
        fraction = max(node.fraction for node in nodes)
        low, high = _aligned_interval(kind, [_shift(node, fraction) for node in nodes])
        if kind is Kind.ADD:
            pair = (min(pair), max(pair))
        return self._append(Node(kind, (*condition, *pair), low, high, fraction))

    def _coarsened(self, a: int, fraction: int) -> int:
        """``a`` with at most ``fraction`` fraction bits."""
        node = self.nodes[a]
        if node.fraction <= fraction:
            return a
        integer = max(node.integer, 1 - fraction)
        return self.cast(a, plain(integer + fraction, integer, signed=node.signed))

    def _cast_interval(self, interval: Interval, fraction: int, precision: Precision) -> Interval:
        """Bounds of a cast: exact where nothing wraps, else the whole format."""
        low, high = interval
        # Widest exact window: overflow is decided on integers one rounding step beyond the format.
        step = fraction - precision.fraction
        floor_low, ceil_high = (low >> step, -(-high >> step)) if step > 0 else (low << -step, high << -step)
        inside = precision.low <= floor_low and ceil_high <= precision.high
        if not inside and precision.overflow in (Overflow.WRAP, Overflow.SAT_ZERO):
            return precision.low, precision.high
        if not inside and interval_width(low, high) > MAXIMUM_WIDTH:
            return precision.low, precision.high
        ends = precision.cast(np.array([low, high], dtype=np.int64), fraction)
        return int(ends[0]), int(ends[1])

    # ---- bookkeeping -------------------------------------------------------------------------------------------

    def _append(self, node: Node) -> int:
        if node in self._index:
            return self._index[node]
        operands = [self.nodes[i] for i in node.operands]
        if operands and all(operand.kind is Kind.CONSTANT for operand in operands):
            folded = self._fold(node, operands)
            self._index[node] = folded
            return folded
        if node.width > MAXIMUM_WIDTH:
            raise ExpressionError(
                f"a value of a formula needs {node.width} bits; at most {MAXIMUM_WIDTH} are exact"
            )
        position = len(self.nodes)
        self._index[node] = position
        self.nodes.append(node)
        return self.narrow(position, self.limits.node)

    def _fold(self, node: Node, operands: Sequence[Node]) -> int:
        values = [np.array([operand.value], dtype=np.int64) for operand in operands]
        result = evaluate_node(node, operands, values, np.zeros((1, 0), dtype=np.int64), self.tables)
        # The result of a cast has the format cast to, which the port of an output relies on.
        return self.constant(int(result[0]), node.fraction, shorten=node.kind is not Kind.CAST)


def plain(width: int, integer: int, *, signed: bool, overflow: Overflow = Overflow.WRAP) -> Precision:
    """A truncating format, the one whose quantisation costs no logic."""
    return Precision(width, integer, signed, Quantization.TRN, overflow)


def _shift(node: Node, fraction: int) -> Interval:
    return _shift_interval((node.low, node.high), fraction - node.fraction)


def _shift_interval(interval: Interval, bits: int) -> Interval:
    return interval[0] << bits, interval[1] << bits


def _absolute(interval: Interval) -> Interval:
    low, high = interval
    if low >= 0:
        return low, high
    return (0, max(-low, high)) if high >= 0 else (-high, -low)


def _product(a: Interval, b: Interval, *, square: bool) -> Interval:
    if square:
        low, high = _absolute(a)
        return low * low, high * high
    corners = [x * y for x in a for y in b]
    return min(corners), max(corners)


def _aligned_interval(kind: Kind, pair: Sequence[Interval]) -> Interval:
    (a_low, a_high), (b_low, b_high) = pair
    if kind is Kind.ADD:
        return a_low + b_low, a_high + b_high
    if kind is Kind.SUBTRACT:
        return a_low - b_high, a_high - b_low
    if kind is Kind.MINIMUM:
        return min(a_low, b_low), min(a_high, b_high)
    if kind is Kind.MAXIMUM:
        return max(a_low, b_low), max(a_high, b_high)
    return min(a_low, b_low), max(a_high, b_high)
