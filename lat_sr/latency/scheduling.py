"""Pipeline schedules: which register stage every operation of a circuit belongs to.

The C++ core maps a circuit to look-up tables, carry chains and multipliers, bit by bit, and places the registers
(``engine/scheduling.hpp`` and what it includes).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lat_sr import _engine
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.errors import InputError
from lat_sr.latency.native import native_circuit, native_library

if TYPE_CHECKING:
    from alkaid.types import CombLogic


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stages of a circuit and what they cost.

    Parameters
    ----------
    stage : tuple of int
        The stage of every operation, from 0, in the order of the program's operations.
    stages : int
        Register stages between input and output port: the latency in clock cycles.
    stage_delay_ps : tuple of float
        Longest path of every stage, from port or register to register.
    fits : bool
        Whether every stage meets the available time.
    lut, dsp, ff : int
        Estimated resources.
    """

    stage: tuple[int, ...]
    stages: int
    stage_delay_ps: tuple[float, ...]
    fits: bool
    lut: int
    dsp: int
    ff: int

    @property
    def worst_ps(self) -> float:
        """The shortest clock period, in picoseconds, that this schedule meets."""
        return max(self.stage_delay_ps)


def schedule(
    comb: CombLogic, library: DelayLibrary, *, available_ps: float, stages: int | None = None
) -> Schedule:
    """Place pipeline registers.

    Parameters
    ----------
    comb : alkaid.types.CombLogic
        A combinational program.
    library : DelayLibrary
    available_ps : float
        Time between two registers.
    stages : int, optional
        Number of stages; the period is then made as short as that allows. Without it, the fewest stages whose
        paths fit `available_ps`.

    Returns
    -------
    Schedule
        With ``fits`` False where an operation alone is longer than the available time, or where `stages` are
        too few; ``worst_ps`` is then the clock that would do.

    Raises
    ------
    InputError
        `available_ps` is not positive, `stages` is less than 1, or the program is none.
    FormatError
        The library does not fit together.

    Examples
    --------
    >>> from lat_sr import lower, parse
    >>> from lat_sr.circuit import trace
    >>> from lat_sr.costs import load_library
    >>> circuit = trace(lower(parse("x0*x1*x2"), "ap_fixed<16,6>"))
    >>> schedule(circuit, load_library(), available_ps=5000.0).stages
    2
    """
    if not available_ps > 0:
        raise InputError(f"available_ps is {available_ps}; a positive number of picoseconds is expected")
    if stages is not None and stages < 1:
        raise InputError(f"stages is {stages}; at least one register stage is expected, at the output")
    delays_of_cells = native_library(library)
    try:
        made = _engine.schedule(native_circuit(comb), delays_of_cells, available_ps, stages)
    except ValueError as error:
        raise InputError(
            f"not a program that can be scheduled: {error}; pass what `lat_sr.circuit.trace` gives"
        ) from error
    delays = tuple(made.stage_delay_ps)
    return Schedule(tuple(made.stage), len(delays), delays, made.fits, made.lut, made.dsp, made.ff)
