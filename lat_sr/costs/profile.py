"""The profile document: a versioned JSON schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from lat_sr.errors import ProfileError
from lat_sr.files import read_json, validated, write_atomic
from lat_sr.operators import closest_names
from lat_sr.precision import Precision
from lat_sr.target import Target

SCHEMA_VERSION = 1

Count = Annotated[int, Field(ge=0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OperatorCost(_Frozen):
    """What one implementation of an operator costs.

    Attributes
    ----------
    latency_cycles : int
        Register stages between input and output port; a published figure as it was given.
    delay_ps : float or None
        Longest path of the operator in one stage, register included; None where only cycles are published.
    lut, ff, dsp, bram : int or None
        Resources at ``latency_cycles``; None where they were not published.
    input_format, output_format : str
        Formats of the table's index and result; empty for exact operators and published figures.
    meets_clock : bool
        False where a part of the operator that no register can split is longer than the clock period;
        ``latency_cycles`` is then that of the fastest circuit.
    """

    latency_cycles: Count
    delay_ps: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    lut: Count | None = None
    ff: Count | None = None
    dsp: Count | None = None
    bram: Count | None = None
    input_format: str = ""
    output_format: str = ""
    meets_clock: bool = True


class Provenance(_Frozen):
    """Where the figures come from.

    Attributes
    ----------
    kind : {"measured", "published"}
    tools : dict of str to str
        Tool versions.
    date : str
    citation : str
        Of published figures.
    timing_source : str
        What the tool's delays are, and what they leave out.
    """

    kind: Literal["measured", "published"]
    tools: dict[str, str] = {}
    date: str = ""
    citation: str = ""
    timing_source: str = ""


class OperatorProfile(_Frozen):
    """Cost of every operator at one precision on one target.

    Attributes
    ----------
    part, toolchain, toolchain_version : str
    clock_period, clock_uncertainty : float
        Nanoseconds.
    timing_derate : float
    precision : str
    provenance : Provenance
    operators : dict of str to dict of str to OperatorCost
        By operator name and implementation: ``exact``, ``table``, ``interp`` or ``hls_math``.

    Examples
    --------
    >>> from lat_sr import load_profile
    >>> published = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
    >>> published.complexity_map()["sin"]
    8
    """

    schema_name: Literal["lat_sr.operator_profile"] = Field("lat_sr.operator_profile", alias="schema")
    schema_version: int = SCHEMA_VERSION
    part: str
    toolchain: str
    toolchain_version: str
    clock_period: float
    clock_uncertainty: float = 0.0
    timing_derate: float = 1.0
    precision: str
    provenance: Provenance
    operators: dict[str, dict[str, OperatorCost]]

    @field_validator("precision")
    @classmethod
    def _known_precision(cls, text: str) -> str:
        return str(Precision.parse(text))

    @property
    def target(self) -> Target:
        """The hardware the profile speaks of."""
        return Target(
            self.part, self.clock_period, self.clock_uncertainty, self.toolchain, self.timing_derate
        )

    def cost(self, operator: str, implementation: str | None = None) -> OperatorCost:
        """Cost of an operator.

        Parameters
        ----------
        operator : str
        implementation : str, optional
            The first that the profile has, in the order exact, table, hls_math, interp, if not given.

        Raises
        ------
        ProfileError
            The profile lacks the operator or the implementation.
        """
        if operator not in self.operators:
            raise ProfileError(
                f"the profile of {self.precision} with {self.toolchain} lacks the operator {operator!r}"
                f"{closest_names(operator, self.operators)} Profile it with lat_sr.profile(..., "
                f"operators=[{operator!r}])"
            )
        costs = self.operators[operator]
        names = [implementation] if implementation else ["exact", "table", "hls_math", "interp"]
        for name in names:
            if name in costs:
                return costs[name]
        raise ProfileError(f"the profile has no {implementation!r} for {operator}; it has {sorted(costs)}")

    def complexity_map(self, implementation: str | None = None) -> dict[str, int]:
        """One integer per operator, as PySR's ``complexity_of_operators`` takes it.

        Parameters
        ----------
        implementation : str, optional
            Which implementation of the functions counts; the profile's first if not given.

        Returns
        -------
        dict of str to int
            Clock cycles, at least 1.
        """
        return {
            name: max(1, self.cost(name, implementation if implementation in costs else None).latency_cycles)
            for name, costs in self.operators.items()
        }

    def save(self, path: str | Path) -> None:
        """Write the profile as JSON, whole or not at all."""
        write_atomic(path, json.dumps(self.model_dump(mode="json", by_alias=True), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> OperatorProfile:
        """Read a profile.

        Raises
        ------
        StorageError
            The file is missing or cannot be read.
        FormatError
            The file is corrupt, of another kind or newer than this package.
        """
        return validated(cls, read_json(path, "lat_sr.operator_profile", SCHEMA_VERSION), str(path))
