"""Killing Python or a tool at any moment loses the item in flight at most; a second start goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stand_ins import StandInEngine
from vendor_tools import behave, calls, installed_hls, running

from lat_sr import LatencyAwareRegressor

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(2)
X = RNG.uniform(-2, 2, size=(200, 2))
# Each is nearer to the last one, and costs more, than the one before.
FORMULAS = (
    "x0",
    "x0 + x1",
    "x0 + x1 + 0.5",
    "x0 + x1 + 0.5 + abs(x0)",
    "x0 + x1 + 0.5 + abs(x0) + 0.3*abs(x1)",
)

# The command line; bits are compared, and checkpoints written at their usual distance, in other tests.
COMMAND = """
import signal, sys
# Ignored where the tests were started in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)
from lat_sr.toolchains.vendor.hls import HlsToolchain
import lat_sr.runs.checkpoint
HlsToolchain.__init__.__kwdefaults__["vectors"] = 0
lat_sr.runs.checkpoint._PERIOD = 0.0
from lat_sr.cli import main
main()
"""


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    path = installed_hls(tmp_path, worst=2)
    behave(path, "slow")
    return path


class Shell:
    """Starts ``lat-sr`` in processes of their own."""

    def __init__(self, directory: Path, tool: Path) -> None:
        self.environment = {
            **os.environ,
            "XILINX_HLS": str(tool.parents[1]),
            "LAT_SR_CACHE": str(directory / "cache"),
        }

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", COMMAND, *map(str, arguments), "--json"]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def kill_when(self, condition, *arguments: object) -> None:
        process = self.start(*arguments)
        deadline = time.monotonic() + 300
        while not condition() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=120)

    def run(self, *arguments: object, code: int = 0) -> dict:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == code, output
        return json.loads(output)


@pytest.fixture
def shell(tmp_path: Path, tool: Path) -> Shell:
    return Shell(tmp_path, tool)


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    model = LatencyAwareRegressor(engine=StandInEngine(*FORMULAS), random_state=0)
    model.fit(X, X.sum(axis=1) + 0.5 + abs(X) @ [1.0, 0.3], out=tmp_path / "run")
    return tmp_path / "run"


PROFILE = (
    "profile",
    "ap_fixed<12,6>",
    "--toolchain",
    "vitis",
    "--operators",
    "+,-,*,neg,abs,min",
    "--n-jobs",
    1,
)


def test_profile(shell: Shell, tool: Path) -> None:
    shell.kill_when(lambda: len(calls(tool)) == 3, *PROFILE)
    assert len(calls(tool)) == 3
    found = shell.run(*PROFILE)
    assert set(found["operators"]) == {"+", "-", "*", "neg", "abs", "min"}
    assert len(calls(tool)) <= 6 + 1
    shell.run(*PROFILE)
    assert len(calls(tool)) <= 6 + 1


def test_profile_whose_tool_dies(shell: Shell, tool: Path) -> None:
    behave(tool, "dies at 3")
    assert "killed by signal 9" in shell.run(*PROFILE, code=3)["message"]
    assert len(calls(tool)) == 3
    behave(tool, "works")
    shell.run(*PROFILE)
    assert len(calls(tool)) == 6 + 1


def test_verify(shell: Shell, tool: Path, run_directory: Path) -> None:
    points = len(pd.read_csv(run_directory / "front.csv"))
    command = ("verify", run_directory, "--toolchain", "vitis", "--n-jobs", 1)
    shell.kill_when(lambda: len(calls(tool)) == 3, *command)
    assert points >= 4 and not (run_directory / "verification.csv").exists()
    answer = shell.run(*command)
    assert answer["passed"] and len(answer["points"]) == points
    assert [point["cached"] for point in answer["points"]].count(True) >= 2
    assert len(calls(tool)) <= points + 1
    assert len(pd.read_csv(run_directory / "verification.csv")) == points


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_no_tool_outlives_a_stopped_verification(
    shell: Shell, tool: Path, run_directory: Path, number: signal.Signals, code: int
) -> None:
    behave(tool, "hangs")
    process = shell.start("verify", run_directory, "--toolchain", "vitis", "--n-jobs", 2)
    deadline = time.monotonic() + 300
    while len(running(tool)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(running(tool)) == 2
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode == code
    deadline = time.monotonic() + 300
    while running(tool) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running(tool) == []


def test_verify_whose_tool_dies(shell: Shell, tool: Path, run_directory: Path) -> None:
    points = len(pd.read_csv(run_directory / "front.csv"))
    command = ("verify", run_directory, "--toolchain", "vitis", "--n-jobs", 1)
    behave(tool, "dies at 2")
    answer = shell.run(*command, code=1)
    assert [bool(point["failure"]) for point in answer["points"]].count(True) == 1
    behave(tool, "works")
    assert shell.run(*command)["passed"]
    assert len(calls(tool)) == points + 1


def test_fit(shell: Shell, tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["a", "b"])
    frame["y"] = np.sin(frame["a"] * 2) * frame["b"] + 0.3 * frame["b"]
    frame.to_csv(tmp_path / "data.csv", index=False)
    out = tmp_path / "run"
    state = out / "checkpoint" / "output0.state"
    command = (
        "fit",
        tmp_path / "data.csv",
        "--target",
        "y",
        "--out",
        out,
        "--n-jobs",
        1,
        "--max-evaluations",
    )
    shell.kill_when(state.exists, *command, 10**9)
    assert not (out / "run.json").exists()
    # A search that starts over ends with the first evaluations; one that goes on has many behind it.
    shell.run(*command, 1)
    done = json.loads((out / "run.json").read_text())["searches"][0]["evaluations"]
    shell.run(
        "fit", tmp_path / "data.csv", "--target", "y", "--out", tmp_path / "new", "--max-evaluations", 1
    )
    fresh = json.loads((tmp_path / "new" / "run.json").read_text())["searches"][0]["evaluations"]
    assert done > 2 * fresh
    assert not (out / "checkpoint").exists()
