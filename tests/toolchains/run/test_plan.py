from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lat_sr.errors import StorageError, ToolFailedError
from lat_sr.toolchains.run.plan import BuildPlan

PLAN = BuildPlan({"a/word": "hello"}, (("cp", "a/word", "b"), ("cp", "b", "c")), ("b", "c"))


def test_commands_run_in_order_and_give_the_results() -> None:
    assert PLAN.execute(timeout=20) == {"b": "hello", "c": "hello"}


def test_the_digest_depends_on_everything_but_the_environment() -> None:
    same = dataclasses.replace(PLAN, environment={"HOME": "/elsewhere"})
    assert same.digest() == PLAN.digest()
    for other in (
        dataclasses.replace(PLAN, files={"a/word": "hullo"}),
        dataclasses.replace(PLAN, commands=PLAN.commands[:1]),
        dataclasses.replace(PLAN, results=("b",)),
    ):
        assert other.digest() != PLAN.digest()


def test_programs_can_be_put_in_place_of_names() -> None:
    plan = BuildPlan({"word": "hello"}, (("copy", "word", "b"),), ("b",))
    assert plan.execute(timeout=20, programs={"copy": "/bin/cp"}) == {"b": "hello"}


def test_a_missing_result_is_a_failure() -> None:
    plan = BuildPlan({}, (("echo", "nothing done"),), ("report",))
    with pytest.raises(ToolFailedError, match="echo ended without writing report\nnothing done"):
        plan.execute(timeout=20)


def test_an_unwritable_directory(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file where a directory should be")
    with pytest.raises(StorageError, match="cannot write"):
        PLAN.write(tmp_path)
