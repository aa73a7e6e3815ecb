"""Casts as circuits: every quantisation and overflow mode from adders, selections and bit operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lat_sr.circuit.program import Program, Signal, constant
from lat_sr.precision import Overflow, Precision, Quantization

# Every rounding is a truncation after something was added. The summand depends on the bits that are dropped
# (half of the new least significant bit is `half`) and on one more bit of the operand: its sign or its parity
# after truncation. Each entry gives the summands where that bit is 1 and where it is 0.
_Summands = Callable[[int], tuple[int, int]]
_BY_SIGN: dict[Quantization, _Summands] = {
    Quantization.TRN: lambda half: (0, 0),
    Quantization.TRN_ZERO: lambda half: (2 * half - 1, 0),
    Quantization.RND: lambda half: (half, half),
    Quantization.RND_ZERO: lambda half: (half, half - 1),
    Quantization.RND_INF: lambda half: (half - 1, half),
    Quantization.RND_MIN_INF: lambda half: (half - 1, half - 1),
}


def cast(program: Program, a: Signal, precision: Precision, within: Signal) -> Signal:
    """Cast a signal to a format.

    Parameters
    ----------
    program : Program
    a : Signal
    precision : Precision
    within : Signal
        Bounds that the result is known to keep.

    Returns
    -------
    Signal
        Equal in value to ``precision.cast``; of a coarser fraction if `a` is.
    """
    dropped = a.fraction - precision.fraction
    rounded = (
        _rounded(program, a, dropped, precision.quantization) if dropped > 0 and not a.is_constant else a
    )
    if rounded.is_constant:
        return constant(int(precision.cast(rounded.low, rounded.fraction)), precision.fraction)
    return _confined(program, rounded, precision, within)


def _rounded(program: Program, a: Signal, dropped: int, mode: Quantization) -> Signal:
    """Round to ``dropped`` fewer fraction bits."""
    half = 1 << (dropped - 1)
    low, high = a.low, a.high
    if mode is Quantization.RND_CONV:
        key = program.bits(a, dropped, 1)
        set_, clear = (half - 1 if key.is_constant else half), half - 1
        low, high = low + half - 1, high + half
    else:
        key = a
        set_, clear = _BY_SIGN[mode](half)
        set_, clear = (clear if low >= 0 else set_), (set_ if high < 0 else clear)
        low = low + clear if low >= 0 else min(low + set_, clear)
        high = high + set_ if high < 0 else max(high + clear, set_ - 1)
    summand = program.select(key, constant(set_, a.fraction), constant(clear, a.fraction))
    rounded = program.add(a, summand, (low, high))
    return program.slice(rounded, a.fraction - dropped, (low >> dropped, high >> dropped))


def _confined(program: Program, a: Signal, precision: Precision, within: Signal) -> Signal:
    """Bring a value whose fraction is not finer than the format's into its range."""
    if _holds(precision, a):
        return a
    if precision.overflow is Overflow.WRAP:
        return _wrapped(program, a, precision)
    if not precision.signed:
        a = program.relu(a)
    if precision.overflow is Overflow.SAT_SYM and precision.signed:
        full = replace(precision, overflow=Overflow.SAT)
        saturated = _saturated(program, a, full, Signal(-1, full.low, full.high, full.fraction))
        return _without_minimum(program, saturated, precision, within)
    return _saturated(program, a, precision, within)


def _saturated(program: Program, a: Signal, precision: Precision, within: Signal) -> Signal:
    if _holds(precision, a):
        return a
    limit = constant(0, 0)
    if precision.overflow is not Overflow.SAT_ZERO:
        extremes = [constant(limit, precision.fraction) for limit in (precision.low, precision.high)]
        limit = program.select_negative(a, *extremes)
    wrapped = _wrapped(program, a, precision)
    return program.select(_overflows(program, a, precision), limit, wrapped, within)


def _without_minimum(program: Program, a: Signal, precision: Precision, within: Signal) -> Signal:
    """The most negative value replaced by the next one, as SAT_SYM wants it."""
    position = _magnitude(a, precision)
    if position < 0 or _holds(precision, a):
        return a
    pattern = program.xor(program.bits(a, 0, position + 1), constant(1 << position, 0))
    return program.select(program.any(pattern), a, constant(precision.low, precision.fraction), within)


def _overflows(program: Program, a: Signal, precision: Precision) -> Signal:
    """A flag: whether bits above the format's magnitude differ from the sign."""
    position = _magnitude(a, precision)
    if a.low >= 0 or position < 0:
        position = max(position, 0)
        return program.any(program.bits(a, position, a.width - position))
    count = a.width - 1 - position
    return program.any(program.xor(program.bits(a, position, count), program.bits(a, a.width, count)))


def _wrapped(program: Program, a: Signal, precision: Precision) -> Signal:
    width = _magnitude(a, precision)
    if width + precision.signed <= 0:
        return constant(0, 0)
    return program.slice(a, a.fraction, (-(1 << width) if precision.signed else 0, (1 << width) - 1))


def _holds(precision: Precision, a: Signal) -> bool:
    low, high = a.at(precision.fraction)
    return precision.low <= low and high <= precision.high


def _magnitude(a: Signal, precision: Precision) -> int:
    """Bits of the format without its sign, counted from the least significant bit of `a`; may be negative."""
    return precision.width - precision.signed - (precision.fraction - a.fraction)
