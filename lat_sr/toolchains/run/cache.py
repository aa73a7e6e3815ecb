"""Results of builds, kept by what determines them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from lat_sr.errors import FormatError, StorageError
from lat_sr.files import cache_directory
from lat_sr.toolchains.base import BuildReport


def digest(identity: Mapping[str, object]) -> str:
    """SHA-256 of a JSON-ready mapping."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def recall(key: str) -> BuildReport | None:
    """The report stored under a key; one that cannot be read counts as none."""
    path = _path(key)
    if not path.is_file():
        return None
    try:
        return BuildReport.load(path).model_copy(update={"cached": True})
    except (FormatError, StorageError):
        return None


def remember(key: str, report: BuildReport) -> None:
    """Store a report.

    Raises
    ------
    StorageError
        The cache cannot be written.
    """
    report.save(_path(key))


def _path(key: str) -> Path:
    return cache_directory() / "builds" / key[:2] / f"{key}.json"
