"""The exceptions' place in Python's own hierarchy."""

from __future__ import annotations

import pickle

import pytest

from lat_sr import errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_of_the_package_and_of_one_builtin_kind(name):
    error = getattr(errors, name)
    assert issubclass(error, errors.LatSrError)
    if name != "LatSrError":
        assert issubclass(error, (ValueError, RuntimeError))


def test_all_lists_every_error():
    classes = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}
    assert classes == set(errors.__all__)


def test_a_missing_profile_can_be_caught_as_either():
    assert issubclass(errors.ProfileNotFoundError, ValueError)
    assert issubclass(errors.ProfileNotFoundError, RuntimeError)


def test_a_failed_tool_shows_the_end_of_its_log():
    error = errors.ToolFailedError("yosys stopped with 1", "\n".join(f"line {i}" for i in range(100)))
    assert str(error).startswith("yosys stopped with 1\nline 85\n")
    assert str(error).endswith("\nline 99")
    assert str(errors.ToolFailedError("yosys stopped with 1")) == "yosys stopped with 1"


def test_a_failed_tool_survives_the_way_between_processes():
    error = errors.ToolFailedError("yosys stopped with 1", "first\nlast")
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(error))))
    assert (str(again), again.log) == (str(error), error.log)
