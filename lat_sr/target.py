"""The hardware that a formula has to fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lat_sr.errors import InputError

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A part, its clock, and the tools that build for it.

    Parameters
    ----------
    part : str
        The vendor's full name of the part.
    clock_period : float
        Nanoseconds.
    clock_uncertainty : float
        Nanoseconds taken off every period for jitter and skew.
    toolchain : str
        Name of the toolchain, for instance ``"open"``.
    timing_derate : float
        Factor by which the tool's delays are taken to be too short (above 1) or too long (below 1)
        for this part.

    Raises
    ------
    InputError
        A value is not finite or outside its range, or the uncertainty leaves nothing of the period.

    Examples
    --------
    >>> Target(clock_period=2.5, clock_uncertainty=0.5).available_ps
    2000.0
    """

    part: str = "xcvu9p-flga2577-2-e"
    clock_period: float = 5.0
    clock_uncertainty: float = 0.0
    toolchain: str = "open"
    timing_derate: float = 1.0

    def __post_init__(self) -> None:
        for field in ("part", "toolchain"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip() or set(value) & set("/\\\0"):
                raise InputError(f"{field} is {value!r}; a name without slashes is expected")
        numbers = (("clock_period", False), ("clock_uncertainty", True), ("timing_derate", False))
        for field, zero_allowed in numbers:
            value = getattr(self, field)
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = math.nan
            if not math.isfinite(number) or number < 0 or (number == 0 and not zero_allowed):
                allowed = "0 or more" if zero_allowed else "above 0"
                raise InputError(f"{field} is {value!r}; a finite number {allowed} is expected")
            object.__setattr__(self, field, number)
        if self.clock_uncertainty >= self.clock_period:
            raise InputError(
                f"clock_uncertainty {self.clock_uncertainty} ns leaves nothing of clock_period "
                f"{self.clock_period} ns; give less uncertainty or a longer period"
            )

    @property
    def available_ps(self) -> float:
        """Picoseconds, in the tool's own delays, that logic between two registers may take."""
        return (self.clock_period - self.clock_uncertainty) * 1000.0 / self.timing_derate
