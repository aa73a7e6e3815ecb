"""Lookup tables whose range and size are stated, instead of chosen to suit the data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lat_sr.datapath.graph import Floats, Table
from lat_sr.errors import InputError
from lat_sr.precision import Precision

__all__ = ["ExplicitTable"]

MAXIMUM_ENTRIES = 1 << 16  # of 16 bits they fill 32 block RAMs


@dataclass(frozen=True, slots=True)
class ExplicitTable:
    """A lookup table of a stated range and size.

    The argument is truncated to the table's step and saturates at both ends of the range. An entry is the function's
    value at the middle of the arguments that read it, rounded to nearest in the format of the circuit.

    Parameters
    ----------
    start, stop : float
        The arguments that have entries, ``start <= x < stop``.
    size : int
        Number of entries. The step ``(stop - start) / size`` must be a power of two, so that the index is made of
        the argument's own bits, and divide `start`.

    Raises
    ------
    InputError
        The range is empty or not finite, or the step is no power of two or does not divide the start.

    Examples
    --------
    >>> ExplicitTable(-4, 4, 1024).step
    0.0078125
    """

    start: float
    stop: float
    size: int = 1024

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.stop) and self.start < self.stop):
            raise InputError(
                f"a table from {self.start} to {self.stop} is empty; give a start below the stop"
            )
        if (
            isinstance(self.size, bool)
            or int(self.size) != self.size
            or not 2 <= self.size <= MAXIMUM_ENTRIES
        ):
            raise InputError(f"a table has 2 to {MAXIMUM_ENTRIES} entries, not {self.size}")
        if math.frexp(self.step)[0] != 0.5:
            nearest = 2.0 ** math.floor(math.log2(self.step))
            entries = math.ceil((self.stop - self.start) / nearest)
            raise InputError(
                f"the table's step, {self.stop - self.start:g} / {self.size} = {self.step:g}, is no power of two, "
                f"so that its index would need a division; {entries} entries up to "
                f"{self.start + entries * nearest:g} have a step of {nearest:g}"
            )
        if self.start % self.step:
            raise InputError(
                f"the table's start {self.start:g} lies between its steps of {self.step:g}; start it at "
                f"{math.floor(self.start / self.step) * self.step:g}"
            )

    @property
    def step(self) -> float:
        """Distance between two entries."""
        return (self.stop - self.start) / self.size

    def require_fits(self, precision: Precision, name: str) -> None:
        """Refuse a table that cannot work between arguments of a format.

        Parameters
        ----------
        precision : Precision
            Format of the arguments.
        name : str
            The function, for the message.

        Raises
        ------
        InputError
            Steps are finer than the format, or the range reaches beyond it.
        """
        if self.step < precision.lsb:
            bits = -math.floor(math.log2(self.step))
            raise InputError(
                f"the table of {name} has a step of {self.step:g}, finer than the last bit {precision.lsb:g} of "
                f"{precision}, so that most entries are never read; use at most "
                f"{round((self.stop - self.start) / precision.lsb)} entries, or a format with {bits} fraction bits"
            )
        if self.start < precision.minimum or self.stop > precision.maximum + precision.lsb:
            raise InputError(
                f"the table of {name} covers {self.start:g} to {self.stop:g}, but {precision} holds "
                f"{precision.minimum:g} to {precision.maximum:g} only; shrink the range to that, or use a format with "
                "more integer bits"
            )

    def entries(self, function: Callable[[Floats], Floats], precision: Precision, name: str) -> Table:
        """The table, written out.

        Parameters
        ----------
        function : callable
            Vectorised float64 function.
        precision : Precision
            Format of arguments and entries.
        name : str
            The function, for messages.

        Returns
        -------
        Table

        Raises
        ------
        InputError
            The table does not fit the format (see `require_fits`), the function has no value somewhere in the range,
            a value leaves the format, or all entries are equal.
        """
        self.require_fits(precision, name)
        # The arguments of a cell differ in the bits below the step.
        first = self.start + (self.step - precision.lsb) / 2
        middles = first + np.arange(self.size, dtype=np.float64) * self.step
        with np.errstate(all="ignore"):
            values = np.asarray(function(middles), dtype=np.float64)
        without = ~np.isfinite(values)
        if without.any():
            raise InputError(
                f"{name} has no finite value at {middles[without][0]:g}; choose a range inside of its domain"
            )
        integers = np.rint(values / precision.lsb)
        outside = (integers < precision.low) | (integers > precision.high)
        if outside.any():
            raise InputError(
                f"{name}({middles[outside][0]:g}) is {values[outside][0]:g}, but {precision} holds "
                f"{precision.minimum:g} to {precision.maximum:g} only; shrink the table's range, or use a format with "
                "more integer bits"
            )
        if (integers == integers[0]).all():
            raise InputError(
                f"every entry of the table of {name} is {integers[0] * precision.lsb:g} in {precision}; use a wider "
                "range, or a format with more fraction bits"
            )
        return Table(name, tuple(int(value) for value in integers), precision.fraction)
