"""What a circuit may cost at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lat_sr.errors import BudgetError
from lat_sr.solution.point import FrontPoint

__all__ = ["Budget", "require_within"]

# The field of a point that each limit is about.
_COSTS = {"max_latency": "latency_cycles", "max_lut": "lut", "max_dsp": "dsp"}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a circuit may cost at most; None is no limit.

    Parameters
    ----------
    max_latency : int or None
        Clock cycles.
    max_lut, max_dsp : int or None
        Look-up tables and DSP slices.
    """

    max_latency: int | None = None
    max_lut: int | None = None
    max_dsp: int | None = None

    def excess(self, latency_cycles: int, lut: int | None, dsp: int | None) -> list[str]:
        """Name what goes over the budget.

        Parameters
        ----------
        latency_cycles : int
            Latency of a circuit.
        lut, dsp : int or None
            Its resources; None, where they are not known, is over no limit.

        Returns
        -------
        list of str
            Empty when the circuit fits.

        Examples
        --------
        >>> from lat_sr.solution import Budget
        >>> Budget(max_latency=2).excess(latency_cycles=3, lut=900, dsp=0)
        ['latency 3 > max_latency 2']
        """
        checks = (
            ("latency", latency_cycles, "max_latency", self.max_latency),
            ("LUT", lut, "max_lut", self.max_lut),
            ("DSP", dsp, "max_dsp", self.max_dsp),
        )
        return [
            f"{what} {value} > {name} {limit}"
            for what, value, name, limit in checks
            if limit is not None and value is not None and value > limit
        ]

    def fits(self, point: FrontPoint) -> bool:
        """Whether a point is within the budget."""
        return not self.excess(point.latency_cycles, point.lut, point.dsp)


def require_within(points: Sequence[FrontPoint], budget: Budget) -> list[FrontPoint]:
    """Points that fit the budget.

    Parameters
    ----------
    points : sequence of FrontPoint
        At least one.
    budget : Budget
        The limits.

    Returns
    -------
    list of FrontPoint
        At least one.

    Raises
    ------
    BudgetError
        None fits. The message names the smallest budget that one of them meets.
    """
    fitting = [point for point in points if budget.fits(point)]
    if fitting:
        return fitting
    asked = [name for name in _COSTS if getattr(budget, name) is not None]

    def cost(point: FrontPoint) -> tuple[int, ...]:
        excess = budget.excess(point.latency_cycles, point.lut, point.dsp)
        return (len(excess), *(getattr(point, _COSTS[name]) for name in asked))

    least = min(points, key=cost)
    raise BudgetError(
        f"no expression meets the budget {', '.join(f'{name}={getattr(budget, name)}' for name in asked)}; "
        "the smallest that one meets is "
        f"{', '.join(f'{name}={getattr(least, _COSTS[name])}' for name in asked)} (for {least.equation})"
    )
