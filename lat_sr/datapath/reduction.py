"""Range reduction of unary functions: exp, log, sqrt and 1/x to one octave, sin and cos to one period.

See J.-M. Muller, *Elementary Functions*, 3rd ed., chapter 11, for the identities.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lat_sr.datapath.builder import Builder, plain
from lat_sr.datapath.function_values import exp2, operator_function
from lat_sr.datapath.functions import (
    INTERPOLATION_ARGUMENT_BITS,
    MAXIMUM_INDEX_BITS,
    MAXIMUM_RESULT_BITS,
    Function,
    TableStyle,
    lookup_function,
    samples_of,
)
from lat_sr.datapath.graph import interval_width
from lat_sr.errors import ExpressionError
from lat_sr.precision import Overflow


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
    log = operator_function("log")

    def reduce(builder: Builder, a: int, style: TableStyle) -> int:
        node = builder.nodes[a]
        _, high = builder.seen[a]
        width = max(interval_width(0, max(high, 1)), 2)
        mantissa, stages = _normalise(builder, a, 1)
        # log x = log m + (width - fraction - shift) log 2 with m in [1/2, 1).
        result = _octave(
            builder,
            mantissa,
            lambda m: unit * (log(m) + (width - node.fraction) * math.log(2)),
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
        return _to_result(builder, result, a, lambda x: unit * log(x), style)

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
    result = lookup_function(builder, rest, exp2, "exp2", _mantissa_style(style), required=True)
    assert result is not None
    for position in range(bits):
        result = builder.select(
            _bit(builder, t, position), builder.scale(result, 1, -(1 << position)), result
        )
    result = builder.scale(result, 1, -low_exponent)
    return _to_result(builder, result, a, operator_function("exp"), style)


def _periodic(name: str) -> Callable[[Builder, int, TableStyle], int]:
    function = operator_function(name)

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
    samples = samples_of(builder, argument)
    if builder.seen_values(argument) is None:
        first, last = builder.seen[argument]
        ends = [value for value in (first, -1, 1, last) if first <= value <= last and value]
        samples = np.array(ends, dtype=np.float64)
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
    "sin": _periodic("sin"),
    "cos": _periodic("cos"),
}
"""Range reduction by operator name; used where a single table cannot hold the function accurately enough."""
