"""Widths above which values are narrowed."""

from __future__ import annotations

from dataclasses import dataclass

from lat_sr.datapath.graph import MAXIMUM_WIDTH
from lat_sr.errors import InputError

__all__ = ["WidthLimits"]


@dataclass(frozen=True, slots=True)
class WidthLimits:
    """Widths in bits above which a value is narrowed by a cast of its own.

    Parameters
    ----------
    node : int
        Any value; 48 is the accumulator of a DSP48E2.
    multiplicand, multiplier : int
        The wider and the narrower operand of a multiply, as signed numbers; 27 x 18 is one DSP48E2
        (AMD UG579), so that no product needs a cascade.
    """

    node: int = 48
    multiplicand: int = 27
    multiplier: int = 18

    def __post_init__(self) -> None:
        if not 2 <= self.multiplier <= self.multiplicand <= self.node <= MAXIMUM_WIDTH:
            raise InputError(
                f"width limits must satisfy 2 <= multiplier <= multiplicand <= node <= {MAXIMUM_WIDTH}, "
                f"got {self}"
            )
        if self.multiplicand + self.multiplier > MAXIMUM_WIDTH:
            raise InputError(
                f"a product of {self.multiplicand} x {self.multiplier} bits exceeds {MAXIMUM_WIDTH} bits; "
                "lower one limit"
            )
