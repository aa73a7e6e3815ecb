"""Results of runs in one file, one line each, so that a benchmark that was stopped goes on where it was."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from lat_sr import _engine
from lat_sr.files import write_atomic


def machine() -> str:
    """Processor, cores and instruction set."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {_engine.instruction_set()}"


def versions(*packages: str) -> dict[str, str]:
    """Of those packages that are installed."""
    installed = {distribution.name for distribution in metadata.distributions()}
    return {package: metadata.version(package) for package in packages if package in installed}


class Records:
    """Results by their key.

    Parameters
    ----------
    path : Path
        The file; what it holds is taken over.
    settings : mapping
        All that the results depend on besides the key, in JSON's types.

    Raises
    ------
    SystemExit
        The file holds results of other settings, with which these must not be mixed.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.settings = {"machine": machine(), **settings}
        self.results: dict[str, Any] = {}
        if path.exists():
            document = json.loads(path.read_text())
            self.results = document.pop("results")
            document.pop("date")
            if document != self.settings:
                raise SystemExit(
                    f"{path} holds results of other settings ({document}); name another --out, or delete it"
                )

    def add(self, key: str, result: Any) -> None:
        """Keep a result, in the file too."""
        self.results[key] = result
        head = {**self.settings, "date": time.strftime("%Y-%m-%d")}
        facts = "".join(f" {json.dumps(name)}: {json.dumps(value)},\n" for name, value in head.items())
        lines = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in self.results.items()
        )
        write_atomic(self.path, f'{{\n{facts} "results": {{\n{lines}\n }}\n}}\n')
