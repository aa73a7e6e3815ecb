"""Unary functions as one lookup, or as a lookup with interpolation.

Both forms are textbook table methods (J.-M. Muller, *Elementary Functions*, 3rd ed., chapter 5): a direct table
whose entries are taken at the middle of the truncated cell, so that the index needs no rounding, and a table of
values and slopes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lat_sr.datapath.builder import Builder, plain
from lat_sr.datapath.graph import Floats, Table, interval_width
from lat_sr.errors import ExpressionError
from lat_sr.precision import Overflow

Function = Callable[[Floats], Floats]

_FEWEST_INDEX_BITS = 3
_LUT_INPUTS = 6  # of the look-up tables of UltraScale+
MAXIMUM_INDEX_BITS = 12  # 4096 entries: 64 six-input LUTs per output bit
MAXIMUM_RESULT_BITS = 24  # of a table; wider results lose fraction bits
INTERPOLATION_ARGUMENT_BITS = 18  # one DSP48E2 port
MAXIMUM_MAGNITUDE = 2.0**40  # results beyond saturate, so that sums and products with them stay within a node
_SAMPLES = 4096  # points on which a table's error is judged


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How functions are put into tables.

    Parameters
    ----------
    implementation : {"table", "interp"}
    tolerance : float
        Root mean square error that a single table may make, in units of 2**-result_fraction_of_the_precision.
    fraction : int
        Fraction bits of the precision; ``tolerance`` counts in these units.
    guard : int
        Further fraction bits of a result that other operators still use.
    """

    implementation: str
    tolerance: float
    fraction: int
    guard: int = 2

    @property
    def result_fraction(self) -> int:
        """Fraction bits of a table's result."""
        return self.fraction + self.guard


@dataclass(frozen=True, slots=True)
class _Covering:
    """The smallest format that covers the range seen of a value, in the value's own units."""

    low: int
    high: int
    width: int
    integer: int
    signed: bool

    @property
    def first(self) -> int:
        """Smallest integer of the format."""
        return -(1 << (self.width - 1)) if self.signed else 0

    def narrowed(self, bits: int) -> _Covering:
        """The format without its highest bits, in which arguments beyond it saturate."""
        width = self.width - bits
        first = self.first >> bits
        last = first + (1 << width) - 1
        low, high = (min(max(end, first), last) for end in (self.low, self.high))
        return _Covering(low, high, width, self.integer - bits, self.signed)


def lookup_function(
    builder: Builder, operand: int, function: Function, name: str, style: TableStyle, *, required: bool
) -> int | None:
    """A function as one table (or one interpolated table) over the range seen of its operand.

    The table has the fewest entries whose error on the data (or on the range, without data) is within the style's
    tolerance. Where that takes more than one look-up table for each bit, and the function hardly changes at the ends
    of the range, the argument saturates before, so that no entries are spent there.

    Parameters
    ----------
    builder : Builder
    operand : int
        Node of the argument.
    function : callable
        Vectorised float64 function; values outside of its domain are NaN.
    name : str
        For reports and error messages.
    style : TableStyle
    required : bool
        With False, None is returned if even the largest table misses the tolerance.

    Returns
    -------
    int or None
        Node of the result.
    """
    covering = _covering(builder, operand)
    scale = 2.0 ** -builder.nodes[operand].fraction
    samples = samples_of(builder, operand)
    with np.errstate(all="ignore"):
        truth = function(samples * scale)
    usable = np.isfinite(truth)
    samples, truth = samples[usable], np.clip(truth[usable], -MAXIMUM_MAGNITUDE, MAXIMUM_MAGNITUDE)
    limit = (style.tolerance * 2.0**-style.fraction) ** 2
    make = _interpolated if style.implementation == "interp" else _direct
    plan = None
    for kept, index_bits in _candidates(covering, function, scale, samples, truth, limit):
        plan = make(kept, function, name, scale, index_bits, style)
        if not len(samples):
            break
        error = plan.predict(np.clip(samples, kept.low, kept.high)) - truth
        if float(np.mean(error**2)) <= limit:
            return plan.emit(builder, operand)
    if not required:
        return None
    assert plan is not None
    return plan.emit(builder, operand)


def _candidates(
    covering: _Covering, function: Function, scale: float, samples: Floats, truth: Floats, limit: float
) -> Iterator[tuple[_Covering, int]]:
    """Formats and index bits to try: all of the range while a look-up table holds an output bit, then less of it."""
    for index_bits in range(min(_FEWEST_INDEX_BITS, covering.width), min(covering.width, _LUT_INPUTS) + 1):
        yield covering, index_bits
    kept = _saturating(covering, function, scale, samples, truth, limit)
    fewest = _LUT_INPUTS + 1 if kept == covering else min(_FEWEST_INDEX_BITS, kept.width)
    for index_bits in range(fewest, min(kept.width, MAXIMUM_INDEX_BITS) + 1):
        yield kept, index_bits


def _saturating(
    covering: _Covering, function: Function, scale: float, samples: Floats, truth: Floats, limit: float
) -> _Covering:
    """The narrowest format in which saturation makes no more than a quarter of the mean square error allowed."""
    bits = 0
    while covering.width - bits > _FEWEST_INDEX_BITS:
        narrower = covering.narrowed(bits + 1)
        with np.errstate(all="ignore"):
            ends = function(np.array([narrower.low, narrower.high]) * scale)
        below, above = np.clip(ends, -MAXIMUM_MAGNITUDE, MAXIMUM_MAGNITUDE)
        error = np.where(
            samples < narrower.low, below - truth, np.where(samples > narrower.high, above - truth, 0.0)
        )
        if not float(np.mean(error**2)) <= limit / 4:  # also where an end is outside of the domain
            break
        bits += 1
    return covering.narrowed(bits)


def _covering(builder: Builder, operand: int) -> _Covering:
    node = builder.nodes[operand]
    low, high = builder.seen[operand]
    signed = low < 0
    width = interval_width(low, max(high, 0))
    return _Covering(low, high, width, width - node.fraction, signed)


def samples_of(builder: Builder, operand: int) -> Floats:
    """Integers of a node on which its function's error is judged: the data, or points of the range."""
    values = builder.seen_values(operand)
    if values is not None:
        return values[:: max(1, len(values) // _SAMPLES)].astype(np.float64)
    low, high = builder.seen[operand]
    return np.unique(np.linspace(low, high, _SAMPLES).round())


@dataclass(frozen=True)
class _DirectPlan:
    covering: _Covering
    drop: int
    table: Table

    def predict(self, values: Floats) -> Floats:
        index = (values.astype(np.int64) >> self.drop) - (self.covering.first >> self.drop)
        return np.asarray(np.asarray(self.table.entries, dtype=np.float64)[index] * 2.0**-self.table.fraction)

    def emit(self, builder: Builder, operand: int) -> int:
        index = _cast_to_covering(builder, operand, self.covering, self.drop)
        return _lookup_part(builder, index, self.table, self.covering, self.drop)


@dataclass(frozen=True)
class _InterpolatedPlan:
    covering: _Covering
    coarse: int  # bits dropped from the argument altogether
    drop: int  # further bits, which interpolate
    values: Table
    slopes: Table
    result_fraction: int

    def predict(self, values: Floats) -> Floats:
        argument = values.astype(np.int64) >> self.coarse
        index = (argument >> self.drop) - (self.covering.first >> (self.coarse + self.drop))
        rest = argument & ((1 << self.drop) - 1)
        value = np.asarray(self.values.entries, dtype=np.float64)[index] * 2.0**-self.values.fraction
        slope = np.asarray(self.slopes.entries, dtype=np.float64)[index] * 2.0**-self.slopes.fraction
        result = np.floor((value + slope * rest) * 2.0**self.result_fraction) * 2.0**-self.result_fraction
        return np.asarray(result)

    def emit(self, builder: Builder, operand: int) -> int:
        argument = _cast_to_covering(builder, operand, self.covering, self.coarse)
        node = builder.nodes[argument]
        kept = self.covering.width - self.coarse
        index = builder.cast(
            argument, plain(kept - self.drop, self.covering.integer, signed=self.covering.signed)
        )
        rest = builder.slice(argument, self.drop, self.drop - node.fraction)
        value = _lookup_part(builder, index, self.values, self.covering, self.coarse + self.drop)
        # The slope counts per step of the argument, so the rest is taken as an integer.
        slope = _lookup_part(builder, index, self.slopes, self.covering, self.coarse + self.drop)
        steps = builder.scale(rest, 1, -node.fraction)
        total = builder.add(value, builder.multiply(slope, steps))
        result = builder.nodes[total]
        integer = max(result.integer, 1 - self.result_fraction)
        return builder.cast(total, plain(integer + self.result_fraction, integer, signed=result.signed))


def _direct(
    covering: _Covering, function: Function, name: str, scale: float, index_bits: int, style: TableStyle
) -> _DirectPlan:
    drop = covering.width - index_bits
    cells = _cells(covering, drop)
    # A truncated index stands for the cell [c, c + 2^drop - 1] of operand integers: its entry is taken at the middle.
    values = _finite(function, (cells * 2.0**drop + ((1 << drop) - 1) / 2) * scale, name)
    values, fraction = _to_seen_range(values, cells, covering, drop, style)
    return _DirectPlan(covering, drop, _table(name, values, fraction))


def _interpolated(
    covering: _Covering, function: Function, name: str, scale: float, index_bits: int, style: TableStyle
) -> _DirectPlan | _InterpolatedPlan:
    coarse = max(0, covering.width - INTERPOLATION_ARGUMENT_BITS)
    drop = covering.width - coarse - index_bits
    if drop <= 0:
        return _direct(covering, function, name, scale, index_bits, style)
    cells = _cells(covering, coarse + drop)
    step = scale * 2.0**coarse
    left = _finite(function, cells * 2.0**drop * step, name)
    right = _finite(function, (cells + 1) * 2.0**drop * step, name)
    middle = _finite(function, (cells + 0.5) * 2.0**drop * step, name)
    limited, fraction = _to_seen_range(left, cells, covering, coarse + drop, style)
    inside = left == limited
    # A cell at the end of the range may reach values far beyond it, which would cost the slopes their precision.
    far = 8 * float(np.abs(limited).max())
    right, middle = np.clip(right, -far, far), np.clip(middle, -far, far)
    slopes = np.where(inside, (right - left) / 2.0**drop, 0.0)
    # The chord errs to one side only: half of its largest deviation centres the error.
    limited = limited + np.where(inside, (middle - (left + right) / 2) / 2, 0.0)
    slope_fraction = fraction + 1 + drop
    widest = float(np.abs(slopes).max())
    if widest > 0:
        slope_fraction = min(slope_fraction, INTERPOLATION_ARGUMENT_BITS - 2 - math.floor(math.log2(widest)))
    # Half of the result's last bit turns the truncating cast of the sum into rounding to nearest.
    values = limited + 2.0 ** -(fraction + 1)
    return _InterpolatedPlan(
        covering,
        coarse,
        drop,
        _table(f"{name} values", values, fraction + 2),
        _table(f"{name} slopes", slopes, slope_fraction),
        fraction,
    )


def _cells(covering: _Covering, drop: int) -> Floats:
    first = covering.first >> drop
    return np.arange(first, first + (1 << (covering.width - drop)), dtype=np.float64)


def _finite(function: Function, arguments: Floats, name: str) -> Floats:
    """Function values, with the nearest value inside of the domain standing in outside of it."""
    with np.errstate(all="ignore"):
        values = np.clip(function(arguments), -MAXIMUM_MAGNITUDE, MAXIMUM_MAGNITUDE)
    good = np.isfinite(values)
    if not good.any():
        raise ExpressionError(
            f"{name} has no finite value for arguments in [{arguments[0]:g}, {arguments[-1]:g}]; "
            "check the ranges of the inputs"
        )
    if good.all():
        return values
    positions = np.flatnonzero(good)
    nearest = np.interp(np.arange(len(values)), positions, np.arange(len(positions))).round().astype(np.int64)
    return np.asarray(values[positions[nearest]])


def _to_seen_range(
    values: Floats, cells: Floats, covering: _Covering, drop: int, style: TableStyle
) -> tuple[Floats, int]:
    """Clip entries that no seen argument reaches to the range of those that one does; choose the result's fraction."""
    seen = values[(cells >= covering.low >> drop) & (cells <= covering.high >> drop)]
    low, high = float(seen.min()), float(seen.max())
    magnitude = max(abs(low), abs(high), 2.0**-style.result_fraction)
    fraction = min(style.result_fraction, MAXIMUM_RESULT_BITS - 2 - math.floor(math.log2(magnitude)))
    return np.clip(values, low, high), fraction


def _table(name: str, values: Floats, fraction: int) -> Table:
    return Table(name, tuple(int(v) for v in np.rint(values * 2.0**fraction)), fraction)


def _cast_to_covering(builder: Builder, operand: int, covering: _Covering, drop: int) -> int:
    return builder.cast(
        operand,
        plain(covering.width - drop, covering.integer, signed=covering.signed, overflow=Overflow.SAT),
    )


def _lookup_part(builder: Builder, index: int, table: Table, covering: _Covering, drop: int) -> int:
    """Look up with a table that covers the whole index format, cut to the bounds of the index node."""
    node = builder.nodes[index]
    first = covering.first >> drop
    entries = table.entries[node.low - first : node.high - first + 1]
    if len(set(entries)) == 1:
        return builder.constant(entries[0], table.fraction)
    return builder.lookup(index, Table(table.name, entries, table.fraction))
