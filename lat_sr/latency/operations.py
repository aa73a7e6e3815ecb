"""The operations of a combinational program (ALIR, specification version 4) as mapped hardware."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lat_sr.latency.mapping import Block, Clamp, Mapper, Net, Reset, Row, Value
from lat_sr.latency.tables import table_tree

if TYPE_CHECKING:
    from alkaid.types import CombLogic, Op

INPUT, NEGATE, ADD, SUBTRACT, RELU, SLICE, ADD_CONSTANT = -1, -2, 0, 1, 2, 3, 4
CONSTANT, SELECT, MULTIPLY, LOOKUP, REDUCE, BITWISE, SUM = 5, 6, 7, 8, 9, 10, 11
_NOT = 0


class Operation:
    """One operation, with its format and the highest bit of its result that anything reads.

    Parameters
    ----------
    op : alkaid.types.Op
    live : int
        Bits of the result that are used, counted from the lowest.
    single_use : bool
        Whether exactly one operand of one operation reads the result.

    Attributes
    ----------
    words : tuple of int
        Contents of a table for every address, as unsigned integers.
    """

    __slots__ = ("data", "fraction", "live", "opcode", "operands", "signed", "single_use", "width", "words")

    def __init__(self, op: Op, live: int, single_use: bool) -> None:
        signed, integer, fraction = op.qint.kif
        self.opcode = int(op.opcode)
        self.operands: tuple[int, ...] = tuple(op.addr)
        self.data: tuple[int, ...] = tuple(op.data)
        self.signed = bool(signed)
        self.width = int(signed) + int(integer) + int(fraction)
        self.fraction = int(fraction)
        self.live = min(live, self.width)
        self.single_use = single_use
        self.words: tuple[int, ...] = ()


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
    operations = [Operation(op, 0, int(uses[k]) == 1) for k, op in enumerate(comb.ops)]
    for operation, op in zip(operations, comb.ops, strict=True):
        if operation.opcode == LOOKUP:
            operation.words = _words(comb, op, operation.width)
    for index in comb.out_idxs:
        if index >= 0:
            operations[index].live = operations[index].width
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


def _need(operations: list[Operation], index: int, bits: int) -> None:
    operation = operations[index]
    # A sign that is repeated upwards is the highest bit.
    operation.live = min(max(operation.live, bits), operation.width)


def _live_none(operation: Operation, operations: list[Operation]) -> None:
    """Inputs and constants read nothing."""


def _live_all(operation: Operation, operations: list[Operation]) -> None:
    for index in operation.operands:
        _need(operations, index, operations[index].width)


def _live_aligned(operation: Operation, operations: list[Operation]) -> None:
    """Bits up to the highest live one, at the weight that each operand has in the result."""
    top = operation.live - operation.fraction
    for index, _, shift in terms_of(operation):
        _need(operations, index, top - shift + operations[index].fraction)
    if operation.opcode == SELECT:
        key = operation.operands[2]
        _need(operations, key, operations[key].width)
    if operation.opcode == RELU:
        _live_all(operation, operations)


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


_LIVENESS: dict[int, Callable[[Operation, list[Operation]], None]] = {
    INPUT: _live_none,
    CONSTANT: _live_none,
    NEGATE: _live_aligned,
    ADD: _live_aligned,
    SUBTRACT: _live_aligned,
    RELU: _live_aligned,
    SLICE: _live_aligned,
    ADD_CONSTANT: _live_aligned,
    SELECT: _live_aligned,
    MULTIPLY: _live_all,
    LOOKUP: _live_all,
    REDUCE: _live_all,
    BITWISE: _live_aligned,
    SUM: _live_aligned,
}


def evaluate(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    """Map one operation whose operands are mapped.

    Parameters
    ----------
    mapper : Mapper
    operation : Operation
        Not an input.
    operands : sequence of Value

    Returns
    -------
    Value
        Bits that nothing reads are constant zeros.
    """
    return _RULES[operation.opcode](mapper, operation, operands)


def constant_value(operation: Operation) -> Value:
    """The bits of a constant."""
    bits: Row = [operation.data[0] >> position & 1 for position in range(operation.width)]
    return Value(bits, operation.signed, operation.fraction)


def _result(operation: Operation, bits: Row) -> Value:
    bits = bits[: operation.live]
    return Value(bits + [0] * (operation.width - len(bits)), operation.signed, operation.fraction)


def _terms(operation: Operation, operands: Sequence[Value]) -> list[tuple[Value, bool]]:
    return [
        (value.shifted(shift), negated)
        for value, (_, negated, shift) in zip(operands, terms_of(operation), strict=False)
    ]


def _sum(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    terms = _terms(operation, operands)
    if operation.opcode == ADD_CONSTANT:
        summand, fraction = operation.data
        constant: Row = [summand >> position & 1 for position in range(summand.bit_length() + 1)]
        terms.append((Value(constant, summand < 0, fraction), False))
    finest = max(value.fraction for value, _ in terms)
    dropped = finest - operation.fraction
    width = operation.live + dropped
    if len(terms) == 2 and terms[1][1] and terms[1][0].fraction > terms[0][0].fraction:
        return _result(operation, _subtract_finer(mapper, terms[0][0], terms[1][0], width)[dropped:])
    # Bits below `base` come from one operand alone and are only wired; the chain starts there.
    fractions = sorted(value.fraction for value, _ in terms)
    copied = (
        len(terms) > 1
        and fractions[-1] != fractions[-2]
        and not any(negated for value, negated in terms if value.fraction == finest)
    )
    base = fractions[-2] if copied else finest
    rows: list[tuple[Row, bool]] = []
    for value, negated in terms:
        # The sum of an operand whose chain starts here too joins it, if nothing else reads that sum.
        if value.rows is not None and value.base == base and _compatible(value, terms):
            rows += [
                (Value(row, value.signed, value.fraction).aligned(finest, width), subtracted != negated)
                for row, subtracted in value.rows
            ]
        else:
            rows.append((value.aligned(finest, width), negated))
    result = _result(operation, mapper.add(rows, width)[dropped:])
    if operation.single_use and dropped == 0:
        result.rows, result.base = rows, base
    return result


def _compatible(value: Value, terms: list[tuple[Value, bool]]) -> bool:
    """Whether a sum may join others: the tool adds signed operands together, or unsigned ones."""
    return all(
        other.signed == value.signed or not any(isinstance(bit, Net) for bit in other.bits)
        for other, _ in terms
    )


def _subtract_finer(mapper: Mapper, minuend: Value, subtrahend: Value, width: int) -> Row:
    """``a - b`` where b has more fraction bits: two chains, the lower one's borrow made by a reduction."""
    below = subtrahend.fraction - minuend.fraction
    row = subtrahend.aligned(subtrahend.fraction, max(width, below))
    low = mapper.add([(row[:below], True)], below)
    borrow = mapper.table(row[:below])
    rest = width - below
    if rest <= 0:
        return low[:width]
    high = mapper.add(
        [
            (minuend.aligned(minuend.fraction, rest), False),
            (row[below:width], True),
            ([borrow] + [0] * (rest - 1), True),
        ],
        rest,
    )
    return low + high


def _slice(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    value = operands[0].shifted(operation.data[0])
    sign = value.bits[-1] if value.signed and value.bits else 0
    first = value.fraction - operation.fraction
    bits = [
        value.bits[k] if 0 <= k < len(value.bits) else (0 if k < 0 else sign)
        for k in range(first, first + operation.width)
    ]
    return _result(operation, bits)


def _relu(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    value = operands[0]
    first = value.fraction - operation.fraction
    kept = value.bits[first : first + operation.live]
    if value.signed:
        sign = value.bits[-1]
        kept = [mapper.table((bit, sign)) if isinstance(bit, Net) else bit for bit in kept]
    return _result(operation, kept)


def _select(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    (first, _), (second, _) = _terms(operation, operands)
    key = operands[2].bits[-1]
    fraction = max(operation.fraction, first.fraction, second.fraction)
    width = operation.live + fraction - operation.fraction
    bits: Row = []
    for a, b in zip(first.aligned(fraction, width), second.aligned(fraction, width), strict=True):
        bit = a if a is b else mapper.table((key, a, b))
        constant = [not isinstance(other, Net) for other in (a, b)]
        # A key that comes straight from a carry chain stays a set or reset of the register; others are merged.
        if (
            isinstance(key, Net)
            and isinstance(bit, Net)
            and any(constant)
            and not key.leaves
            and bit is not key
        ):
            data = b if constant[0] else a
            bit.reset = Reset(data if isinstance(data, Net) else None, key, inverted=not constant[0])
        bits.append(bit)
    result = _result(operation, bits[fraction - operation.fraction :])
    told = {bit for bit in first.bits if isinstance(bit, Net)}
    if isinstance(key, Net) and len(told) <= 1:
        result.clamp = Clamp(second.aligned(operation.fraction, operation.live), (key, *told))
    return result


def _bitwise(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    (first, _), (second, _) = _terms(operation, operands)
    fraction = max(operation.fraction, first.fraction, second.fraction)
    width = operation.live + fraction - operation.fraction
    bits = [
        mapper.table(pair)
        for pair in zip(first.aligned(fraction, width), second.aligned(fraction, width), strict=True)
    ]
    return _result(operation, bits[fraction - operation.fraction :])


def _reduce(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    bits = operands[0].bits
    if operation.data[0] == _NOT:
        return _result(operation, list(bits))
    return _result(operation, [mapper.table(bits)])


def _multiply(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    timing = mapper.library.multiplier
    product = sum(len(value.bits) for value in operands)
    wide, narrow = sorted(operands, key=_signed_width, reverse=True)
    if product < timing.smallest_product:
        inputs = [bit for value in operands for bit in value.bits if isinstance(bit, Net)]
        arrival = max((net.arrival for net in inputs), default=0.0) + timing.soft_ps[product]
        block = Block(inputs, lut=timing.soft_lut[product])
        return _result(operation, [mapper.source(arrival, block) for _ in range(operation.live)])
    # Operands wider than a block are cut; every pair of pieces takes a block, and the products are added.
    rows: list[tuple[Row, bool]] = []
    for start, piece in _pieces(wide, timing.wide_bits):
        for offset, other in _pieces(narrow, timing.narrow_bits):
            inputs = [bit for bit in (*piece, *other) if isinstance(bit, Net)]
            arrival = max(
                (
                    bit.arrival + delay
                    for bits, delay in ((piece, timing.wide_ps), (other, timing.narrow_ps))
                    for bit in bits
                    if isinstance(bit, Net)
                ),
                default=0.0,
            )
            block = Block(inputs, dsp=1)
            zeros: Row = [0] * (start + offset)
            bits = [*zeros, *(mapper.source(arrival, block) for _ in range(len(piece) + len(other)))]
            rows.append(((bits + [bits[-1]] * operation.live)[: operation.live], False))
    return _result(operation, mapper.add(rows, operation.live) if len(rows) > 1 else rows[0][0])


def _signed_width(value: Value) -> int:
    return len(value.bits) + (not value.signed)


def _pieces(value: Value, limit: int) -> list[tuple[int, Row]]:
    """Pieces of a factor that a multiplier block takes, with their positions; all but the last are unsigned."""
    if _signed_width(value) <= limit:
        return [(0, value.bits)]
    size = limit - 1
    starts = range(0, _signed_width(value) - limit + size, size)
    return [(start, value.bits[start : start + size]) for start in starts if start < len(value.bits)]


def _lookup(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    index = operands[0]
    if len(index.bits) > mapper.library.lut.largest_logic_table:
        return _result(operation, _tree(mapper, operation, index.bits))
    direct = [mapper.table(index.bits) for _ in range(operation.live)]
    if index.clamp is None:
        return _result(operation, direct)
    # The limits can also be chosen behind the table, so that only unclamped bits pass through it.
    behind = [
        mapper.table((mapper.table(index.clamp.bits), *index.clamp.choice)) for _ in range(operation.live)
    ]
    return _result(operation, min(direct, behind, key=_latest))


def _latest(bits: Row) -> float:
    return max((bit.arrival for bit in bits if isinstance(bit, Net)), default=0.0)


def _tree(mapper: Mapper, operation: Operation, address: Row) -> Row:
    """A table that the toolchain instantiates: the mapper sees only that something drives its outputs."""
    tree = table_tree(operation.words, operation.width, mapper.library)
    block = Block([bit for bit in address if isinstance(bit, Net)], lut=tree.lut)
    outputs: Row = []
    for paths in tree.paths[: operation.live]:
        arrivals = [
            bit.arrival + path
            for bit, path in zip(address, paths, strict=True)
            if isinstance(bit, Net) and path is not None
        ]
        outputs.append(Net(max(arrivals), 0.0, (), block) if arrivals else 0)
    return outputs


def _constant(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    return constant_value(operation)


_Rule = Callable[[Mapper, Operation, Sequence[Value]], Value]
_RULES: dict[int, _Rule] = {
    NEGATE: _sum,
    ADD: _sum,
    SUBTRACT: _sum,
    RELU: _relu,
    SLICE: _slice,
    ADD_CONSTANT: _sum,
    CONSTANT: _constant,
    SELECT: _select,
    MULTIPLY: _multiply,
    LOOKUP: _lookup,
    REDUCE: _reduce,
    BITWISE: _bitwise,
    SUM: _sum,
}
