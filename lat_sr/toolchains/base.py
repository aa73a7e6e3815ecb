"""What a toolchain is, and what it reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable

from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict, Field

from lat_sr.datapath import Datapath
from lat_sr.files import read_json, validated, write_atomic
from lat_sr.target import Target
from lat_sr.toolchains.reports import Figures

SCHEMA: Final = "lat_sr.build_report"
SCHEMA_VERSION = 2


class BuildReport(BaseModel):
    """A built and measured circuit.

    Attributes
    ----------
    toolchain : str
    tool_versions : dict of str to str
    part, clock_ns, clock_uncertainty_ns, timing_derate
        The target.
    latency_cycles : int
        Register stages between input port and output port; where there was a simulation, the number of cycles
        after which the right result appeared.
    input_register : bool
        Whether the flow adds a register at the input, which is not counted in `latency_cycles`.
    slack_ns : float
        What the longest path, times the derating, leaves of the clock period without its uncertainty.
    critical_path_ps : float
        Longest path as the tool gives it.
    lut, carry, ff, dsp, bram : int
        Lookup tables, carry blocks of four bits, flip-flops, DSP blocks, block RAMs of 18 kbit.
    latency_predicted, lut_predicted, ff_predicted, dsp_predicted : int or None
        What the schedule said before anything was built.
    vectors : int
        Number of vectors simulated.
    bit_exact : bool or None
        Whether every output bit was that of the datapath; None without a simulation.
    mismatch : str
        The first wrong output, in words.
    timing_source : str
        Where the delays come from, and what they leave out.
    stages_tried : list of (int, float)
        Numbers of stages that were built and the longest path of each in picoseconds.
    steps : list of Figures
        What the reports of the vendor's tools say, step by step. The figures above are those of the last step that
        knows them.
    seconds : float
        What the build took when it was made.
    cached : bool
        Whether this report comes from the cache.
    digest : str
        Of everything that determines the result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_name: Literal["lat_sr.build_report"] = Field(SCHEMA, alias="schema")
    schema_version: int = SCHEMA_VERSION
    toolchain: str
    tool_versions: dict[str, str]
    part: str
    clock_ns: float
    clock_uncertainty_ns: float
    timing_derate: float
    latency_cycles: int
    input_register: bool = False
    slack_ns: float
    critical_path_ps: float
    lut: int
    carry: int
    ff: int
    dsp: int
    bram: int
    latency_predicted: int | None = None
    lut_predicted: int | None = None
    ff_predicted: int | None = None
    dsp_predicted: int | None = None
    vectors: int = 0
    bit_exact: bool | None = None
    mismatch: str = ""
    timing_source: str
    stages_tried: list[tuple[int, float]]
    steps: list[Figures] = Field(default_factory=list)
    seconds: float
    cached: bool = False
    digest: str

    @property
    def meets_clock(self) -> bool:
        """Whether the longest path fits the clock."""
        return self.slack_ns >= 0

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return self.model_dump(mode="json", by_alias=True)

    def save(self, path: str | Path) -> None:
        """Write the report as JSON.

        Raises
        ------
        StorageError
            The file cannot be written.
        """
        write_atomic(path, json.dumps(self.to_dict(), indent=1) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> BuildReport:
        """Read a report that `save` has written.

        Raises
        ------
        FormatError
            It is corrupt, something else, or from a newer version.
        StorageError
            It cannot be read.
        """
        return validated(cls, read_json(path, SCHEMA, SCHEMA_VERSION), str(path))


@runtime_checkable
class Toolchain(Protocol):
    """Builds circuits and measures them.

    A toolchain needs a name, a version, and one method. It may take any time and use any program, as long as it
    reports what became of the circuit, or raises a `lat_sr.errors.ToolError` that says what went wrong. `build` is
    called from several threads at a time. Programs are best run by `lat_sr.toolchains.run.process.run`: they then have
    a time limit, end with this process, and what they print can be followed. A toolchain whose programs should end
    when a run is stopped has a `lat_sr.toolchains.run.process.Cancellation` as its attribute ``cancellation`` besides.
    Profiles name the versions that ``tool_versions()`` gives and the ``timing_source``, where it has them, and set its
    number of simulated ``vectors`` to 0.
    """

    name: str

    def version(self) -> str:
        """Version of the tools, as it should appear in reports and paths."""
        ...

    def build(
        self,
        datapath: Datapath,
        target: Target,
        *,
        vectors: ArrayLike | None = None,
        out: Path | None = None,
    ) -> BuildReport:
        """Build a datapath for a target.

        Parameters
        ----------
        datapath : Datapath
        target : Target
        vectors : array_like, shape (n_samples, n_inputs), optional
            Inputs to simulate in addition to the toolchain's own.
        out : Path, optional
            Directory for the project.

        Returns
        -------
        BuildReport

        Raises
        ------
        ToolError
        """
        ...
