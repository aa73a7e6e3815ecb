"""What a search problem refuses, and what it makes of its arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lat_sr.errors import InputError, OperatorError
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import SearchProblem


def make(**settings: Any) -> SearchProblem:
    return SearchProblem(**{"X": np.eye(4, 2), "y": np.arange(4.0), "cost": uniform_cost_model(2)} | settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"X": np.zeros((0, 2)), "y": []}, "at least one row"),
        ({"X": np.zeros(4)}, "shape"),
        ({"y": np.arange(3.0)}, "y has shape"),
        ({"y": [0, 1, np.nan, 2]}, "NaN"),
        ({"X": np.full((4, 2), np.inf)}, "infinity"),
        ({"X": np.eye(4, 2, dtype=np.float32), "y": np.full(4, 1e39)}, "float32"),
        ({"weights": [1, 1, -1, 1]}, "negative"),
        ({"weights": np.zeros(4)}, "positive"),
        ({"cost": uniform_cost_model(3)}, "3 inputs and X has 2"),
        ({"feature_names": ("a", "a")}, "different names"),
        ({"loss": "l3"}, "allowed are l2"),
        ({"loss": "logistic"}, "recode"),
        ({"loss_parameter": 0}, "loss_parameter"),
        ({"maxsize": 0}, "maxsize"),
        ({"n_jobs": 1.5}, "n_jobs"),
        ({"max_lut": -1}, "max_lut"),
        ({"max_latency": float("nan")}, "max_latency"),
        ({"seed": -1}, "seed"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": None}, "never ends"),
        ({"constraints": {"sin": (1, 2)}}, "one size"),
        ({"constraints": {"*": 3}}, "a pair"),
        ({"nested_constraints": {"sin": {"cos": -1}}}, "nested_constraints"),
    ],
)
def test_refusals(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make(**settings)


def test_unknown_operators_are_named() -> None:
    with pytest.raises(OperatorError, match="sinn"):
        make(operators=("+", "sinn"))
    with pytest.raises(OperatorError, match="coss"):
        make(constraints={"coss": 3})


def test_arrays_are_kept_in_one_type() -> None:
    assert make(X=np.eye(4, 2, dtype=np.float32)).y.dtype == np.float32
    assert make(X=np.eye(4, 2, dtype=np.int64)).X.dtype == np.float64
    assert make(X=np.asfortranarray(np.eye(4, 2))).X.flags.c_contiguous


def test_names_and_limits_are_normalised() -> None:
    problem = make(operators=("+", "+", "sin"), constraints={"sin": [3], "*": [2, -1]})
    assert problem.operators == ("+", "sin")
    assert problem.constraints == {"sin": 3, "*": (2, -1)}
    assert problem.feature_names == ("x0", "x1")
