"""Operations of a combinational program (ALIR, specification version 4), and which bits of their results are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from alkaid.types import CombLogic, Op

INPUT, NEGATE, ADD, SUBTRACT, RELU, SLICE, ADD_CONSTANT = -1, -2, 0, 1, 2, 3, 4
CONSTANT, SELECT, MULTIPLY, LOOKUP, REDUCE, BITWISE, SUM = 5, 6, 7, 8, 9, 10, 11


class Operation:
    """One operation, with its format and the bits of its result that anything reads.

    Parameters
    ----------
    op : alkaid.types.Op
    single_use : bool
        Whether exactly one operand of one operation reads the result.

    Attributes
    ----------
    live : int
        Mask of the bits of the result that are read, lowest first.
    words : tuple of int
        Contents of a table for every address, as unsigned integers.
    """

    __slots__ = ("data", "fraction", "live", "opcode", "operands", "signed", "single_use", "width", "words")

    def __init__(self, op: Op, single_use: bool) -> None:
        signed, integer, fraction = op.qint.kif
        self.opcode = int(op.opcode)
        self.operands: tuple[int, ...] = tuple(op.addr)
        self.data: tuple[int, ...] = tuple(op.data)
        self.signed = bool(signed)
        self.width = int(signed) + int(integer) + int(fraction)
        self.fraction = int(fraction)
        self.live = 0
        self.single_use = single_use
        self.words: tuple[int, ...] = ()

    @property
    def top(self) -> int:
        """Bits up to the highest one that is read."""
        return self.live.bit_length()

    def need(self, mask: int) -> None:
        """Mark bits as read; those above the highest stand for it."""
        self.live |= mask & ((1 << self.width) - 1)
        if self.signed and mask >> self.width:
            self.live |= 1 << (self.width - 1)


def operations_of(comb: CombLogic) -> list[Operation]:
    """Operations of a program with the bits that are live in each.

    Parameters
    ----------
    comb : alkaid.types.CombLogic

    Returns
    -------
    list of Operation
        In the order of ``comb.ops``.
    """
    uses = comb.ref_count
    operations = [Operation(op, int(uses[k]) == 1) for k, op in enumerate(comb.ops)]
    for operation, op in zip(operations, comb.ops, strict=True):
        if operation.opcode == LOOKUP:
            operation.words = _words(comb, op, operation.width)
    for index in comb.out_idxs:
        if index >= 0:
            operations[index].need((1 << operations[index].width) - 1)
            operations[index].single_use = False
    for operation in reversed(operations):
        if operation.live:
            _LIVENESS[operation.opcode](operation, operations)
    return operations


def _words(comb: CombLogic, op: Op, width: int) -> tuple[int, ...]:
    assert comb.lookup_tables is not None
    entries = comb.lookup_tables[op.data[0]].padded_table(comb.ops[op.addr[0]].qint)
    # Addresses that never occur take a neighbour's entry, as the toolchain fills them.
    known = np.flatnonzero(~np.isnan(entries))
    nearest = known[np.maximum(np.searchsorted(known, np.arange(len(entries)), side="right") - 1, 0)]
    words: list[int] = (entries[nearest].astype(np.int64) & ((1 << width) - 1)).tolist()
    return tuple(words)


def terms_of(operation: Operation) -> list[tuple[int, bool, int]]:
    """Operands as (index, negated, exponent of two), for the operations that align their operands."""
    data, operands = operation.data, operation.operands
    if operation.opcode == SUM:
        return [(index, not data[2 * k], data[2 * k + 1]) for k, index in enumerate(operands)]
    if operation.opcode in (ADD, SUBTRACT, BITWISE):
        return [(operands[0], False, 0), (operands[1], operation.opcode == SUBTRACT, data[0])]
    if operation.opcode == SELECT:
        return [(operands[0], False, 0), (operands[1], False, data[0])]
    if operation.opcode == SLICE:
        return [(operands[0], False, data[0])]
    return [(operands[0], operation.opcode == NEGATE, 0)]


def chain_base(terms: Sequence[tuple[int, bool]]) -> int:
    """Fraction of the lowest bit of a sum that needs a carry chain; bits below come from one operand.

    Parameters
    ----------
    terms : sequence of (int, bool)
        Fraction of every summand, and whether it is subtracted.
    """
    finest = max(fraction for fraction, _ in terms)
    lowest = [negated for fraction, negated in terms if fraction == finest]
    if len(terms) == 1 or len(lowest) > 1 or lowest[0]:
        return finest
    return max(fraction for fraction, _ in terms if fraction != finest)


def _read_nothing(operation: Operation, operations: list[Operation]) -> None:
    """Inputs and constants have no operands."""


def _read_all(operation: Operation, operations: list[Operation]) -> None:
    for index in operation.operands:
        operations[index].need((1 << operations[index].width) - 1)


def _read_bitwise(operation: Operation, operations: list[Operation]) -> None:
    """The bits of the result, at the weight that each operand has in it."""
    for index, _, shift in terms_of(operation):
        up = operation.fraction + shift - operations[index].fraction
        operations[index].need(operation.live >> up if up >= 0 else operation.live << -up)
    if operation.opcode == SELECT:
        key = operations[operation.operands[2]]
        key.need(1 << (key.width - 1))
    if operation.opcode == RELU and operations[operation.operands[0]].signed:
        operand = operations[operation.operands[0]]
        operand.need(1 << (operand.width - 1))


def _read_sum(operation: Operation, operations: list[Operation]) -> None:
    """Of the bits in the carry chain all up to the highest live one; the live ones of those below."""
    terms = [(operations[index].fraction - shift, negated) for index, negated, shift in terms_of(operation)]
    if operation.opcode == ADD_CONSTANT:
        terms.append((operation.data[1], False))
    finest = max(fraction for fraction, _ in terms)
    live = operation.live << (finest - operation.fraction)
    wired = (1 << (finest - chain_base(terms))) - 1
    if live > wired:
        live = (live & wired) | (((1 << live.bit_length()) - 1) & ~wired)
    for index, (fraction, _) in zip(operation.operands, terms, strict=False):
        operations[index].need(live >> (finest - fraction))


_LIVENESS: dict[int, Callable[[Operation, list[Operation]], None]] = {
    INPUT: _read_nothing,
    CONSTANT: _read_nothing,
    NEGATE: _read_sum,
    ADD: _read_sum,
    SUBTRACT: _read_sum,
    RELU: _read_bitwise,
    SLICE: _read_bitwise,
    ADD_CONSTANT: _read_sum,
    SELECT: _read_bitwise,
    MULTIPLY: _read_all,
    LOOKUP: _read_all,
    REDUCE: _read_all,
    BITWISE: _read_bitwise,
    SUM: _read_sum,
}
