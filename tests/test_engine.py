"""The C++ engine's house: includes go one way, the stub is that of the bindings, and a wrong setting is refused."""

import os
import re
import subprocess
import sys
from pathlib import Path

ENGINE = Path(__file__).parents[1] / "engine"
#: From the ground up; a folder includes those before it and itself. What fuzzes and tests may include everything.
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
    "tests",
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


def test_stub_is_the_generated_one(tmp_path: Path) -> None:
    written = tmp_path / "_engine.pyi"
    command = [sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "lat_sr._engine", "-o", str(written)]
    subprocess.run(command, check=True, timeout=60)
    committed = ENGINE.parent / "lat_sr" / "_engine.pyi"
    assert written.read_text() == committed.read_text(), "the bindings are others than the stub: make stub"


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
