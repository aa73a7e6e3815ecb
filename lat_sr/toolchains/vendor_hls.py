"""Toolchains ``vitis`` and ``vivado``: the datapath as C++ through the vendor's C synthesis.

The C++ is that of `lat_sr.toolchains.hls`: exact types and constant tables, so that the tool computes the datapath's
bits. Latency, clock and resources are the estimates of C synthesis.
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
from lat_sr.target import Target
from lat_sr.toolchains import cache
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.csynth import read_csynth
from lat_sr.toolchains.hls import compile_hls_project, write_hls_project
from lat_sr.toolchains.process import Cancellation, run
from lat_sr.toolchains.vectors import Integers, port_integers, stimuli
from lat_sr.toolchains.vendor import Tool, find_vendor_tool

__all__ = ["HlsToolchain", "vitis_toolchain", "vivado_toolchain"]

_SCRIPT = "synthesis.tcl"
_SOLUTION = "solution"
_TOP = "myproject"  # hls4ml's name of the top function
_REPORT = Path("synthesis") / _SOLUTION / "syn" / "report" / "csynth.xml"
_TIMING_SOURCE = "estimate of C synthesis, without routing"

# How each program takes its script.
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "vitis-run": ("--mode", "hls", "--tcl", _SCRIPT),
    "vitis_hls": ("-f", _SCRIPT),
    "vivado_hls": ("-f", _SCRIPT),
}


def synthesis_script(target: Target, flow: str) -> str:
    """Tcl that synthesises the project in the current directory.

    Parameters
    ----------
    target : Target
    flow : {"vitis", "vivado"}
        Vitis HLS wants to know the flow of a solution; Vivado HLS does not know the option.

    Returns
    -------
    str
    """
    option = " -flow_target vivado" if flow == "vitis" else ""
    uncertainty = f"set_clock_uncertainty {target.clock_uncertainty:g}\n" if target.clock_uncertainty else ""
    return (
        "open_project -reset synthesis\n"
        f"set_top {_TOP}\n"
        f'add_files firmware/{_TOP}.cpp -cflags "-std=c++0x"\n'
        f"open_solution -reset {_SOLUTION}{option}\n"
        f"set_part {{{target.part}}}\n"
        f"create_clock -period {target.clock_period:g} -name default\n"
        f"{uncertainty}"
        "csynth_design\n"
        "exit\n"
    )


class HlsToolchain:
    """C synthesis by Vitis HLS or Vivado HLS.

    Parameters
    ----------
    name : {"vitis", "vivado"}
    path : path-like, optional
        The program or the directory of its installation.
    timeout : float
        Seconds for one synthesis.
    vectors : int
        Vectors for which the C++ is compiled and compared with the datapath; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    """

    def __init__(
        self,
        name: str = "vitis",
        path: str | os.PathLike[str] | None = None,
        *,
        timeout: float = 3600.0,
        vectors: int = 1024,
        use_cache: bool = True,
    ) -> None:
        self.name = name
        self.path = path
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
        tool = self.find()
        return {tool.program: tool.version or "unknown"}

    @property
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""
        return _TIMING_SOURCE

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
        X = stimuli(datapath, self.vectors, vectors) if self.vectors else np.zeros((0, 0), dtype=np.int64)
        script = synthesis_script(target, self.name)
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
            project = write_hls_project(
                datapath, directory, target, backend="Vitis" if self.name == "vitis" else "Vivado"
            )
            (directory / _SCRIPT).write_text(script, encoding="utf-8")
            shutil.rmtree(directory / "synthesis", ignore_errors=True)
            log = run(
                (tool.path, *_ARGUMENTS[tool.program]),
                directory,
                timeout=self.timeout,
                cancellation=self.cancellation,
            )
            found = read_csynth(directory / _REPORT, log)
            exact, mismatch = _compared(project, datapath, X)
        if found.latency_worst is None:
            raise ToolFailedError("C synthesis gives no latency for the circuit", log)
        if found.part and found.part != target.part:
            raise ToolFailedError(f"the tool synthesised for {found.part} instead of {target.part}", log)
        slack = target.clock_period - target.clock_uncertainty
        slack -= found.estimated_clock_ns * target.timing_derate
        report = BuildReport(
            toolchain=self.name,
            tool_versions={tool.program: found.version},
            part=target.part,
            clock_ns=target.clock_period,
            clock_uncertainty_ns=target.clock_uncertainty,
            timing_derate=target.timing_derate,
            latency_cycles=found.latency_worst,
            slack_ns=round(slack, 6),
            critical_path_ps=found.estimated_clock_ns * 1000.0,
            lut=found.lut,
            carry=0,
            ff=found.ff,
            dsp=found.dsp,
            bram=found.bram,
            vectors=len(X),
            bit_exact=exact,
            mismatch=mismatch,
            timing_source=self.timing_source,
            stages_tried=[(found.latency_worst, found.estimated_clock_ns * 1000.0)],
            seconds=round(time.monotonic() - started, 3),
            digest=key,
        )
        if self.use_cache:
            cache.remember(key, report)
        return report


def _compared(project: Any, datapath: Datapath, X: Integers) -> tuple[bool | None, str]:
    """Whether the compiled C++ gives the datapath's bits."""
    if not len(X):
        return None, ""
    scale = 2.0**-datapath.precision.fraction
    compiled = compile_hls_project(project)
    seen = np.rint(compiled.predict(np.ascontiguousarray(X * scale)).reshape(len(X), -1) / scale).astype(
        np.int64
    )
    wanted = port_integers(datapath, X)
    wrong = np.argwhere(seen != wanted)
    if not len(wrong):
        return True, ""
    row, output = wrong[0]
    return False, f"vector {row}, output {output}: {seen[row, output]} instead of {wanted[row, output]}"


def vitis_toolchain() -> HlsToolchain:
    """Vitis HLS as the environment has it."""
    return HlsToolchain("vitis")


def vivado_toolchain() -> HlsToolchain:
    """Vivado HLS as the environment has it."""
    return HlsToolchain("vivado")
