"""The operations of a combinational program as mapped hardware."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lat_sr.latency.liveness import (
    ADD,
    ADD_CONSTANT,
    BITWISE,
    CONSTANT,
    LOOKUP,
    MULTIPLY,
    NEGATE,
    REDUCE,
    RELU,
    SELECT,
    SLICE,
    SUBTRACT,
    SUM,
    Operation,
    chain_base,
    terms_of,
)
from lat_sr.latency.mapping import Block, Clamp, Mapper, Net, Reset, Row, Value
from lat_sr.latency.tables import table_tree

_NOT = 0


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
    read: Row = [bit if operation.live >> k & 1 else 0 for k, bit in enumerate(bits[: operation.top])]
    return Value(read + [0] * (operation.width - len(read)), operation.signed, operation.fraction)


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
    width = operation.top + dropped
    if len(terms) == 2 and terms[1][1] and terms[1][0].fraction > terms[0][0].fraction:
        return _result(operation, _subtract_finer(mapper, terms[0][0], terms[1][0], width)[dropped:])
    base = chain_base([(value.fraction, negated) for value, negated in terms])
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
    kept = value.bits[first : first + operation.top]
    if value.signed:
        sign = value.bits[-1]
        kept = [mapper.table((bit, sign)) if isinstance(bit, Net) else bit for bit in kept]
    return _result(operation, kept)


def _select(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    (first, _), (second, _) = _terms(operation, operands)
    key = operands[2].bits[-1]
    fraction = max(operation.fraction, first.fraction, second.fraction)
    width = operation.top + fraction - operation.fraction
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
        result.clamp = Clamp(second.aligned(operation.fraction, operation.top), (key, *told))
    return result


def _bitwise(mapper: Mapper, operation: Operation, operands: Sequence[Value]) -> Value:
    (first, _), (second, _) = _terms(operation, operands)
    fraction = max(operation.fraction, first.fraction, second.fraction)
    width = operation.top + fraction - operation.fraction
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
        return _result(operation, [mapper.source(arrival, block) for _ in range(operation.top)])
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
            rows.append(((bits + [bits[-1]] * operation.top)[: operation.top], False))
    return _result(operation, mapper.add(rows, operation.top) if len(rows) > 1 else rows[0][0])


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
    direct = [mapper.table(index.bits, wide=True) for _ in range(operation.top)]
    if index.clamp is None:
        return _result(operation, direct)
    # The limits can also be chosen behind the table, so that only unclamped bits pass through it.
    behind = [
        mapper.table((mapper.table(index.clamp.bits, wide=True), *index.clamp.choice), wide=True)
        for _ in range(operation.top)
    ]
    return _result(operation, min(direct, behind, key=_latest))


def _latest(bits: Row) -> float:
    return max((bit.arrival for bit in bits if isinstance(bit, Net)), default=0.0)


def _tree(mapper: Mapper, operation: Operation, address: Row) -> Row:
    """A table that the toolchain instantiates: the mapper sees only that something drives its outputs."""
    tree = table_tree(operation.words, operation.width, mapper.library)
    block = Block([bit for bit in address if isinstance(bit, Net)], lut=tree.lut)
    outputs: Row = []
    for paths in tree.paths[: operation.top]:
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
