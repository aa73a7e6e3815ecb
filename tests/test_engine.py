"""The C++ engine's house: its folders include one way, and its setting in the environment is checked."""

import os
import re
import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).parents[1] / "engine"
#: From the ground up; a folder includes those before it and itself. What fuzzes may include everything.
ORDER = (
    "base",
    "tree",
    "kernels",
    "evaluation",
    "constants",
    "datapath",
    "lowering",
    "circuit",
    "mapping",
    "cost",
    "variation",
    "search",
    "bindings",
    "fuzz",
)


def test_includes_go_one_way() -> None:
    sources = [path for path in ENGINE.rglob("*") if path.suffix in (".cpp", ".hpp", ".inc")]
    assert {path.parent.name for path in sources} == set(ORDER)
    upward = []
    for path in sources:
        for name in re.findall(r'^#include "(.*)"', path.read_text(), flags=re.MULTILINE):
            assert (ENGINE / name).exists(), f"{path}: includes name the folder, {name} does not"
            if ORDER.index(name.split("/")[0]) > ORDER.index(path.parent.name):
                upward.append(f"{path.relative_to(ENGINE)} includes {name}")
    assert not upward


def test_unknown_instruction_set() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from lat_sr import _engine"],
        env={**os.environ, "LAT_SR_ISA": "sse"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "LAT_SR_ISA is 'sse' in the environment; allowed are baseline" in run.stderr
