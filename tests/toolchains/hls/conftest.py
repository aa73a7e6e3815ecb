"""The compiler of the HLS projects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def compiler_in_haste(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Optimising hls4ml's C++ takes three times as long as compiling it, and its bits are the same."""
    directory = tmp_path_factory.mktemp("compiler")
    compiler = directory / "g++"
    compiler.write_text(f'#!/bin/sh\nexec {shutil.which("g++")} "$@" -O0\n')
    compiler.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
        yield
