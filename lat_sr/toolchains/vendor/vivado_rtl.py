"""Toolchain ``vivado-rtl``: the RTL of the open toolchain, placed and routed by Vivado."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lat_sr.costs import DelayLibrary, load_library
from lat_sr.datapath import Datapath
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.open import verilator
from lat_sr.toolchains.open.emission import rtl_sources
from lat_sr.toolchains.open.project import write_project
from lat_sr.toolchains.run.process import run
from lat_sr.toolchains.vectors import Integers, port_integers
from lat_sr.toolchains.vendor.toolchain import VendorToolchain
from lat_sr.toolchains.vendor.tools import Tool
from lat_sr.toolchains.vendor.vivado import (
    LOG,
    SCRIPT,
    TIMING_SOURCE,
    read_vivado_reports,
    vivado_files,
)


@dataclass(eq=False)
class VivadoToolchain(VendorToolchain):
    """Places and routes circuits with Vivado, out of context.

    Register stages are placed by the schedule of the latency model, so that latency is as predicted; slack and
    resources are those of the routed circuit.

    Parameters
    ----------
    path : path-like, optional
        The program or the directory of its installation.
    timeout : float
        Seconds for one build.
    vectors : int
        Vectors on which Verilator simulates the RTL; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    library : DelayLibrary, optional
        Delays for the schedule; those in the store for the part if not given.
    """

    name: str = field(init=False, default="vivado-rtl")
    timeout: float = 7200.0
    library: DelayLibrary | None = field(default=None, kw_only=True)

    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""
        return {"vivado": self.version()}

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return TIMING_SOURCE

    def _prepared(
        self, datapath: Datapath, target: Target, X: Integers
    ) -> tuple[Mapping[str, object], Callable[[Path], BuildReport]]:
        tool = self.find()
        files = vivado_files(
            datapath, "verilog", target, library=self.library or load_library(part=target.part)
        )
        digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()
        return {"files": digest}, lambda directory: self._run(tool, files, datapath, X, directory)

    def _run(
        self, tool: Tool, files: dict[str, str], datapath: Datapath, X: Integers, directory: Path
    ) -> BuildReport:
        write_project(files, directory)
        run(
            (tool.path, "-mode", "batch", "-nojournal", "-log", LOG, "-source", SCRIPT),
            directory,
            timeout=self.timeout,
            cancellation=self.cancellation,
        )
        report = read_vivado_reports(directory)
        if not len(X):
            return report
        stages = report.latency_cycles
        seen = verilator.simulate(
            rtl_sources({name: text for name, text in files.items() if name.startswith("src/")}),
            X,
            port_integers(datapath, X),
            datapath.precision.width,
            stages,
            timeout=self.timeout,
            cancellation=self.cancellation,
        )
        return report.model_copy(
            update={
                "vectors": seen.vectors,
                "bit_exact": seen.latency is not None,
                "mismatch": seen.first_mismatch,
                "latency_cycles": seen.latency or stages,
            }
        )
