"""What circuits are made for: precision, target and operator costs, resolved from an estimator's parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lat_sr.costs import DelayLibrary, OperatorProfile, load_library, load_profile
from lat_sr.datapath import lower
from lat_sr.errors import ProfileError, ProfileNotFoundError
from lat_sr.expression import Expression
from lat_sr.latency import compile_cost_model, estimate
from lat_sr.latency.circuit_model import CircuitModel
from lat_sr.latency.cost_model import CostModel
from lat_sr.operators import get_operator
from lat_sr.precision import Precision
from lat_sr.solution import PredictedCircuit
from lat_sr.target import Target

__all__ = ["Hardware"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hardware:
    """What circuits are made for.

    Parameters
    ----------
    precision : Precision
        Format of inputs and outputs.
    target : Target
        Part, clock, toolchain.
    profile : OperatorProfile or None
        What operators cost there, where that is known.
    library : DelayLibrary
        Delays of the part, which circuits are scheduled with.
    latency_model : {"additive", "critical_path", "scheduled"}
        How operator costs make the latency of a circuit.
    implementations : str or mapping of str to str
        How table functions are made; see `lat_sr.lower`.
    """

    precision: Precision
    target: Target
    profile: OperatorProfile | None
    library: DelayLibrary
    latency_model: str
    implementations: str | Mapping[str, str]

    @classmethod
    def resolve(
        cls,
        *,
        precision: str | Precision,
        part: str,
        clock_period: float,
        clock_uncertainty: float,
        timing_derate: float,
        toolchain: str,
        profile: OperatorProfile | str | os.PathLike[str] | None,
        latency_model: str,
        implementations: str | Mapping[str, str],
        operators: Sequence[str],
    ) -> Hardware:
        """Look up the profile, and check that it fits.

        The scheduled model needs the delays of the part, not a profile of this precision: it does without one that
        the store does not have.

        Parameters
        ----------
        precision, part, clock_period, clock_uncertainty, timing_derate, profile, latency_model, implementations
            Parameters of the estimators.
        toolchain : str
            Name of the toolchain, as `lat_sr.toolchains.get_toolchain` gives it.
        operators : sequence of str
            Those that the profile must have.

        Returns
        -------
        Hardware

        Raises
        ------
        ProfileNotFoundError
            The store knows nothing of the part, or has no profile for a model that needs one.
        ProfileError
            The given profile is for another part, clock or precision, or lacks an operator.
        """
        wanted = Precision.parse(precision)
        target = Target(part, clock_period, clock_uncertainty, toolchain, timing_derate)
        names = [get_operator(name).name for name in operators]
        library = load_library(part=part)
        found: OperatorProfile | None
        if profile is None:
            try:
                found = load_profile(wanted, part=part, clock_period=clock_period, toolchain=toolchain)
            except ProfileNotFoundError:
                if latency_model != "scheduled":
                    raise
                found = None
        else:
            found = profile if isinstance(profile, OperatorProfile) else OperatorProfile.load(Path(profile))
            _check_profile(found, wanted, target)
            for name in names:
                found.cost(name)
        return cls(wanted, target, found, library, latency_model, implementations)

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the costs come from, in JSON's types."""
        delays = {
            "part": self.library.part,
            "date": self.library.date,
            "timing_source": self.library.timing_source,
        }
        used = None if self.profile is None else self.profile.provenance.model_dump(mode="json")
        return {"delays": delays, "profile": used}

    def cost_model(self, operators: Sequence[str], n_inputs: int) -> CostModel:
        """What the search charges a candidate before it is evaluated.

        Parameters
        ----------
        operators : sequence of str
            Those of the search.
        n_inputs : int
            Number of ports.

        Returns
        -------
        CostModel
        """
        return compile_cost_model(
            self.precision,
            self.target,
            self.library,
            operators,
            n_inputs,
            implementations=self.implementations,
        )

    def circuit_model(self, X: Floats) -> CircuitModel | None:
        """What judges formulas in the search by their circuits; None for latency models that know no circuit.

        Parameters
        ----------
        X : ndarray of float64, shape (n_samples, n_inputs)
        """
        if self.latency_model != "scheduled":
            return None
        return CircuitModel(
            precision=self.precision,
            library=self.library,
            available_ps=self.target.available_ps,
            X=X,
            implementations=self.implementations,
        )

    def circuit(
        self,
        expressions: Sequence[Expression],
        input_names: Sequence[str] | None,
        X: Floats | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> PredictedCircuit:
        """One circuit for all expressions with its predicted cost.

        Parameters
        ----------
        expressions : sequence of Expression
            One for each output.
        input_names : sequence of str or None
            The ports; the variables of the expressions if not given.
        X : ndarray of float64, shape (n_samples, n_inputs), optional
            Data whose ranges decide the formats of tables.
        ranges : mapping of str to (float, float), optional
            Those ranges, where there is no data.

        Returns
        -------
        PredictedCircuit
        """
        datapath = lower(
            expressions,
            self.precision,
            input_names=input_names,
            X=X,
            ranges=ranges,
            implementations=self.implementations,
        )
        circuit = PredictedCircuit.scheduled(datapath, self.target, self.library)
        if self.latency_model == "scheduled" or self.profile is None:
            return circuit
        predicted = estimate(
            expressions,
            self.profile,
            model=self.latency_model,
            input_names=input_names,
            implementations=self.implementations,
        )
        return replace(circuit, latency_cycles=predicted.latency_cycles)


def _check_profile(profile: OperatorProfile, precision: Precision, target: Target) -> None:
    found = (profile.part, profile.clock_period, str(profile.precision))
    wanted = (target.part, target.clock_period, str(precision))
    names = ("part", "clock_period", "precision")
    wrong = [
        f"{name} {has} instead of {asked}"
        for name, has, asked in zip(names, found, wanted, strict=True)
        if has != asked
    ]
    if wrong:
        raise ProfileError(
            f"the given profile is for {', '.join(wrong)}; give one that fits, or measure it with "
            f"lat_sr.profile('{precision}', part='{target.part}', clock_period={target.clock_period:g})"
        )
