"""Toolchains ``vitis`` and ``vivado``: the datapath as C++ through the vendor's C synthesis.

The C++ is that of `lat_sr.toolchains.hls`: exact types and constant tables, so that the tool computes the datapath's
bits. Latency, clock and resources are the estimates of C synthesis, or where asked for those of the simulated, placed
and routed RTL.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lat_sr.datapath import Datapath
from lat_sr.errors import ToolFailedError
from lat_sr.storage import write_atomic
from lat_sr.target import Target
from lat_sr.toolchains import cache
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.hls import write_hls_project
from lat_sr.toolchains.hls_script import (
    PROJECT,
    SOLUTION,
    TEST_BENCH,
    TOP,
    cpp_test_bench,
    run_test_bench,
    synthesis_script,
)
from lat_sr.toolchains.process import Cancellation, run
from lat_sr.toolchains.reports import Figures, read_cosim, read_csynth, read_export
from lat_sr.toolchains.reports.figures import same_part
from lat_sr.toolchains.vectors import stimuli
from lat_sr.toolchains.vendor import Tool, find_vendor_tool, search_path

__all__ = ["HlsToolchain"]

_SCRIPT = "synthesis.tcl"
_REPORTS = Path(PROJECT) / SOLUTION
_ESTIMATED = "estimate of C synthesis, without routing"
_ROUTED = "Vivado, placed and routed out of context"

# How each program takes its script.
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "vitis-run": ("--mode", "hls", "--tcl", _SCRIPT),
    "vitis_hls": ("-f", _SCRIPT),
    "vivado_hls": ("-f", _SCRIPT),
}


class HlsToolchain:
    """C synthesis by Vitis HLS or Vivado HLS.

    Parameters
    ----------
    name : {"vitis", "vivado"}
    path : path-like, optional
        The program or the directory of its installation.
    co_simulation : bool
        Whether the tool simulates the RTL and compares it with the datapath; latency is then the measured one.
    implementation : bool
        Whether Vivado places and routes the RTL; clock and resources are then those of the routed circuit.
    timeout : float
        Seconds for one build.
    vectors : int
        Vectors for which the C++, and in co-simulation the RTL, is compared with the datapath; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    """

    def __init__(
        self,
        name: str = "vitis",
        path: str | os.PathLike[str] | None = None,
        *,
        co_simulation: bool = False,
        implementation: bool = False,
        timeout: float = 3600.0,
        vectors: int = 1024,
        use_cache: bool = True,
    ) -> None:
        self.name = name
        self.path = path
        self.co_simulation = co_simulation
        self.implementation = implementation
        self.timeout = timeout
        self.vectors = vectors
        self.use_cache = use_cache
        self.cancellation = Cancellation()

    def find(self) -> Tool:
        """The tool on this machine.

        Raises
        ------
        MissingToolError
            It is not installed.
        """
        return find_vendor_tool(self.name, self.path)

    def version(self) -> str:
        """Version of the tool, ``unknown`` where its directory does not name it."""
        return self.find().version or "unknown"

    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""
        tools = [self.find(), *([find_vendor_tool("vivado-rtl")] if self.implementation else [])]
        return {tool.program: tool.version or "unknown" for tool in tools}

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return _ROUTED if self.implementation else _ESTIMATED

    def build(
        self,
        datapath: Datapath,
        target: Target,
        *,
        vectors: ArrayLike | None = None,
        out: Path | None = None,
    ) -> BuildReport:
        """See `lat_sr.toolchains.base.Toolchain.build`; ``out`` gets the project, the tool's files and its log."""
        tool = self.find()
        environment = self._environment()
        X = stimuli(datapath, self.vectors, vectors) if self.vectors else np.zeros((0, 0), dtype=np.int64)
        # Without vectors there is nothing to simulate.
        simulated = self.co_simulation and len(X) > 0
        script = synthesis_script(
            target, self.name, co_simulation=simulated, implementation=self.implementation
        )
        key = cache.digest(
            {
                "datapath": datapath.digest(),
                "target": asdict(target),
                "tools": self.tool_versions(),
                "script": script,
                "stimuli": hashlib.sha256(X.tobytes()).hexdigest(),
            }
        )
        report = cache.recall(key) if self.use_cache and out is None else None
        if report is not None:
            return report
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lat_sr_", ignore_cleanup_errors=True) as name:
            directory = Path(name) if out is None else Path(out)
            write_hls_project(
                datapath, directory, target, backend="Vitis" if self.name == "vitis" else "Vivado"
            )
            write_atomic(directory / _SCRIPT, script)
            if len(X):
                write_atomic(directory / TEST_BENCH, cpp_test_bench(datapath, X))
            shutil.rmtree(directory / PROJECT, ignore_errors=True)
            log = run(
                (tool.path, *_ARGUMENTS[tool.program]),
                directory,
                timeout=self.timeout,
                environment=environment,
                cancellation=self.cancellation,
            )
            steps = [read_csynth(directory / _REPORTS / "syn/report/csynth.xml", log)]
            if simulated:
                steps.append(read_cosim(directory / _REPORTS / f"sim/report/{TOP}_cosim.rpt", log))
            if self.implementation:
                steps.append(read_export(directory / _REPORTS / "impl", TOP, "implementation", log))
            mismatch = (
                run_test_bench(directory, timeout=self.timeout, cancellation=self.cancellation)
                if len(X)
                else ""
            )
        for step in steps:
            if step.part and not same_part(target.part, step.part):
                raise ToolFailedError(f"the tool worked for {step.part} instead of {target.part}", log)
        if any(step.passed is False for step in steps):
            mismatch = mismatch or "the co-simulated RTL gives other outputs than the datapath"
        latency, critical_path = _last(steps, "latency_worst"), _last(steps, "critical_path_ns")
        if latency is None or critical_path is None:
            raise ToolFailedError("C synthesis gives no latency for the circuit", log)
        slack = target.clock_period - target.clock_uncertainty - critical_path * target.timing_derate
        final = steps[-1] if self.implementation else steps[0]
        report = BuildReport(
            toolchain=self.name,
            tool_versions={**self.tool_versions(), tool.program: steps[0].version},
            part=target.part,
            clock_ns=target.clock_period,
            clock_uncertainty_ns=target.clock_uncertainty,
            timing_derate=target.timing_derate,
            latency_cycles=latency,
            slack_ns=round(slack, 6),
            critical_path_ps=critical_path * 1000.0,
            **final.resources(),
            carry=final.carry or 0,
            vectors=len(X),
            bit_exact=not mismatch if len(X) else None,
            mismatch=mismatch,
            timing_source=self.timing_source,
            stages_tried=[(latency, critical_path * 1000.0)],
            steps=steps,
            seconds=round(time.monotonic() - started, 3),
            digest=key,
        )
        if self.use_cache:
            cache.remember(key, report)
        return report

    def _environment(self) -> dict[str, str]:
        """Variables for the tool, which starts Vivado by its name."""
        if not self.implementation:
            return {}
        return {"PATH": search_path(find_vendor_tool("vivado-rtl"))}


def _last(steps: list[Figures], name: str) -> Any:
    """A figure of the last step that knows it."""
    return next((value for step in reversed(steps) if (value := getattr(step, name)) is not None), None)
