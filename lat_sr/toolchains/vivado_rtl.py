"""Toolchain ``vivado-rtl``: the RTL of the open toolchain, placed and routed by Vivado."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from lat_sr.datapath import Datapath
from lat_sr.latency.library import DelayLibrary
from lat_sr.target import Target
from lat_sr.toolchains import cache, verilator
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.emission import rtl_sources
from lat_sr.toolchains.libraries import delay_library
from lat_sr.toolchains.process import Cancellation, run
from lat_sr.toolchains.project import write_project
from lat_sr.toolchains.vectors import Integers, port_integers, stimuli
from lat_sr.toolchains.vendor import Tool, find_vendor_tool
from lat_sr.toolchains.vivado import LOG, SCRIPT, TIMING_SOURCE, read_vivado_reports, vivado_files


class VivadoToolchain:
    """Places and routes circuits with Vivado, out of context.

    Register stages are placed by the schedule of the latency model, so that latency is as predicted; slack and
    resources are those of the routed circuit.

    Parameters
    ----------
    path : path-like, optional
        The program or the directory of its installation.
    library : DelayLibrary, optional
        Delays for the schedule; those in the store for the part if not given.
    timeout : float
        Seconds for one build.
    vectors : int
        Vectors on which Verilator simulates the RTL; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    """

    name = "vivado-rtl"

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        library: DelayLibrary | None = None,
        timeout: float = 7200.0,
        vectors: int = 1024,
        use_cache: bool = True,
    ) -> None:
        self.path = path
        self.library = library
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
        return find_vendor_tool("vivado-rtl", self.path)

    def version(self) -> str:
        """Version of the tool, ``unknown`` where its directory does not name it."""
        return self.find().version or "unknown"

    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""
        return {"vivado": self.version()}

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return TIMING_SOURCE

    def build(
        self,
        datapath: Datapath,
        target: Target,
        *,
        vectors: ArrayLike | None = None,
        out: Path | None = None,
    ) -> BuildReport:
        """See `lat_sr.toolchains.base.Toolchain.build`; ``out`` gets the project, the reports and the log."""
        tool = self.find()
        library = self.library or delay_library(target)
        files = vivado_files(datapath, "verilog", target, library=library)
        X = stimuli(datapath, self.vectors, vectors) if self.vectors else np.zeros((0, 0), dtype=np.int64)
        key = cache.digest(
            {
                "files": hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest(),
                "target": asdict(target),
                "tools": self.tool_versions(),
                "stimuli": hashlib.sha256(X.tobytes()).hexdigest(),
            }
        )
        report = cache.recall(key) if self.use_cache and out is None else None
        if report is not None:
            return report
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="lat_sr_", ignore_cleanup_errors=True) as name:
            directory = Path(name) / "project" if out is None else Path(out)
            write_project(files, directory)
            run(
                (tool.path, "-mode", "batch", "-nojournal", "-log", LOG, "-source", SCRIPT),
                directory,
                timeout=self.timeout,
                cancellation=self.cancellation,
            )
            report = read_vivado_reports(directory)
        report = report.model_copy(
            update={
                **self._simulated(files, datapath, X, report.latency_cycles),
                "seconds": round(time.monotonic() - started, 3),
                "digest": key,
            }
        )
        if self.use_cache:
            cache.remember(key, report)
        return report

    def _simulated(
        self, files: dict[str, str], datapath: Datapath, X: Integers, stages: int
    ) -> dict[str, object]:
        """What a simulation of the RTL says, by the fields of the report."""
        if not len(X):
            return {}
        seen = verilator.simulate(
            rtl_sources({name: text for name, text in files.items() if name.startswith("src/")}),
            X,
            port_integers(datapath, X),
            datapath.precision.width,
            stages,
            timeout=self.timeout,
            cancellation=self.cancellation,
        )
        return {
            "vectors": seen.vectors,
            "bit_exact": seen.latency is not None,
            "mismatch": seen.first_mismatch,
            "latency_cycles": seen.latency or stages,
        }
