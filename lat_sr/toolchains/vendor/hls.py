"""Toolchains ``vitis`` and ``vivado``: the datapath as C++ through the vendor's C synthesis.

The C++ is that of `lat_sr.toolchains.hls.project`: exact types and constant tables, so that the tool computes the
datapath's bits. Latency, clock and resources are the estimates of C synthesis, or where asked for those of the
simulated, placed and routed RTL.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lat_sr.datapath import Datapath
from lat_sr.errors import ToolFailedError
from lat_sr.files import write_atomic
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.hls.project import write_hls_project
from lat_sr.toolchains.hls.script import (
    PROJECT,
    SOLUTION,
    TEST_BENCH,
    TOP,
    cpp_test_bench,
    run_test_bench,
    synthesis_script,
)
from lat_sr.toolchains.reports import Figures, read_cosim, read_csynth, read_export
from lat_sr.toolchains.reports.figures import same_part
from lat_sr.toolchains.run.process import run
from lat_sr.toolchains.vectors import Integers
from lat_sr.toolchains.vendor.toolchain import VendorToolchain
from lat_sr.toolchains.vendor.tools import Tool, find_vendor_tool, search_path

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


@dataclass(eq=False)
class HlsToolchain(VendorToolchain):
    """C synthesis by Vitis HLS or Vivado HLS.

    Parameters
    ----------
    name : {"vitis", "vivado"}
    path : path-like, optional
        The program or the directory of its installation.
    timeout : float
        Seconds for one build.
    vectors : int
        Vectors for which the C++, and in co-simulation the RTL, is compared with the datapath; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    co_simulation : bool
        Whether the tool simulates the RTL and compares it with the datapath; latency is then the measured one.
    implementation : bool
        Whether Vivado places and routes the RTL; clock and resources are then those of the routed circuit.
    """

    name: str = "vitis"
    co_simulation: bool = field(default=False, kw_only=True)
    implementation: bool = field(default=False, kw_only=True)

    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""
        tools = [self.find(), *([find_vendor_tool("vivado-rtl")] if self.implementation else [])]
        return {tool.program: tool.version or "unknown" for tool in tools}

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return _ROUTED if self.implementation else _ESTIMATED

    def _prepared(
        self, datapath: Datapath, target: Target, X: Integers
    ) -> tuple[Mapping[str, object], Callable[[Path], BuildReport]]:
        tool = self.find()
        script = synthesis_script(
            target,
            self.name,
            co_simulation=self._simulates(X),
            implementation=self.implementation,
        )
        identity = {"datapath": datapath.digest(), "script": script}
        return identity, lambda directory: self._run(tool, script, datapath, target, X, directory)

    def _simulates(self, X: Integers) -> bool:
        """Without vectors there is nothing to simulate."""
        return self.co_simulation and len(X) > 0

    def _run(
        self,
        tool: Tool,
        script: str,
        datapath: Datapath,
        target: Target,
        X: Integers,
        directory: Path,
    ) -> BuildReport:
        write_hls_project(datapath, directory, target, backend="Vitis" if self.name == "vitis" else "Vivado")
        write_atomic(directory / _SCRIPT, script)
        if len(X):
            write_atomic(directory / TEST_BENCH, cpp_test_bench(datapath, X))
        shutil.rmtree(directory / PROJECT, ignore_errors=True)
        log = run(
            (tool.path, *_ARGUMENTS[tool.program]),
            directory,
            timeout=self.timeout,
            environment=self._environment(),
            cancellation=self.cancellation,
        )
        steps = [read_csynth(directory / _REPORTS / "syn/report/csynth.xml", log)]
        if self._simulates(X):
            steps.append(read_cosim(directory / _REPORTS / f"sim/report/{TOP}_cosim.rpt", log))
        if self.implementation:
            steps.append(read_export(directory / _REPORTS / "impl", TOP, "implementation", log))
        mismatch = (
            run_test_bench(directory, timeout=self.timeout, cancellation=self.cancellation) if len(X) else ""
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
        return BuildReport(
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
            seconds=0.0,
            digest="",
        )

    def _environment(self) -> dict[str, str]:
        """Variables for the tool, which starts Vivado by its name."""
        if not self.implementation:
            return {}
        return {"PATH": search_path(find_vendor_tool("vivado-rtl"))}


def _last(steps: list[Figures], name: str) -> Any:
    """A figure of the last step that knows it."""
    return next((value for step in reversed(steps) if (value := getattr(step, name)) is not None), None)
