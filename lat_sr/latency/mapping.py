"""How operations map to look-up tables, carry chains and multipliers, bit by bit, and when each bit arrives.

A synthesis tool merges the logic of neighbouring operations into the same look-up tables, overlaps the carry chains of
adders that follow each other, drops constant and unused bits and adds three operands in one chain. Delays that belong
to whole operations cannot follow that. Here every bit carries its own arrival time and the signals that its
look-up table would read, so that the next operation can either read the bit or take its logic over (a depth-oriented
cut of the logic, as in Cong and Ding, "FlowMap", IEEE TCAD 13, 1994). The figures are those of a `DelayLibrary`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from lat_sr.latency.library import DelayLibrary


class Block:
    """Hardware that is not a single look-up table: a carry chain, a multiplier, a table.

    Parameters
    ----------
    inputs : sequence of Net
    lut, dsp : int
        Resources, without the look-up tables that make the inputs.
    """

    __slots__ = ("dsp", "inputs", "lut")

    def __init__(self, inputs: Sequence[Net], lut: int = 0, dsp: int = 0) -> None:
        self.inputs = tuple(inputs)
        self.lut = lut
        self.dsp = dsp


class Net:
    """One bit: a register or port, the output of a block, or the output of a look-up table over `leaves`.

    Parameters
    ----------
    arrival : float
        Picoseconds from the clock edge.
    weight : float
        When the mapper takes the bit to arrive: with its estimate of wires, and 0 behind tables that the toolchain
        instantiates. Decides between ways to map, and over pins.
    leaves : tuple of Net
        What the look-up table reads; empty for all other bits.
    block : Block, optional
    """

    __slots__ = ("arrival", "block", "leaves", "reset", "weight")

    def __init__(
        self, arrival: float, weight: float, leaves: tuple[Net, ...] = (), block: Block | None = None
    ) -> None:
        self.arrival = arrival
        self.weight = weight
        self.leaves = leaves
        self.block = block
        self.reset: Reset | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """How a register could make a choice between a bit and a constant: by its synchronous set or reset input.

    Parameters
    ----------
    data : Net or None
        The bit; None for a constant.
    key : Net
    inverted : bool
        Whether the key has to be inverted.
    """

    data: Net | None
    key: Net
    inverted: bool


Bit: TypeAlias = "Net | int"
Row: TypeAlias = "list[Bit]"


@dataclass(frozen=True, slots=True)
class Clamp:
    """A choice between a value and one that takes few bits to tell, as saturation makes.

    Parameters
    ----------
    bits : list of Net or int
        The value, lowest bit first.
    choice : tuple of Net
        What decides, and tells the other value.
    """

    bits: Row
    choice: tuple[Net, ...]


@dataclass(slots=True)
class Value:
    """The bits of an operation's result, lowest first.

    Parameters
    ----------
    bits : list of Net or int
        Integers are constant bits.
    signed : bool
        Whether the last bit is a sign.
    fraction : int
        Fraction bits.
    rows : list of (bits, negated), optional
        The summands, where a single consumer may add them together with its own.
    base : int
        Fraction at which the sum's carry chain starts.
    clamp : Clamp, optional
        Where the value is one of few constants or other bits.
    """

    bits: Row
    signed: bool
    fraction: int
    rows: list[tuple[Row, bool]] | None = None
    base: int = 0
    clamp: Clamp | None = None

    def aligned(self, fraction: int, width: int) -> Row:
        """`width` bits at a finer or equal fraction, with zeros below and the sign (or zeros) above."""
        sign: Bit = self.bits[-1] if self.signed and self.bits else 0
        zeros: Row = [0] * (fraction - self.fraction)
        bits = zeros + self.bits
        return (bits + [sign] * (width - len(bits)))[:width]

    def shifted(self, exponent: int) -> Value:
        """The value times ``2**exponent``."""
        return replace(self, fraction=self.fraction - exponent, base=self.base - exponent)


@dataclass(slots=True)
class Mapper:
    """Maps operations on bits; `latest_open_end` is the latest arrival at an unused output of a carry chain.

    Parameters
    ----------
    library : DelayLibrary
    """

    library: DelayLibrary
    latest_open_end: float = 0.0
    _pins: tuple[tuple[float, ...], ...] = field(init=False)
    _size: int = field(init=False)
    _penalty: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._pins = ((), *self.library.lut.pin_ps)
        self._size = len(self.library.lut.pin_ps)
        self._penalty = (0.0, *self.library.lut.penalty_ps)

    def arrival(self, bit: Bit) -> float:
        """Picoseconds after which a bit is there, with the set-up time of a register."""
        return bit.arrival + self.library.flipflop.setup_ps if isinstance(bit, Net) else 0.0

    def at_register(self, bit: Bit) -> float:
        """Picoseconds that a register after a bit needs the clock period to be."""
        if not isinstance(bit, Net):
            return 0.0
        timing = self.library.flipflop
        if bit.reset is None:
            return bit.arrival + timing.setup_ps
        data = bit.reset.data.arrival if bit.reset.data is not None else 0.0
        key = bit.reset.key.arrival + (self._pins[1][0] if bit.reset.inverted else 0.0)
        return max(data + timing.setup_ps, key + timing.reset_setup_ps)

    def source(self, arrival: float, block: Block | None = None) -> Net:
        """A bit that no look-up table makes."""
        return Net(arrival, arrival, (), block)

    # ---- look-up tables ----------------------------------------------------------------------------------------

    def table(self, bits: Iterable[Bit], *, wide: bool = False, relaxed: bool = False) -> Bit:
        """A function of some bits: one look-up table, with the logic of its operands taken in where that is faster.

        `wide` allows tables behind fixed multiplexers, which the mapper takes for tables of constants. `relaxed` has
        the outputs of other tables on slow pins, as the mapper leaves them where a carry chain gives it time.
        """
        size = self._size if wide else self.library.lut.inputs
        operands: list[Net] = []
        for bit in bits:
            if isinstance(bit, Net) and bit not in operands:
                operands.append(bit)
        if len(operands) < 2:
            return operands[0] if operands else 0
        while len(operands) > size:
            operands.sort(key=_weight)
            first = self.table(operands[:size], wide=wide)
            assert isinstance(first, Net)
            operands = [first, *operands[size:]]
        # The operands that come from look-up tables, the latest first; four decide, 16 covers at most.
        merged = sorted((net for net in operands if net.leaves), key=_weight, reverse=True)[:4]
        best: tuple[float, float, int] | None = None
        cover: tuple[Net, ...] = ()
        for choice in range(1 << len(merged)):
            chosen = [net for position, net in enumerate(merged) if choice >> position & 1]
            leaves = [net for net in operands if net not in chosen]
            for net in chosen:
                leaves.extend(leaf for leaf in net.leaves if leaf not in leaves)
            if len(leaves) > size:
                continue
            # What the mapper takes for the latest input has the fastest pin.
            leaves.sort(key=_weight, reverse=True)
            pins = self._pins[len(leaves)]
            arrival = max(
                net.arrival + (pins[-1] if relaxed and net.leaves else pin)
                for net, pin in zip(leaves, pins, strict=True)
            )
            weight = max(net.weight + pin for net, pin in zip(leaves, pins, strict=True))
            weight += self._penalty[len(leaves)]
            if best is None or (weight, arrival, len(leaves)) < best:
                best, cover = (weight, arrival, len(leaves)), tuple(leaves)
        assert best is not None
        return Net(best[1], best[0], cover)

    # ---- sums --------------------------------------------------------------------------------------------------

    def add(self, rows: list[tuple[Row, bool]], width: int) -> Row:
        """Sum of rows of bits (a flag says which are subtracted), modulo ``2**width``."""
        work = [(row, negated) for row, negated in rows if any(bit != 0 for bit in row)]
        if len(work) > 2:
            work = _with_complement_carries(work)
        # Three rows become two by a full adder for every column (C. S. Wallace, 1964), until a carry chain adds two.
        relaxed = False
        while len(work) > 2:
            reduced: list[tuple[Row, bool]] = []
            for k in range(0, len(work) - 2, 3):
                columns = list(zip(*(_plain(row, negated) for row, negated in work[k : k + 3]), strict=True))
                sums, carries = zip(*(self._full_adder(column, relaxed) for column in columns), strict=True)
                reduced += [(list(sums), False), ([0, *carries[:-1]], False)]
            reduced += work[len(work) - len(work) % 3 :]
            relaxed = len(reduced) == 3
            work = reduced
        if not work:
            return [0] * width
        if len(work) == 1:
            row, negated = work[0]
            return self._two_rows([0] * width, row, True) if negated else row
        (first, first_negated), (second, second_negated) = work
        if first_negated and not second_negated:
            first, second, second_negated = second, first, True
        return self._two_rows(first, second, second_negated)

    def _full_adder(self, column: Sequence[Bit], relaxed: bool) -> tuple[Bit, Bit]:
        """Sum and carry of three bits."""
        nets = [bit for bit in column if isinstance(bit, Net)]
        ones = sum(bit == 1 for bit in column if not isinstance(bit, Net))
        if not nets:
            return ones & 1, ones >> 1
        if len(nets) == 1:
            return nets[0], (0, nets[0], 1)[ones]
        return self.table(nets, relaxed=relaxed), self.table(nets, relaxed=relaxed)

    def _two_rows(self, first: Row, second: Row, subtract: bool) -> Row:
        low: Row = []
        for a, b in zip(first, second, strict=True):
            # Bits with a known carry need no chain: a summand of 0, or 1 - b with no borrow so far.
            if b == 0:
                low.append(a)
            elif a == int(subtract):
                low.append(b)
            else:
                break
        first, second = first[len(low) :], second[len(low) :]
        if len(first) < self.library.carry.shortest:
            taken: Row = []
            for a, b in zip(first, second, strict=True):
                taken += [a, b]
                low.append(self.table(taken))
            return low
        return low + self._chain(first, second, subtract)

    def _chain(self, first: Row, second: Row, subtract: bool) -> Row:
        """Carry chain: a look-up table for every bit, then blocks of carry logic."""
        carry = self.library.carry
        tables: Row = []
        selects: list[float | None] = []
        datas: list[float | None] = []
        inverters = 0
        inverter = self._pins[1][0]
        for a, b in zip(first, second, strict=True):
            select = self.table((a, b))
            tables.append(select)
            if isinstance(select, Net):
                # A lone operand may have to pass an inverter, unless the look-up table that makes it inverts.
                flipped = not select.leaves and (a if isinstance(b, Net) else b) == int(not subtract)
                inverters += flipped
                selects.append(select.arrival + inverter if flipped else select.arrival)
            else:
                selects.append(None)
            datas.append(a.arrival if isinstance(a, Net) else None)
        arrivals: list[float] = []
        incoming: float | None = None
        for start in range(0, len(selects), carry.block):
            sources = [
                (arrival, outputs, carries)
                for arrivals_in, to_output, to_carry in (
                    (
                        selects[start : start + carry.block],
                        carry.select_to_output_ps,
                        carry.select_to_carry_ps,
                    ),
                    (datas[start : start + carry.block], carry.data_to_output_ps, carry.data_to_carry_ps),
                )
                for arrival, outputs, carries in zip(arrivals_in, to_output, to_carry, strict=False)
                if arrival is not None
            ]
            if incoming is not None:
                sources.append((incoming, carry.carry_to_output_ps, carry.carry_to_carry_ps))
            outputs_at = [0.0] * carry.block
            for arrival, outputs, _ in sources:
                for position, delay in enumerate(outputs):
                    if delay is not None:
                        outputs_at[position] = max(outputs_at[position], arrival + delay)
            used = min(carry.block, len(selects) - start)
            arrivals += outputs_at[:used]
            carried = [arrival + carries[-1] for arrival, _, carries in sources if carries[-1] is not None]
            incoming = max(carried) if carried else None
            if start + carry.block >= len(selects):
                self.latest_open_end = max(self.latest_open_end, *outputs_at)
        block = Block([net for net in (*tables, *first) if isinstance(net, Net)], lut=inverters)
        return [self.source(arrival, block) for arrival in arrivals]


def _with_complement_carries(rows: list[tuple[Row, bool]]) -> list[tuple[Row, bool]]:
    """The 1 that a complement needs, put where a subtracted row stands alone: its carries start there."""
    result = [(list(row), negated) for row, negated in rows]
    for number, (row, negated) in enumerate(rows):
        first = next(position for position, bit in enumerate(row) if bit != 0)
        others = [other for k, (other, _) in enumerate(result) if k != number]
        if negated and all(other[first] == 0 for other in others):
            others[0][first] = 1
    return result


def _plain(row: Row, negated: bool) -> Row:
    """A row to be added: its complement, above the zeros at its end, if it is to be subtracted."""
    if not negated:
        return row
    first = next((position for position, bit in enumerate(row) if bit != 0), len(row))
    return [bit if isinstance(bit, Net) or position < first else 1 - bit for position, bit in enumerate(row)]


def _weight(net: Net) -> float:
    return net.weight


def resources(nets: Iterable[Net], lut_inputs: int) -> tuple[int, int]:
    """Look-up tables and multipliers behind some bits.

    Parameters
    ----------
    nets : iterable of Net
        The bits that registers hold.
    lut_inputs : int
        Inputs of one look-up table.

    Returns
    -------
    lut, dsp : int
    """
    lut = dsp = 0
    pending = list(nets)
    seen: set[Net | Block] = set()
    while pending:
        net = pending.pop()
        if net in seen:
            continue
        seen.add(net)
        if net.leaves:
            lut += 1 << max(len(net.leaves) - lut_inputs, 0)
            pending.extend(net.leaves)
        elif net.block is not None and net.block not in seen:
            seen.add(net.block)
            lut += net.block.lut
            dsp += net.block.dsp
            pending.extend(net.block.inputs)
    return lut, dsp
