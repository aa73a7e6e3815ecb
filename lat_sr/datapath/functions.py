"""Implementations of unary functions: one lookup, lookup with interpolation, and range reduction before them.

The three forms follow what is known of table-based function evaluation (J.-M. Muller, *Elementary Functions*, 3rd
ed., chapters 5 and 11): a direct table whose entries are taken at the middle of the truncated cell, so that the
index needs no rounding; a table of values and slopes; and the reduction of exp, log, sqrt and 1/x to one octave and
of sin and cos to one period.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lat_sr.datapath.builder import Builder, plain
from lat_sr.datapath.graph import Floats, Table, interval_width
from lat_sr.errors import ExpressionError
from lat_sr.precision import Overflow

Function = Callable[[Floats], Floats]

MAXIMUM_INDEX_BITS = 12  # 4096 entries: 64 six-input LUTs per output bit
MAXIMUM_RESULT_BITS = 24  # of a table; wider results lose fraction bits
INTERPOLATION_ARGUMENT_BITS = 18  # one DSP48E2 port
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


def lookup_function(
    builder: Builder, operand: int, function: Function, name: str, style: TableStyle, *, required: bool
) -> int | None:
    """A function as one table (or one interpolated table) over the range seen of its operand.

    The table has the fewest entries whose error on the data (or on the range, without data) is within the style's
    tolerance.

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
    samples = _samples(builder, operand)
    with np.errstate(all="ignore"):
        truth = function(samples * scale)
    usable = np.isfinite(truth)
    samples, truth = samples[usable], truth[usable]
    make = _interpolated if style.implementation == "interp" else _direct
    plan = None
    for index_bits in range(min(3, covering.width), min(covering.width, MAXIMUM_INDEX_BITS) + 1):
        plan = make(covering, function, name, scale, index_bits, style)
        if not len(samples):
            break
        error = plan.predict(np.clip(samples, covering.low, covering.high)) - truth
        if math.sqrt(float(np.mean(error**2))) <= style.tolerance * 2.0**-style.fraction:
            return plan.emit(builder, operand)
    if not required:
        return None
    assert plan is not None
    return plan.emit(builder, operand)


def _covering(builder: Builder, operand: int) -> _Covering:
    node = builder.nodes[operand]
    low, high = builder.seen[operand]
    signed = low < 0
    width = interval_width(low, max(high, 0))
    return _Covering(low, high, width, width - node.fraction, signed)


def _samples(builder: Builder, operand: int) -> Floats:
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
        first = -(1 << (self.covering.width - 1)) if self.covering.signed else 0
        index = (values.astype(np.int64) >> self.drop) - (first >> self.drop)
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
        first = -(1 << (self.covering.width - 1)) if self.covering.signed else 0
        argument = values.astype(np.int64) >> self.coarse
        index = (argument >> self.drop) - (first >> (self.coarse + self.drop))
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
        return builder.cast(
            total, plain(result.integer + self.result_fraction, result.integer, signed=result.signed)
        )


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
    bits = covering.width - drop
    first = -(1 << (bits - 1)) if covering.signed else 0
    return np.arange(first, first + (1 << bits), dtype=np.float64)


def _finite(function: Function, arguments: Floats, name: str) -> Floats:
    """Function values, with the nearest value inside of the domain standing in outside of it."""
    with np.errstate(all="ignore"):
        values = np.asarray(function(arguments), dtype=np.float64)
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
    first = (-(1 << (covering.width - 1)) if covering.signed else 0) >> drop
    entries = table.entries[node.low - first : node.high - first + 1]
    if len(set(entries)) == 1:
        return builder.constant(entries[0], table.fraction)
    return builder.lookup(index, Table(table.name, entries, table.fraction))


# ---- range reduction --------------------------------------------------------------------------------------------


def _bit(builder: Builder, a: int, position: int) -> int:
    """A value that is negative where bit ``position`` (weight ``2**position`` in units of 1) of ``a`` is set."""
    return builder.slice(a, 1, position + 1, signed=True)


def _mantissa_style(style: TableStyle) -> TableStyle:
    # A mantissa lies within one octave: its result keeps the relative accuracy of a full-width word.
    return TableStyle(style.implementation, style.tolerance / 4, style.fraction, guard=4)


def _normalise(builder: Builder, a: int, step: int) -> tuple[int, list[tuple[int, int]]]:
    """Shift a non-negative value left by multiples of ``step`` until its leading one is within the top ``step`` bits.

    Returns
    -------
    (int, list of (int, int))
        The shifted value as an unsigned number in ``[0, 1)``, and for each stage the condition node (negative where
        the stage shifts) with its shift.
    """
    node = builder.nodes[a]
    _, high = builder.seen[a]
    width = max(interval_width(0, max(high, 1)), 2)
    width += -width % step
    a = builder.cast(a, plain(width, width - node.fraction, signed=False, overflow=Overflow.SAT))
    mantissa = builder.scale(a, 1, width - node.fraction)
    stages = []
    shift = step << max(0, (width // step - 1).bit_length() - 1)
    one = builder.constant(1, 0)
    while shift >= step:
        if shift < width:
            # The top `shift` bits are all zero where this part, counted in units of its last bit, is below one.
            top = builder.slice(mantissa, shift, 0)
            condition = builder.subtract(builder.scale(top, 1, -shift), one)
            shifted = builder.scale(mantissa, 1, -shift)
            shifted = builder.slice(shifted, width, 0)
            mantissa = builder.select(condition, shifted, mantissa)
            stages.append((condition, shift))
        shift //= 2
    return mantissa, stages


def _reciprocal(builder: Builder, a: int, style: TableStyle) -> int:
    node = builder.nodes[a]
    magnitude = builder.absolute(a)
    _, high = builder.seen[magnitude]
    width = max(interval_width(0, max(high, 1)), 2)
    mantissa, stages = _normalise(builder, magnitude, 1)
    # x = m * 2^(width - fraction - shift) with m in [1/2, 1), so 1/x = (1/m) * 2^(fraction - width + shift).
    result = _octave(builder, mantissa, lambda m: 1.0 / m, "inv", style)
    for condition, shift in stages:
        result = builder.select(condition, builder.scale(result, 1, -shift), result)
    result = builder.scale(result, 1, width - node.fraction)
    result = _to_result(builder, result, a, lambda x: 1.0 / np.abs(x), style)
    return builder.select(a, builder.negate(result), result)


def _square_root(builder: Builder, a: int, style: TableStyle) -> int:
    node = builder.nodes[a]
    _, high = builder.seen[a]
    width = max(interval_width(0, max(high, 1)), 2)
    width += -width % 2
    odd = (width - node.fraction) % 2
    mantissa, stages = _normalise(builder, a, 2)
    # x = m * 2^(width - fraction - shift) with m in [1/4, 1); an odd exponent is absorbed into the table.
    factor = math.sqrt(2.0**odd)
    result = lookup_function(
        builder,
        mantissa,
        lambda m: factor * np.sqrt(m),
        "sqrt of mantissa",
        _mantissa_style(style),
        required=True,
    )
    assert result is not None
    for condition, shift in stages:
        result = builder.select(condition, builder.scale(result, 1, shift // 2), result)
    result = builder.scale(result, 1, -((width - node.fraction - odd) // 2))
    return _to_result(builder, result, a, np.sqrt, style)


def _logarithm(base: float) -> Callable[[Builder, int, TableStyle], int]:
    unit = 1.0 / math.log(base)

    def reduce(builder: Builder, a: int, style: TableStyle) -> int:
        node = builder.nodes[a]
        _, high = builder.seen[a]
        width = max(interval_width(0, max(high, 1)), 2)
        mantissa, stages = _normalise(builder, a, 1)
        # log x = log m + (width - fraction - shift) log 2 with m in [1/2, 1).
        result = _octave(
            builder,
            mantissa,
            lambda m: unit * (np.log(m) + (width - node.fraction) * math.log(2)),
            "log",
            style,
        )
        zero = builder.constant(0, 0)
        exponent = zero
        for condition, shift in stages:
            exponent = builder.add(exponent, builder.select(condition, builder.constant(shift, 0), zero))
        step = math.log(2) * unit
        exact = lookup_function(
            builder,
            exponent,
            lambda e: step * e,
            "log exponent",
            TableStyle("table", 0.5, style.result_fraction, 0),
            required=True,
        )
        assert exact is not None
        result = builder.subtract(result, exact)
        return _to_result(builder, result, a, lambda x: unit * np.log(x), style)

    return reduce


def _exponential(builder: Builder, a: int, style: TableStyle) -> int:
    low, high = (end * 2.0 ** -builder.nodes[a].fraction for end in builder.seen[a])
    high_exponent = math.floor(high / math.log(2))
    # Below this exponent every result is less than half of the result's last bit.
    low_exponent = max(math.floor(low / math.log(2)), -style.result_fraction - 2)
    if high_exponent - low_exponent > 40:
        raise ExpressionError(f"exp of values up to {high:g} does not fit any table; scale its argument down")
    fraction = 14
    scaled = builder.scale(a, round(2.0**fraction / math.log(2)), fraction)
    exponents = high_exponent - low_exponent
    bits = max(exponents.bit_length(), 1)
    # t = x / ln 2 - low_exponent is non-negative; its integer part selects the shift, its fraction the table entry.
    t = builder.subtract(scaled, builder.constant(low_exponent, 0))
    kept = min(builder.nodes[t].fraction, INTERPOLATION_ARGUMENT_BITS)
    t = builder.cast(t, plain(bits + kept, bits, signed=False, overflow=Overflow.SAT))
    rest = builder.slice(t, kept, 0)
    result = lookup_function(builder, rest, np.exp2, "exp2", _mantissa_style(style), required=True)
    assert result is not None
    for position in range(bits):
        result = builder.select(
            _bit(builder, t, position), builder.scale(result, 1, -(1 << position)), result
        )
    result = builder.scale(result, 1, -low_exponent)
    return _to_result(builder, result, a, np.exp, style)


def _periodic(function: Function, name: str) -> Callable[[Builder, int, TableStyle], int]:
    def reduce(builder: Builder, a: int, style: TableStyle) -> int:
        # The phase in turns: an error of the constant grows with the argument, so its bits do too.
        low, high = builder.seen[a]
        magnitude = max(abs(low), abs(high), 1) * 2.0 ** -builder.nodes[a].fraction
        fraction = MAXIMUM_INDEX_BITS + max(0, math.ceil(math.log2(magnitude)))
        turns = builder.scale(a, round(2.0**fraction / (2 * math.pi)), fraction)
        kept = min(builder.nodes[turns].fraction, INTERPOLATION_ARGUMENT_BITS)
        phase = builder.slice(turns, kept, 0)
        result = lookup_function(
            builder, phase, lambda t: function(2 * math.pi * t), f"{name} of turns", style, required=True
        )
        assert result is not None
        return result

    return reduce


def _octave(builder: Builder, mantissa: int, function: Function, name: str, style: TableStyle) -> int:
    """Table of a function over a mantissa in [1/2, 1), indexed by the bits behind its leading one."""
    node = builder.nodes[mantissa]
    rest = builder.slice(mantissa, node.fraction - 1, -1)
    result = lookup_function(
        builder,
        rest,
        lambda r: function(0.5 + r),
        f"{name} of mantissa",
        _mantissa_style(style),
        required=True,
    )
    assert result is not None
    return result


def _to_result(builder: Builder, result: int, argument: int, function: Function, style: TableStyle) -> int:
    """Cast to the fraction of a table's result and to the integer bits that the function needs on the seen range."""
    scale = 2.0 ** -builder.nodes[argument].fraction
    samples = _samples(builder, argument)
    if builder.seen_values(argument) is None:
        low, high = builder.seen[argument]
        samples = np.array(
            [value for value in (low, -1, 1, high) if low <= value <= high and value], dtype=np.float64
        )
    with np.errstate(all="ignore"):
        values = function(samples * scale)
    values = values[np.isfinite(values)]
    if not len(values):
        raise ExpressionError(
            "a function has no finite value on the range of its argument; check the inputs' ranges"
        )
    low, high = float(values.min()), float(values.max())
    signed = low < 0 or builder.nodes[result].signed
    magnitude = max(abs(low), abs(high), 2.0**-style.result_fraction)
    integer = math.floor(math.log2(magnitude)) + 2
    fraction = max(1 - integer, min(style.result_fraction, MAXIMUM_RESULT_BITS - integer))
    return builder.cast(
        result, plain(integer + signed + fraction, integer + signed, signed=signed, overflow=Overflow.SAT)
    )


REDUCTIONS: dict[str, Callable[[Builder, int, TableStyle], int]] = {
    "exp": _exponential,
    "log": _logarithm(math.e),
    "log2": _logarithm(2.0),
    "log10": _logarithm(10.0),
    "sqrt": _square_root,
    "inv": _reciprocal,
    "sin": _periodic(np.sin, "sin"),
    "cos": _periodic(np.cos, "cos"),
}
"""Range reduction by operator name; used where a single table cannot hold the function accurately enough."""
