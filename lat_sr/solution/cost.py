"""A circuit and what it is predicted to cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator

from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath
from lat_sr.latency import estimate_datapath
from lat_sr.target import Target

__all__ = ["PredictedCircuit"]


def _read_datapath(value: Any) -> Datapath:
    return value if isinstance(value, Datapath) else Datapath.from_dict(value)


@dataclass(frozen=True, slots=True)
class PredictedCircuit:
    """A datapath and what its circuit is predicted to cost.

    Parameters
    ----------
    datapath : Datapath
        What the circuit computes.
    latency_cycles : int
        Clock cycles.
    delay_ps : float
        Longest register-to-register delay in picoseconds.
    lut, ff, dsp : int
        Look-up tables, flip-flops and DSP slices.
    """

    datapath: Annotated[Datapath, PlainValidator(_read_datapath), PlainSerializer(Datapath.to_dict)]
    latency_cycles: int
    delay_ps: float
    lut: int
    ff: int
    dsp: int

    @classmethod
    def scheduled(cls, datapath: Datapath, target: Target, library: DelayLibrary) -> PredictedCircuit:
        """Predict the cost by scheduling the circuit that would be built.

        Parameters
        ----------
        datapath : Datapath
            What the circuit computes.
        target : Target
            Gives the clock.
        library : DelayLibrary
            Delays of the target's part.

        Returns
        -------
        PredictedCircuit
        """
        cost = estimate_datapath(datapath, target, library)
        return cls(datapath, cost.latency_cycles, cost.delay_ps, cost.lut, cost.ff, cost.dsp)
