"""The examples in the docstrings run, and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import lat_sr

MODULES = [
    module.name
    for module in pkgutil.walk_packages(lat_sr.__path__, "lat_sr.")
    if module.name.rpartition(".")[2] not in ("__main__", "_engine")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0  # doctest has printed which, and how
