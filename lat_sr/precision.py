"""Fixed-point formats: parse, print and quantise, exactly, on 64-bit integers.

A value of a format is an integer counted in least significant bits. Rounding and overflow follow the C++
types ``ap_fixed`` and ``ap_ufixed``: a value is first rounded to the grid by the quantisation mode, then
brought into the range by the overflow mode.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from lat_sr.errors import InputError, PrecisionError

__all__ = ["MAX_WIDTH", "Overflow", "Precision", "Quantization"]

MAX_WIDTH = 52
"""Widest format: values are exact in float64 (53 bits), and no step of the arithmetic leaves int64."""

MAX_INTEGER = 256
"""Largest magnitude of the integer bits, so that the least significant bit is a normal float64."""

# Bits below the grid that are kept apart; what lies lower is folded into the last of them.
_MAX_RIGHT_SHIFT = 60

_MANTISSA = 53  # bits of a float64's significand
_BLOCK = 2**16  # values quantised at a time, so that intermediate arrays stay small

_FORMAT = re.compile(r"\s*(ap_u?fixed)\s*<([^<>]*)>\s*")


class _Mode(str, Enum):
    """A mode that can be written with or without the ``AP_`` of the C++ header, in any case."""

    @classmethod
    def _missing_(cls, value: object) -> _Mode | None:
        if isinstance(value, str):
            name = value.strip().upper().removeprefix("AP_")
            return cls.__members__.get(name)
        return None


class Quantization(_Mode):
    """What happens to the bits below the least significant one."""

    TRN = "TRN"
    """Towards minus infinity."""
    RND = "RND"
    """To nearest, ties towards plus infinity."""
    TRN_ZERO = "TRN_ZERO"
    """Towards zero."""
    RND_ZERO = "RND_ZERO"
    """To nearest, ties towards zero."""
    RND_INF = "RND_INF"
    """To nearest, ties away from zero."""
    RND_MIN_INF = "RND_MIN_INF"
    """To nearest, ties towards minus infinity."""
    RND_CONV = "RND_CONV"
    """To nearest, ties to the even one."""


class Overflow(_Mode):
    """What happens to a value outside the range."""

    WRAP = "WRAP"
    """The upper bits are dropped."""
    SAT = "SAT"
    """The nearest bound."""
    SAT_ZERO = "SAT_ZERO"
    """Zero."""
    SAT_SYM = "SAT_SYM"
    """The nearest bound, the lower being minus the upper one."""


_M = TypeVar("_M", bound=_Mode)


def _mode(kind: type[_M], value: object) -> _M:
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(member.name for member in kind)
        raise PrecisionError(
            f"{value!r} is no {kind.__name__.lower()} mode of lat_sr; use one of {allowed}"
        ) from None


def _integer(name: str, value: Any) -> int:
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise PrecisionError(f"{name} is {value!r}; an integer is expected") from None


@dataclass(frozen=True, slots=True)
class Precision:
    """A fixed-point format, ``ap_fixed<width, integer, quantization, overflow>``.

    Parameters
    ----------
    width : int
        Bits in total, 1 to `MAX_WIDTH`.
    integer : int
        Bits left of the binary point, with the sign. It may be negative or larger than the width.
    signed : bool
        Two's complement (``ap_fixed``) or unsigned (``ap_ufixed``).
    quantization : Quantization or str
        Rounding of the bits below the least significant one.
    overflow : Overflow or str
        Treatment of values outside the range.

    Raises
    ------
    PrecisionError
        A parameter is not of its type, or the format is wider than exact 64-bit arithmetic allows.

    Examples
    --------
    >>> precision = Precision.parse("ap_fixed<8, 4, AP_RND, AP_SAT>")
    >>> precision.lsb, precision.minimum, precision.maximum
    (0.0625, -8.0, 7.9375)
    >>> precision.from_float([0.1, -0.1, 100.0])
    array([  2,  -2, 127])
    >>> float(precision.quantize(0.1))
    0.125
    """

    width: int
    integer: int
    signed: bool = True
    quantization: Quantization = Quantization.TRN
    overflow: Overflow = Overflow.WRAP

    def __post_init__(self) -> None:
        for name, value in (
            ("width", _integer("width", self.width)),
            ("integer", _integer("integer", self.integer)),
            ("signed", bool(self.signed)),
            ("quantization", _mode(Quantization, self.quantization)),
            ("overflow", _mode(Overflow, self.overflow)),
        ):
            object.__setattr__(self, name, value)
        if self.width < 1:
            raise PrecisionError(f"{self} has no bits; give a width of 1 to {MAX_WIDTH}")
        if self.width > MAX_WIDTH:
            raise PrecisionError(
                f"{self} is too wide: more than {MAX_WIDTH} bits could overflow 64-bit arithmetic; "
                f"use a width of at most {MAX_WIDTH}"
            )
        if abs(self.integer) > MAX_INTEGER:
            raise PrecisionError(
                f"{self} is out of scale; use integer bits from {-MAX_INTEGER} to {MAX_INTEGER}"
            )
        if self.width == 1 and self.signed and self.overflow is Overflow.SAT_SYM:
            raise PrecisionError(f"{self} holds nothing but zero; use 2 bits or another overflow mode")

    @classmethod
    def parse(cls, text: str | Precision) -> Precision:
        """Read a format as C++ and the HLS tools write it.

        Parameters
        ----------
        text : str or Precision
            For instance ``"ap_fixed<16,6>"`` or ``"ap_ufixed<8, 0, AP_RND, AP_SAT>"``. The modes may
            leave out ``AP_``; spaces and case do not matter. A `Precision` is given back as it is.

        Returns
        -------
        Precision

        Raises
        ------
        PrecisionError
            The text is no such format, or names a mode or a width that is not supported.
        """
        if isinstance(text, Precision):
            return text
        match = _FORMAT.fullmatch(str(text).lower())
        if match is None:
            raise PrecisionError(
                f"{text!r} is no fixed-point format; write for instance 'ap_fixed<16,6>' "
                "or 'ap_ufixed<8,4,AP_RND,AP_SAT>'"
            )
        fields = [field.strip() for field in match[2].split(",")]
        if not 2 <= len(fields) <= 5:
            raise PrecisionError(
                f"{text!r} has {len(fields)} parameter(s); width and integer bits are expected, "
                "then a quantisation and an overflow mode"
            )
        if len(fields) == 5 and fields.pop() != "0":
            raise PrecisionError(f"{text!r} asks for saturation bits in a wrap, which lat_sr lacks; use 0")
        for field in fields[:2]:
            if re.fullmatch(r"[+-]?[0-9]+", field, re.ASCII) is None:
                raise PrecisionError(f"{text!r}: {field!r} is no number of bits; an integer is expected")
        modes: dict[str, Any] = dict(zip(("quantization", "overflow"), fields[2:], strict=False))
        return cls(int(fields[0]), int(fields[1]), match[1] == "ap_fixed", **modes)

    def __str__(self) -> str:
        modes = [self.quantization.name, self.overflow.name]
        if self.overflow is Overflow.WRAP:
            modes.pop()
            if self.quantization is Quantization.TRN:
                modes.pop()
        fields = [str(self.width), str(self.integer), *(f"AP_{mode}" for mode in modes)]
        return f"{self._type}<{','.join(fields)}>"

    @property
    def _type(self) -> str:
        return "ap_fixed" if self.signed else "ap_ufixed"

    @property
    def slug(self) -> str:
        """Name for files: ``ap_fixed_16_6``; other modes than the default are added, a minus is an ``m``."""
        parts = [self._type, str(self.width), str(self.integer).replace("-", "m")]
        if (self.quantization, self.overflow) != (Quantization.TRN, Overflow.WRAP):
            parts += [self.quantization.name.lower(), self.overflow.name.lower()]
        return "_".join(parts)

    @property
    def fraction(self) -> int:
        """Bits right of the binary point."""
        return self.width - self.integer

    @property
    def low(self) -> int:
        """Smallest integer that a cast gives, in least significant bits."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (self.overflow is Overflow.SAT_SYM)

    @property
    def high(self) -> int:
        """Largest integer that a cast gives, in least significant bits."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def lsb(self) -> float:
        """Value of the least significant bit."""
        return math.ldexp(1.0, -self.fraction)

    @property
    def minimum(self) -> float:
        """Smallest value that a cast gives."""
        return self.low * self.lsb

    @property
    def maximum(self) -> float:
        """Largest value that a cast gives."""
        return self.high * self.lsb

    @overload
    def from_float(self, x: float) -> np.int64: ...
    @overload
    def from_float(self, x: NDArray[Any] | Sequence[Any]) -> NDArray[np.int64]: ...
    def from_float(self, x: Any) -> Any:
        """Quantise real values.

        Exact for every finite float64, however large or small: ``WRAP`` is taken modulo ``2**width``.

        Parameters
        ----------
        x : float or array-like of float, any shape
            Finite values.

        Returns
        -------
        numpy.int64 or ndarray of int64, of the shape of `x`
            In least significant bits.

        Raises
        ------
        InputError
            `x` is not numeric, or holds NaN or infinity.
        """
        values = _array("x", x)
        if values.dtype.kind != "f":
            return self.cast(values, 0)
        values = values.astype(np.float64, copy=False)
        finite = np.isfinite(values)
        if not finite.all():
            position = tuple(int(i) for i in np.argwhere(~finite)[0])
            where = f" at {position}" if position else ""
            raise InputError(f"x is {values[position]}{where}; a fixed-point format holds finite values only")
        if values.size <= _BLOCK:
            return self._quantize(values)
        result = np.empty(values.size, np.int64)
        flat = values.reshape(-1)
        for begin in range(0, values.size, _BLOCK):
            result[begin : begin + _BLOCK] = self._quantize(flat[begin : begin + _BLOCK])
        return result.reshape(values.shape)

    def _quantize(self, values: NDArray[np.float64]) -> Any:
        mantissa, exponent = np.frexp(values)
        integers = np.ldexp(mantissa, _MANTISSA).astype(np.int64)
        return self._requantize(integers, exponent.astype(np.int64) + (self.fraction - _MANTISSA))

    @overload
    def to_float(self, integers: int | np.integer[Any]) -> np.float64: ...
    @overload
    def to_float(self, integers: NDArray[Any] | Sequence[Any]) -> NDArray[np.float64]: ...
    def to_float(self, integers: Any) -> Any:
        """Give the real values of integers in least significant bits.

        Parameters
        ----------
        integers : int or array-like of int, any shape

        Returns
        -------
        numpy.float64 or ndarray of float64
            Exact for the integers of any format (up to 53 bits).
        """
        return _array("integers", integers).astype(np.float64) * np.float64(self.lsb)

    @overload
    def cast(self, values: int | np.integer[Any], fraction: int) -> np.int64: ...
    @overload
    def cast(self, values: NDArray[Any] | Sequence[Any], fraction: int) -> NDArray[np.int64]: ...
    def cast(self, values: Any, fraction: int) -> Any:
        """Bring integers of another scale into this format.

        Parameters
        ----------
        values : int or array-like of int, any shape
            They stand for ``values * 2**-fraction``; any int64 is allowed.
        fraction : int
            Fraction bits of `values`.

        Returns
        -------
        numpy.int64 or ndarray of int64, of the shape of `values`
            In least significant bits of this format.

        Raises
        ------
        InputError
            `values` are not integers of 64 bits.
        """
        integers = _array("values", values)
        if integers.dtype.kind not in "iub":
            raise InputError(f"values are of type {integers.dtype}; integers are expected")
        if integers.dtype.kind == "u" and integers.size and int(integers.max()) >= 1 << 63:
            raise InputError("values are too large; integers within int64 are expected")
        return self._requantize(integers.astype(np.int64, copy=False), np.int64(self.fraction - fraction))

    @overload
    def quantize(self, x: float) -> np.float64: ...
    @overload
    def quantize(self, x: NDArray[Any] | Sequence[Any]) -> NDArray[np.float64]: ...
    def quantize(self, x: Any) -> Any:
        """Round real values to those that this format holds; see `from_float`.

        Parameters
        ----------
        x : float or array-like of float, any shape

        Returns
        -------
        numpy.float64 or ndarray of float64, of the shape of `x`
        """
        return self.to_float(self.from_float(x))

    def _requantize(self, values: Any, shift: Any) -> Any:
        """Quantise ``values * 2**shift`` least significant bits; all steps stay within int64."""
        values = self._rounded(values, np.clip(-shift, 0, None))
        return self._confined(values, np.clip(shift, 0, 63))

    def _rounded(self, values: Any, right: Any) -> Any:
        """Divide by ``2**right`` and round by the quantisation mode."""
        excess = np.clip(right - _MAX_RIGHT_SHIFT, 0, 63)
        kept = values >> excess
        kept = kept | ((kept << excess) != values)  # what was dropped still breaks ties
        right = np.minimum(right, _MAX_RIGHT_SHIFT)
        quotient = kept >> right
        remainder = kept - (quotient << right)
        half = (np.int64(1) << right) >> 1
        above = (remainder > half) & (right > 0)
        tie = (remainder == half) & (right > 0)
        match self.quantization:
            case Quantization.TRN:
                return quotient
            case Quantization.TRN_ZERO:
                up = (values < 0) & (remainder != 0)
            case Quantization.RND:
                up = above | tie
            case Quantization.RND_MIN_INF:
                up = above
            case Quantization.RND_ZERO:
                up = above | (tie & (values < 0))
            case Quantization.RND_INF:
                up = above | (tie & (values >= 0))
            case Quantization.RND_CONV:
                up = above | (tie & (quotient & 1 == 1))
        return quotient + up

    def _confined(self, values: Any, left: Any) -> Any:
        """Multiply by ``2**left`` and bring into the range by the overflow mode."""
        mask = np.uint64((1 << self.width) - 1)
        kept = ((values.astype(np.uint64) << left.astype(np.uint64)) & mask).astype(np.int64)
        if self.signed:
            sign = np.int64(1 << (self.width - 1))
            kept = (kept ^ sign) - sign
        if self.overflow is Overflow.WRAP:
            return kept
        below = values < -(np.int64(-self.low) >> left)
        above = values > np.int64(self.high) >> left
        low, high = (0, 0) if self.overflow is Overflow.SAT_ZERO else (self.low, self.high)
        confined = np.where(below, np.int64(low), np.where(above, np.int64(high), kept))
        return confined[()]


def _array(name: str, values: Any) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} is ragged; rows of equal length are expected") from error
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.int64 if all(isinstance(v, int) for v in array.flat) else np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{name} is not numeric, or holds integers beyond 64 bits") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} is of type {array.dtype}; numbers are expected")
    return array
