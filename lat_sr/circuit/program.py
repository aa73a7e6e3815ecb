"""Builds a combinational program of alkaid's intermediate representation (ALIR), operation by operation.

Operations are emitted directly, with the exact integer bounds of the datapath as their formats. Alkaid's own
symbolic variables would do the same work through a retracing optimiser, some hundred times slower, and cannot
hold constant summands of more than 32 bits.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from alkaid.trace.fixed_variable import LookupTable, TableSpec
from alkaid.trace.passes import dead_code_elimin, fuse_ternary_adders
from alkaid.types import CombLogic, Op, QInterval

from lat_sr import _engine

Bounds = tuple[int, int]

# Opcodes of ALIR, specification version 4.
INPUT, NEGATE, ADD, SUBTRACT, RELU, SLICE, ADD_CONSTANT = -1, -2, 0, 1, 2, 3, 4
CONSTANT, SELECT, MULTIPLY, LOOKUP, REDUCE, BITWISE = 5, 6, 7, 8, 9, 10
_ANY, _XOR = 1, 2


@dataclass(frozen=True, slots=True)
class Signal:
    """A value of the circuit: an integer in ``[low, high]`` that stands for ``integer * 2**-fraction``.

    Powers of two and signs cost nothing until a consumer needs them, so they are kept beside the operation:
    the value is the operation's result times ``2**shift``, negated if `negated`.

    Parameters
    ----------
    operation : int
        Index of the operation that makes it; -1 for a constant, which needs none until it is an operand.
    low, high : int
        Inclusive bounds, after the sign.
    fraction : int
        May be negative.
    shift : int
    negated : bool
    """

    operation: int
    low: int
    high: int
    fraction: int
    shift: int = 0
    negated: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the value is the same for every input."""
        return self.low == self.high

    @property
    def width(self) -> int:
        """Bits, with the sign bit if there are negative values."""
        if self.low >= 0:
            return max(self.high.bit_length(), 1)
        return max((-self.low - 1).bit_length(), self.high.bit_length()) + 1

    def at(self, fraction: int) -> Bounds:
        """Bounds at a finer or equal fraction; a zero lies on every grid."""
        up = fraction - self.fraction if self.low or self.high else 0
        return self.low << up, self.high << up

    def negative(self) -> Signal:
        """The negated value."""
        return replace(self, low=-self.high, high=-self.low, negated=not self.negated)

    def scaled(self, exponent: int) -> Signal:
        """The value times ``2**exponent``."""
        return replace(self, fraction=self.fraction - exponent, shift=self.shift + exponent)


def constant(value: int, fraction: int) -> Signal:
    """A constant, without trailing zero bits."""
    if value == 0:
        return Signal(-1, 0, 0, 0)
    zeros = (value & -value).bit_length() - 1
    return Signal(-1, value >> zeros, value >> zeros, fraction - zeros)


class Program:
    """Collects the operations of one circuit; equal operations are shared."""

    def __init__(self) -> None:
        self._operations: list[Op] = []
        self._index: dict[tuple[object, ...], int] = {}
        self._tables: list[LookupTable] = []
        self._table_index: dict[str, int] = {}

    def input(self, column: int, low: int, high: int, fraction: int) -> Signal:
        """An input port."""
        return self._emit(INPUT, (), (column,), (low, high), fraction)

    def add(self, a: Signal, b: Signal, bounds: Bounds | None = None) -> Signal:
        """``a + b``; `bounds`, at the finer fraction, replace interval arithmetic."""
        if a.is_constant:
            a, b = b, a
        if a.is_constant or (b.is_constant and b.low == 0):
            fraction = max(a.fraction, b.fraction)
            return constant(a.at(fraction)[0] + b.at(fraction)[0], fraction) if a.is_constant else a
        if b.is_constant and not a.negated:
            return self._add_constant(a, b)
        if a.negated:
            a, b = b, a
        if a.negated:
            return self.add(
                a.negative(), b.negative(), None if bounds is None else (-bounds[1], -bounds[0])
            ).negative()
        a, b = self._operand(a), self._operand(b, keep_sign=True)
        fraction = max(a.fraction, b.fraction)
        if bounds is None:
            bounds = (a.at(fraction)[0] + b.at(fraction)[0], a.at(fraction)[1] + b.at(fraction)[1])
        opcode = SUBTRACT if b.negated else ADD
        return self._emit(
            opcode, (a.operation, b.operation), (b.shift - a.shift,), bounds, fraction, shift=a.shift
        )

    def subtract(self, a: Signal, b: Signal, bounds: Bounds | None = None) -> Signal:
        """``a - b``."""
        return self.add(a, b.negative(), bounds)

    def multiply(self, a: Signal, b: Signal) -> Signal:
        """``a * b``; a square if both are the same operation."""
        for factor, other in ((a, b), (b, a)):
            if factor.is_constant:
                return self.scale(other, factor.low, factor.fraction)
        corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        negated = a.negated != b.negated
        low, high = min(corners), max(corners)
        if a.operation == b.operation:
            square = max(a.low * a.low, a.high * a.high)
            least = 0 if a.low <= 0 <= a.high else min(a.low * a.low, a.high * a.high)
            low, high = (-square, -least) if negated else (least, square)
        product = self._emit(
            MULTIPLY,
            (a.operation, b.operation),
            (),
            (-high, -low) if negated else (low, high),
            a.fraction + b.fraction,
            shift=a.shift + b.shift,
        )
        return product.negative() if negated else product

    def scale(self, a: Signal, value: int, value_fraction: int) -> Signal:
        """``a * value * 2**-value_fraction`` by shifts and adds."""
        if value == 0 or a.is_constant:
            return constant(a.low * value, a.fraction + value_fraction)
        factor = constant(abs(value), value_fraction)
        terms = [a]
        multiples = [Fraction(1)]
        for first, second, shift, subtract in shift_adds(factor.low):
            operand = terms[second].scaled(shift)
            multiple = multiples[second] * Fraction(2) ** shift
            multiples.append(multiples[first] + (-multiple if subtract else multiple))
            # The terms depend on each other, so interval arithmetic would give bounds that are too wide.
            fraction = max(terms[first].fraction, operand.fraction)
            unit = int(multiples[-1] * Fraction(2) ** (fraction - a.fraction))
            combine = self.subtract if subtract else self.add
            low, high = sorted((a.low * unit, a.high * unit))
            terms.append(combine(terms[first], operand, (low, high)))
        excess = int(math.log2(abs(multiples[-1]) / factor.low))
        result = terms[-1].scaled(-excess - factor.fraction)
        return result.negative() if (value < 0) != (multiples[-1] < 0) else result

    def select(self, key: Signal, set_: Signal, clear: Signal, within: Signal | None = None) -> Signal:
        """``set_`` where the uppermost bit of `key` is 1, else ``clear``.

        The uppermost bit is the sign of a signed key and the value of a flag. `within` is a signal whose bounds
        the result is known to keep.
        """
        if set_ == clear:
            return set_
        # A zero lies on every grid.
        if set_.is_constant and set_.low == 0:
            set_ = replace(set_, fraction=clear.fraction)
        elif clear.is_constant and clear.low == 0:
            clear = replace(clear, fraction=set_.fraction)
        key, set_, clear = self._operand(key), self._operand(set_), self._operand(clear)
        fraction = max(set_.fraction, clear.fraction)
        pairs = (set_.at(fraction), clear.at(fraction))
        low, high = min(low for low, _ in pairs), max(high for _, high in pairs)
        if within is not None:
            finer = within.fraction - fraction
            least, most = (
                (-(-within.low >> finer), within.high >> finer) if finer > 0 else within.at(fraction)
            )
            low, high = max(low, least), min(high, most)
        if low == high:
            return constant(low, fraction)
        return self._emit(
            SELECT,
            (set_.operation, clear.operation, key.operation),
            (clear.shift - set_.shift,),
            (low, high),
            fraction,
            shift=set_.shift,
        )

    def select_negative(
        self, a: Signal, negative: Signal, otherwise: Signal, within: Signal | None = None
    ) -> Signal:
        """``negative`` where ``a < 0``, else ``otherwise``; see `select` for `within`."""
        if a.low >= 0:
            return otherwise
        return negative if a.high < 0 else self.select(a, negative, otherwise, within)

    def relu(self, a: Signal) -> Signal:
        """``max(a, 0)``."""
        if a.low >= 0:
            return a
        if a.high <= 0:
            return constant(0, 0)
        a = self._operand(a)
        return self._emit(RELU, (a.operation,), (), (0, a.high), a.fraction, shift=a.shift)

    def slice(self, a: Signal, fraction: int, bounds: Bounds) -> Signal:
        """``a`` rounded down to a coarser fraction, modulo the format that `bounds` need.

        Wiring only. `bounds` are those of the result.
        """
        low, high = bounds
        if low == high:
            return constant(low, fraction)
        if fraction == a.fraction and low <= a.low and a.high <= high:
            return a
        a = self._operand(a)
        return self._emit(SLICE, (a.operation,), (0,), bounds, fraction, shift=a.shift)

    def bits(self, a: Signal, position: int, count: int) -> Signal:
        """`count` bits from `position` (0 is the lowest) as an unsigned integer; the sign repeats upwards."""
        if a.low >= 0:
            count = min(count, a.width - position)
        if count <= 0:
            return constant(0, 0)
        a = self._operand(a)
        field = self._emit(
            SLICE, (a.operation,), (0,), (0, (1 << count) - 1), a.fraction - position, shift=a.shift
        )
        return replace(field, fraction=0, shift=field.shift + field.fraction)

    def any(self, a: Signal) -> Signal:
        """A flag: 1 where a bit of the unsigned `a` is set."""
        if a.is_constant:
            return constant(int(a.low != 0), 0)
        if a.width == 1:
            return a
        return self._emit(REDUCE, (a.operation,), (_ANY,), (0, 1), 0)

    def xor(self, a: Signal, b: Signal) -> Signal:
        """Bitwise exclusive or of two unsigned integers."""
        if a.is_constant or b.is_constant:
            a, b = (b, a) if a.is_constant else (a, b)
            if b.low == 0:
                return a
            b = self._operand(b)
        high = (1 << max(a.width, b.width)) - 1
        return self._emit(
            BITWISE, (a.operation, b.operation), (b.shift - a.shift, _XOR), (0, high), 0, shift=a.shift
        )

    def lookup(self, a: Signal, entries: tuple[int, ...], fraction: int) -> Signal:
        """Entry ``a - a.low`` of a table."""
        low, high = min(entries), max(entries)
        if low == high:
            return constant(low, fraction)
        a = self._operand(a)
        return self._emit(LOOKUP, (a.operation,), (self._table(entries, fraction),), (low, high), fraction)

    def finish(self, inputs: int, outputs: list[Signal], port: Signal) -> CombLogic:
        """The program: unused operations removed, sums of three terms fused into one operation (opcode 11).

        `port` has the bounds and the fraction of every output port.
        """
        outputs = [self._output(signal, port) for signal in outputs]
        circuit = CombLogic(
            shape=(inputs, len(outputs)),
            inp_shifts=[0] * inputs,
            out_idxs=[signal.operation for signal in outputs],
            out_shifts=[signal.shift for signal in outputs],
            out_negs=[False] * len(outputs),
            ops=self._operations,
            carry_size=-1,
            adder_size=-1,
            lookup_tables=tuple(self._tables) or None,
        )
        return dead_code_elimin(fuse_ternary_adders(dead_code_elimin(circuit)))

    def _add_constant(self, a: Signal, summand: Signal) -> Signal:
        fraction = max(a.fraction, summand.fraction)
        (low, high), (value, _) = a.at(fraction), summand.at(fraction)
        return self._emit(
            ADD_CONSTANT,
            (a.operation,),
            (summand.low, summand.fraction + a.shift),
            (low + value, high + value),
            fraction,
            shift=a.shift,
        )

    def _operand(self, a: Signal, *, keep_sign: bool = False) -> Signal:
        """The signal with an operation behind it that an operation can take: constants and signs made real."""
        if a.is_constant:
            # A zero is given one bit, because signals without bits are not valid Verilog.
            bounds = (a.low, a.high) if a.low else (0, 1)
            made = self._emit(CONSTANT, (), (a.low,), bounds, a.fraction)
            return replace(made, low=a.low, high=a.high)
        if a.negated and not keep_sign:
            return self._emit(NEGATE, (a.operation,), (), (a.low, a.high), a.fraction, shift=a.shift)
        return a

    def _output(self, a: Signal, port: Signal) -> Signal:
        if not a.is_constant or (a.low and a.fraction > port.fraction):
            return self._operand(a)
        # As wide as the port: alkaid cannot connect fields that have no bit in common.
        bounds = (min(port.low, a.at(port.fraction)[0]), max(port.high, a.at(port.fraction)[0]))
        made = self._emit(CONSTANT, (), (a.at(port.fraction)[0],), bounds, port.fraction)
        return replace(made, low=a.low, high=a.high)

    def _table(self, entries: tuple[int, ...], fraction: int) -> int:
        values = np.array(entries, dtype=np.int32)
        digest = hashlib.sha256(values.tobytes() + str(fraction).encode()).hexdigest()
        if digest not in self._table_index:
            bounds = _interval((min(entries), max(entries)), fraction)
            address = max(math.ceil(math.log2(len(entries))), 1)
            self._table_index[digest] = len(self._tables)
            self._tables.append(LookupTable(values, TableSpec(digest, bounds, address)))
        return self._table_index[digest]

    def _emit(
        self,
        opcode: int,
        operands: tuple[int, ...],
        data: tuple[int, ...],
        bounds: Bounds,
        fraction: int,
        *,
        shift: int = 0,
    ) -> Signal:
        """An operation whose result, times ``2**shift``, has these bounds at this fraction."""
        key = (opcode, operands, data, bounds, fraction + shift)
        if key not in self._index:
            self._index[key] = len(self._operations)
            interval = _interval(bounds, fraction + shift)
            self._operations.append(Op(operands, opcode, data, interval, 0.0, 0.0))
        return Signal(self._index[key], *bounds, fraction, shift)


def _interval(bounds: Bounds, fraction: int) -> QInterval:
    low, high = bounds
    return QInterval(math.ldexp(low, -fraction), math.ldexp(high, -fraction), math.ldexp(1.0, -fraction))


@lru_cache(maxsize=4096)
def shift_adds(value: int) -> tuple[tuple[int, int, int, bool], ...]:
    """Additions that multiply by an odd positive integer, in the fewest levels, then in few adders.

    Parameters
    ----------
    value : int

    Returns
    -------
    tuple of (first, second, shift, subtract)
        Term ``k + 1`` is ``term[first] +- term[second] * 2**shift``; term 0 is the operand, the last one is
        the product up to its sign and a power of two.
    """
    return tuple(_engine.shift_adds(value))
