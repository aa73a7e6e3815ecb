"""Fits that are stopped before their end and called again."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from stand_ins import StandInEngine

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import BudgetError, FormatError, InputError
from lat_sr.runs.checkpoint import unfinished_seed
from lat_sr.search import NativeEngine

RNG = np.random.default_rng(7)
X = RNG.uniform(-2, 2, size=(300, 2))
Y = X[:, 0] * X[:, 1] + 0.5
TWO = np.column_stack([Y, X[:, 0] - X[:, 1]])


class Killed(BaseException):
    """Stands for the end of the process: nothing that handles errors sees it."""


class Dying(StandInEngine):
    """Dies in the search with this number."""

    def __init__(self, *formulas, at):
        super().__init__(*formulas)
        self.at = at

    def search(self, problem, *, callback=None):
        if len(self.problems) == self.at:
            raise Killed
        return super().search(problem, callback=callback)


# Engines are told apart by their class.
class Living(Dying):
    def __init__(self, *formulas):
        super().__init__(*formulas, at=None)


Living.__name__ = "Dying"


def fit(engine, directory, y=TWO, **parameters):
    options = {"engine": engine, "random_state": 3, **parameters}
    return LatencyAwareRegressor(**options).fit(X, y, out=directory)


def test_finished_outputs_are_not_searched_again(tmp_path):
    formulas = (("x0", "x0*x1 + 0.5"),)
    with pytest.raises(Killed):
        fit(Dying(*formulas, at=1), tmp_path)
    engine = Living(*formulas)
    engine.problems.append(None)  # it counts the searches
    model = fit(engine, tmp_path)
    assert len(engine.problems) == 2
    whole = fit(Living(*formulas), tmp_path / "whole")
    pd.testing.assert_frame_equal(model.equations_, whole.equations_)
    assert [front.seed for front in model.fronts_] == [front.seed for front in whole.fronts_]
    assert LatencyAwareRegressor.load(tmp_path).equations_.equals(model.equations_)
    assert not (tmp_path / "checkpoint").exists()


def test_a_fit_without_a_seed_takes_the_kept_one(tmp_path):
    with pytest.raises(Killed):
        fit(Dying("x0", at=1), tmp_path, random_state=None)
    seed = unfinished_seed(tmp_path)
    assert isinstance(seed, int)
    first = json.loads((tmp_path / "checkpoint" / "output0.json").read_text())["seed"]
    model = fit(Living("x0"), tmp_path, random_state=None)
    assert model.fronts_[0].seed == first
    assert unfinished_seed(tmp_path) is None


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({"maxsize": 9}, TWO, "maxsize was 30, is 9"),
        ({"random_state": 4}, TWO, "random_state was 3, is 4"),
        (
            {"precision": "ap_fixed<18,8>", "max_latency": 2},
            TWO,
            "max_latency was null, is 2; precision was ",
        ),
        ({}, TWO + 1, r"\(data\)"),
        ({}, TWO[:, :1], "outputs"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, parameters, y, message):
    with pytest.raises(Killed):
        fit(Dying("x0", at=1), tmp_path)
    with pytest.raises(
        InputError, match=f"holds an unfinished search with other settings.*{message}"
    ) as error:
        fit(Living("x0"), tmp_path, y, **parameters)
    assert f"delete {tmp_path / 'checkpoint'} to start again" in str(error.value)
    fit(Living("x0"), tmp_path)


def test_the_end_of_a_search_may_be_moved(tmp_path):
    with pytest.raises(Killed):
        fit(Dying("x0", at=1), tmp_path, timeout=5)
    engine = Living("x0")
    fit(engine, tmp_path, timeout=50, n_jobs=1, verbose=0, model_selection="best")
    assert len(engine.problems) == 1
    assert engine.problems[0].timeout == pytest.approx(49.5, abs=0.4)  # the first output took half a second


def test_damaged_and_newer_checkpoints(tmp_path):
    with pytest.raises(Killed):
        fit(Dying("x0", at=1), tmp_path)
    document = json.loads((tmp_path / "checkpoint" / "search.json").read_text())
    (tmp_path / "checkpoint" / "output0.json").write_text("{")
    with pytest.raises(FormatError, match="corrupt"):
        fit(Living("x0"), tmp_path)
    (tmp_path / "checkpoint" / "search.json").write_text(json.dumps({**document, "schema_version": 9}))
    with pytest.raises(FormatError, match="newer"):
        fit(Living("x0"), tmp_path)


def test_a_search_that_comes_to_nothing_leaves_nothing(tmp_path):
    with pytest.raises(BudgetError):
        fit("native", tmp_path, max_latency=0, max_evaluations=100)
    assert list(tmp_path.iterdir()) == []


def test_an_engine_with_a_checkpoint_of_its_own_keeps_it(tmp_path):
    own = tmp_path / "own.state"
    fit(NativeEngine(checkpoint=own, checkpoint_period=0.0), tmp_path / "run", Y, timeout=1.5, maxsize=9)
    assert own.exists()


def test_classifiers_too(tmp_path):
    labels = np.array(["q", "t", "g"])[RNG.integers(0, 3, 300)]
    with pytest.raises(Killed):
        LatencyAwareClassifier(engine=Dying("x0", at=2), random_state=0).fit(X, labels, out=tmp_path)
    engine = Living("x0")
    LatencyAwareClassifier(engine=engine, random_state=0).fit(X, labels, out=tmp_path)
    assert len(engine.problems) == 1


def test_the_directory_may_be_written_by_the_caller(tmp_path):
    model = LatencyAwareRegressor(engine=StandInEngine("x0"))
    model.fit(X, Y, checkpoint=tmp_path)
    assert sorted(path.name for path in (tmp_path / "checkpoint").iterdir()) == [
        "output0.json",
        "search.json",
    ]
    assert not (tmp_path / "run.json").exists()
