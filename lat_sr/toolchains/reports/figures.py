"""What reports say of a circuit."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lat_sr.errors import ToolFailedError

#: What was done before a report was written: C synthesis, simulation of the RTL that it gives, logic synthesis, and
#: placing and routing.
Step = Literal["c_synthesis", "co_simulation", "synthesis", "implementation"]

_RESOURCES = ("lut", "ff", "dsp", "bram")


class Figures(BaseModel):
    """What one step of a tool says of a circuit; None, or an empty text, is what its reports do not hold.

    Attributes
    ----------
    step : {"c_synthesis", "co_simulation", "synthesis", "implementation"}
    version : str
        Of the tool.
    part, top : str
        As the tool writes them.
    clock_ns, clock_uncertainty_ns : float or None
        Period that was asked for, and what is taken off it, in nanoseconds.
    critical_path_ns : float or None
        Shortest period that the circuit would run at, in nanoseconds.
    slack_ns : float or None
        Time left in nanoseconds, the least of setup and pulse width; negative misses the clock.
    hold_slack_ns : float or None
        Time left until a value is overwritten too early, in nanoseconds.
    latency_best, latency_average, latency_worst : int or None
        Clock cycles.
    interval_min, interval_max : int or None
        Clock cycles between two inputs.
    lut, ff, dsp, bram, uram, carry : int or None
        Resources: a block RAM is one of 18 kbit, a carry block one of four bits.
    passed : bool or None
        Whether the simulation gave the right outputs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: Step
    version: str = ""
    part: str = ""
    top: str = ""
    clock_ns: float | None = None
    clock_uncertainty_ns: float | None = None
    critical_path_ns: float | None = None
    slack_ns: float | None = None
    hold_slack_ns: float | None = None
    latency_best: int | None = None
    latency_average: int | None = None
    latency_worst: int | None = None
    interval_min: int | None = None
    interval_max: int | None = None
    lut: int | None = None
    ff: int | None = None
    dsp: int | None = None
    bram: int | None = None
    uram: int | None = None
    carry: int | None = None
    passed: bool | None = None

    def resources(self) -> dict[str, int]:
        """LUTs, flip-flops, DSP blocks and block RAMs, all of which must be known."""
        found = {name: getattr(self, name) for name in _RESOURCES}
        missing = [name for name, number in found.items() if number is None]
        if missing:
            raise ToolFailedError(f"the reports of {self.step} do not say {', '.join(missing)}")
        return found

    def joined(self, other: Figures) -> Figures:
        """These figures with those of another report of the same run.

        Raises
        ------
        ToolFailedError
            The reports are of different runs.
        """
        for name in ("step", "version", "top"):
            own, others = getattr(self, name), getattr(other, name)
            if own and others and own != others:
                raise ToolFailedError(
                    f"the reports are of different runs: one has {name} {own}, one {others}"
                )
        if self.part and other.part and not same_part(self.part, other.part):
            raise ToolFailedError(f"the reports are of different parts: {self.part} and {other.part}")
        # Reports give periods to the picosecond.
        if self.clock_ns and other.clock_ns and abs(self.clock_ns - other.clock_ns) > 1.5e-3:
            raise ToolFailedError(
                f"the reports are for different clocks: {self.clock_ns:g} ns and {other.clock_ns:g} ns"
            )
        known = {name: value for name, value in other if value not in (None, "")}
        return self.model_copy(update={**known, **{k: v for k, v in self if v not in (None, "")}})


def same_part(one: str, other: str) -> bool:
    """Whether two names mean one part; Vivado leaves out prefix, hyphens and grade in some reports.

    Examples
    --------
    >>> same_part("xcvu9p-flga2577-2-e", "vu9pflga2577-2"), same_part("xcvu9p-flga2577-2-e", "xcvu13p")
    (True, False)
    """
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("xc") for name in (one, other)]
    shorter, longer = sorted(plain, key=len)
    return bool(shorter) and longer.startswith(shorter)
