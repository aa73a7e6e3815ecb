from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from test_base import report

from lat_sr import Target
from lat_sr.datapath import Datapath
from lat_sr.errors import InputError, MissingToolError, ToolTimeoutError
from lat_sr.toolchains import build_many
from lat_sr.toolchains.base import BuildReport
from lat_sr.toolchains.run.process import Cancellation, run


class Stub:
    """Counts how many builds run at a time; a datapath is just a number here."""

    name = "stub"

    def __init__(self, broken: dict[Any, Exception] | None = None) -> None:
        self.broken = broken or {}
        self.cancellation = Cancellation()
        self.together = threading.Barrier(2, timeout=20)
        self.calls: list[tuple[Any, Any]] = []

    def version(self) -> str:
        return "1"

    def build(
        self, datapath: Any, target: Target, *, vectors: Any = None, out: Path | None = None
    ) -> BuildReport:
        if datapath in self.broken:
            raise self.broken[datapath]
        self.together.wait()
        self.calls.append((vectors, out))
        return report(lut=datapath)


def many(toolchain: Stub, numbers: list[Any], **options: Any) -> list[Any]:
    datapaths: list[Datapath] = numbers  # type: ignore[assignment]
    return build_many(datapaths, toolchain=toolchain, **options)


def test_builds_run_together_and_keep_their_order(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    toolchain = Stub()
    places = [tmp_path / str(k) for k in range(4)]
    results = many(
        toolchain, [3, 1, 4, 1], n_jobs=2, vectors="data", out=places, progress=lambda *p: seen.append(p)
    )
    assert [result.lut for result in results] == [3, 1, 4, 1]
    assert sorted(seen) == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert {out for _, out in toolchain.calls} == set(places)
    assert {vectors for vectors, _ in toolchain.calls} == {"data"}


def test_a_failed_build_gives_its_error() -> None:
    error = ToolTimeoutError("too slow")
    results = many(Stub({7: error}), [1, 7, 2], n_jobs=3)
    assert results[1] is error
    assert [results[0].lut, results[2].lut] == [1, 2]


def test_a_missing_tool_ends_everything() -> None:
    toolchain = Stub({7: MissingToolError("nothing installed")})
    toolchain.together = threading.Barrier(1)
    with pytest.raises(MissingToolError, match="nothing installed"):
        many(toolchain, [7, *range(50)], n_jobs=1)
    assert not toolchain.cancellation.cancelled  # ready for the next call


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="n_jobs is 0"):
        many(Stub(), [1], n_jobs=0)
    with pytest.raises(InputError, match="out has 1 directories for 2 datapaths"):
        many(Stub(), [1, 2], out=["a"])


def test_nothing_to_build() -> None:
    assert many(Stub(), []) == []


class Runs(Stub):
    """Runs a shell script, which stands for a datapath here, as the vendor's toolchains run their tools."""

    def __init__(self, directory: Path, timeout: float = 60.0) -> None:
        super().__init__()
        self.directory = directory
        self.timeout = timeout

    def build(
        self, datapath: Any, target: Target, *, vectors: Any = None, out: Path | None = None
    ) -> BuildReport:
        place = self.directory / str(abs(hash(datapath)))
        place.mkdir(exist_ok=True)
        command = ("sh", "-c", datapath)
        text = run(command, place, timeout=self.timeout, cancellation=self.cancellation)
        return report(lut=len(text.splitlines()))


#: Ends by itself only long after the tests, and leaves a file then.
ENDLESS = "echo $$ > number; sleep 60; touch late"


def assert_ended(directory: Path) -> None:
    """Not one of the scripts runs on."""
    for path in directory.rglob("number"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)
    assert not list(directory.rglob("late"))


def test_lines_of_tools_come_with_their_build(tmp_path: Path) -> None:
    seen: list[tuple[int, str]] = []
    many(Runs(tmp_path), ["echo a; echo b", "echo c"], n_jobs=2, log=lambda *line: seen.append(line))
    assert sorted(seen) == [(0, "a"), (0, "b"), (1, "c")]


@pytest.mark.slow
def test_time_limits_hold_for_each_build(tmp_path: Path) -> None:
    results = many(Runs(tmp_path, timeout=3.0), [ENDLESS, "echo 1", f"{ENDLESS};", "echo 2"], n_jobs=4)
    assert [type(result) for result in results] == [ToolTimeoutError, BuildReport] * 2
    assert_ended(tmp_path)


def test_an_interruption_ends_every_build(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    toolchain = Runs(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        many(toolchain, [ENDLESS, f"{ENDLESS};", "true"], n_jobs=3, progress=interrupt)
    assert_ended(tmp_path)
    assert not toolchain.cancellation.cancelled
