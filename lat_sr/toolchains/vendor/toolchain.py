"""What the toolchains around a program of AMD share: where it is, its vectors, and results kept by content."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from lat_sr.datapath import Datapath
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.run import cache
from lat_sr.toolchains.run.process import Cancellation
from lat_sr.toolchains.vectors import Integers, stimuli
from lat_sr.toolchains.vendor.tools import Tool, find_vendor_tool


@dataclass(eq=False)
class VendorToolchain(ABC):
    """A toolchain whose program is installed apart from this package.

    Parameters
    ----------
    name : str
        One of `lat_sr.toolchains.vendor.tools.VENDOR_TOOLS`.
    path : path-like, optional
        The program or the directory of its installation.
    timeout : float
        Seconds for one build.
    vectors : int
        Vectors to simulate; 0 for none.
    use_cache : bool
        Whether results are kept by content.
    """

    name: str
    path: str | os.PathLike[str] | None = None
    _: KW_ONLY
    timeout: float = 3600.0
    vectors: int = 1024
    use_cache: bool = True
    cancellation: Cancellation = field(init=False, repr=False, default_factory=Cancellation)

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

    @abstractmethod
    def tool_versions(self) -> dict[str, str]:
        """Version of every tool that takes part."""

    @property
    @abstractmethod
    def timing_source(self) -> str:
        """Where the delays come from, and what they leave out."""

    def build(
        self,
        datapath: Datapath,
        target: Target,
        *,
        vectors: ArrayLike | None = None,
        out: Path | None = None,
    ) -> BuildReport:
        """See `lat_sr.toolchains.base.Toolchain.build`; ``out`` gets the project, the tool's files and its log."""
        X = stimuli(datapath, self.vectors, vectors) if self.vectors else np.zeros((0, 0), dtype=np.int64)
        identity, run_in = self._prepared(datapath, target, X)
        key = cache.digest(
            {
                **identity,
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
            report = run_in(Path(name) / "project" if out is None else Path(out))
        seconds = round(time.monotonic() - started, 3)
        report = report.model_copy(update={"seconds": seconds, "digest": key})
        if self.use_cache:
            cache.remember(key, report)
        return report

    @abstractmethod
    def _prepared(
        self, datapath: Datapath, target: Target, X: Integers
    ) -> tuple[Mapping[str, object], Callable[[Path], BuildReport]]:
        """What determines a result besides target, tools and vectors; and what gives it in a directory."""
