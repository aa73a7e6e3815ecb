"""Delays and small datapaths for the tests of toolchains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lat_sr import lower, parse
from lat_sr.costs import DelayLibrary, load_library
from lat_sr.datapath import Datapath


@pytest.fixture(scope="session")
def library() -> DelayLibrary:
    return load_library()


@pytest.fixture
def adder() -> Datapath:
    return lower(parse("x0 + x1"), "ap_fixed<8,4>")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str, str], str]:
    """Makes a program from a Python script; gives its path."""

    def make(name: str, script: str) -> str:
        path = tmp_path / name
        path.write_text("#!/usr/bin/env python3\n" + script)
        path.chmod(0o755)
        return str(path)

    return make
