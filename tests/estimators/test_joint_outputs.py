"""Models whose outputs are searched together, as one circuit."""

import json

import numpy as np
import pandas as pd
import pytest
from stand_ins import StandInToolchain

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import InputError
from lat_sr.expression import evaluate
from lat_sr.losses import mean_loss
from lat_sr.runs.directory import read_run, write_report
from lat_sr.search import NativeEngine

RNG = np.random.default_rng(3)
X = RNG.uniform(-2, 2, size=(400, 2))
COMMON = X[:, 0] * X[:, 1]
Y = np.column_stack([COMMON + X[:, 0], COMMON - X[:, 1], 0.5 * X[:, 1]])
LABELS = np.where(COMMON > 0, "t", np.where(X[:, 0] > 0, "q", "g"))
QUICK = {"max_evaluations": 4000, "engine_options": {"populations": 4}, "maxsize": 9, "random_state": 0}


def regressor(**parameters):
    return LatencyAwareRegressor(**{"multi_output": "joint", **QUICK, **parameters})


def classifier(**parameters):
    return LatencyAwareClassifier(**{"loss": "cross_entropy", **QUICK, **parameters})


@pytest.fixture(scope="module")
def classes():
    return classifier(max_latency=2).fit(X, LABELS)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("joint") / "run"
    regressor(max_latency=2).fit(X, Y, out=directory)
    return directory


def test_a_row_of_the_front_is_one_circuit(run):
    model = LatencyAwareRegressor.load(run)
    assert len(model.fronts_) == 1 and len(model.output_names_) == 3
    table = model.equations_
    assert "output" not in table and table["selected"].sum() == 1
    for row, point in zip(table.to_dict("records"), model.fronts_[0].points, strict=True):
        assert row["equation"].split("; ") == [str(expression) for expression in point.expressions]
        values = [evaluate(expression, X, model.input_names_) for expression in point.expressions]
        assert row["loss"] == pytest.approx(mean_loss("l2", Y, np.column_stack(values)))
        assert row["complexity"] == sum(expression.size for expression in point.expressions) <= 3 * 9
        assert row["latency_cycles"] == point.circuit.latency_cycles <= 2
        assert len(point.circuit.datapath.outputs) == 3
    assert model.latency_ == table["latency_cycles"][table["selected"].idxmax()]
    assert model.score(X, Y) > 0.95


def test_predictions_are_those_of_the_circuit(run):
    model = LatencyAwareRegressor.load(run)
    assert model.predict(X).shape == Y.shape
    np.testing.assert_array_equal(model.predict(X, "fixed"), model.circuit_.datapath.evaluate(X))
    np.testing.assert_allclose(model.predict(X, "fixed"), model.predict(X), atol=0.02)
    assert len(model.sympy()) == len(model.latex()) == 3


def test_model_and_run_are_read_back(run, tmp_path):
    loaded = read_run(run)
    model = LatencyAwareRegressor.load(run)
    model.save(tmp_path / "model.json")
    again = LatencyAwareRegressor.load(tmp_path / "model.json")
    pd.testing.assert_frame_equal(again.equations_, model.equations_)
    np.testing.assert_array_equal(again.predict(X, "fixed"), model.predict(X, "fixed"))
    assert pd.read_csv(run / "front.csv")["equation"].tolist() == model.equations_["equation"].tolist()
    assert [search["output"] for search in loaded.document["searches"]] == ["all"]
    assert "x0" in write_report(loaded).read_text()


def test_every_point_is_verified_with_all_outputs(run):
    report = LatencyAwareRegressor.load(run).verify(toolchain=StandInToolchain())
    assert report.passed
    assert len(report.table) == report.points and "output" not in report.table
    assert (report.table["latency_predicted"] == report.table["latency_actual"]).all()
    assert set(report.table["metric"]) == {"r2"}
    assert report.table["accuracy_fixed"].max() > 0.95


def test_projects_have_all_outputs(run, tmp_path):
    model = LatencyAwareRegressor.load(run)
    for kind in ("rtl", "hls4ml"):
        assert model.export(tmp_path / kind, kind=kind)


def test_probabilities_are_the_softmax_of_the_scores(classes):
    scores = classes.decision_function(X)
    assert scores.shape == (400, 3)
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classes.predict_proba(X), expected, rtol=1e-12)
    np.testing.assert_array_equal(classes.predict(X), classes.classes_[scores.argmax(axis=1)])
    assert classes.score(X, LABELS) > 0.9
    assert classes.latency_ <= 2 and len(classes.fronts_) == 1
    assert classes.verify(toolchain=StandInToolchain()).table["metric"].tolist() == ["accuracy"] * len(
        classes.equations_
    )


def test_other_losses_of_classes_can_be_searched_together():
    model = classifier(loss="l2_margin", multi_output="joint").fit(X, LABELS)
    assert len(model.fronts_) == 1
    assert model.score(X, LABELS) > 0.8
    assert not hasattr(model, "predict_proba")


def test_of_two_classes_it_is_the_logistic_loss():
    y = np.where(COMMON > 0, "same", "other")
    model, twin = classifier().fit(X, y), classifier(loss="logistic").fit(X, y)
    pd.testing.assert_frame_equal(model.equations_, twin.equations_)
    np.testing.assert_array_equal(model.predict_proba(X), twin.predict_proba(X))


@pytest.mark.slow
def test_any_number_of_threads_gives_the_same_front(classes):
    for jobs in (1, 3):
        again = classifier(max_latency=2, n_jobs=jobs).fit(X, LABELS)
        pd.testing.assert_frame_equal(again.equations_, classes.equations_)


def test_budgets_are_for_the_whole_circuit():
    model = regressor(max_lut=120, max_dsp=1).fit(X, Y)
    assert (model.equations_["lut"] <= 120).all() and (model.equations_["dsp"] <= 1).all()


def test_guesses_and_warm_start():
    exact = ("x0*x1 + x0", "x0*x1 - x1", "0.5*x1")
    model = regressor(guesses=[exact], max_evaluations=50, warm_start=True).fit(X, Y)
    assert model.equations_["loss"].min() < 1e-6
    assert model.set_params(guesses=None).fit(X, Y).equations_["loss"].min() < 1e-6
    for guesses in (["x0"], [["x0", "x1"]]):
        with pytest.raises(InputError, match="a formula for each of the 3 outputs"):
            regressor(guesses=guesses).fit(X, Y)


class Searching:
    """The native engine, or none where the search is known already."""

    def __init__(self, engine):
        self.engine = engine

    def search(self, problem, *, callback=None):
        return self.engine.search(problem, callback=callback)


def test_what_was_found_is_kept_until_it_is_written(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("lat_sr.estimators.base.write_run", lambda model, out: None)
        first = regressor(engine=Searching(NativeEngine(populations=4)), engine_options=None).fit(
            X, Y, out=tmp_path
        )
    kept = json.loads((tmp_path / "checkpoint" / "output0.json").read_text())
    assert all(point["expressions"].count(";") == 2 for point in kept["points"])
    with pytest.raises(InputError, match='multi_output was "joint", is "separate"'):
        regressor(
            engine=Searching(NativeEngine(populations=4)), engine_options=None, multi_output="separate"
        ).fit(X, Y, out=tmp_path)
    again = regressor(engine=Searching(None), engine_options=None).fit(X, Y, out=tmp_path)
    pd.testing.assert_frame_equal(again.equations_, first.equations_)


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (classifier(multi_output="separate"), LABELS, 'give multi_output="joint", or another loss'),
        (classifier(engine="pysr"), LABELS, "PySR searches one output at a time"),
        (regressor(loss=lambda y, p, w: 1.0), Y, "a loss of your own takes one output"),
        (regressor(loss="cross_entropy"), Y, "loss"),
        (regressor(multi_output="both"), Y, "multi_output"),
    ],
)
def test_what_does_not_go_together(model, y, message):
    with pytest.raises(InputError, match=message):
        model.fit(X, y)
