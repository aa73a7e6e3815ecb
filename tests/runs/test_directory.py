import json

import numpy as np
import pandas as pd
import pytest
from stand_ins import StandInEngine, StandInToolchain

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import FormatError, StorageError
from lat_sr.reporting import FRONT_COLUMNS
from lat_sr.runs.directory import (
    checkpoint_writer,
    prepare_run,
    read_run,
    write_report,
    write_run,
    write_verification,
)

RNG = np.random.default_rng(5)
X = RNG.uniform(-2, 2, size=(300, 2))
Y = X[:, 0] * X[:, 1] + 0.5


@pytest.fixture
def run(tmp_path):
    LatencyAwareRegressor(engine=StandInEngine("x0", "x0*x1 + 0.5"), random_state=0, max_latency=3).fit(
        X, Y, out=tmp_path / "run"
    )
    return tmp_path / "run"


def test_fit_leaves_model_front_sample_and_settings(run):
    assert sorted(path.name for path in run.iterdir()) == [
        "front.csv",
        "model.json",
        "run.json",
        "sample.npz",
    ]
    front = pd.read_csv(run / "front.csv")
    assert list(front.columns) == [column.name for column in FRONT_COLUMNS if not column.optional]
    assert front["equation"].tolist() == ["x0", "x0 * x1 + 0.5"]
    document = json.loads((run / "run.json").read_text())
    assert document["parameters"]["max_latency"] == 3
    assert document["target"]["clock_period"] == 5.0
    assert document["searches"][0]["evaluations"] == 10
    assert isinstance(document["searches"][0]["seed"], int)
    assert document["profile"]["delays"]["timing_source"]
    assert document["versions"]["python"]


def test_run_is_read_back_with_its_sample(run):
    loaded = read_run(run)
    assert sorted(loaded.solution.sample[1].tolist()) == sorted(Y.tolist())
    model = LatencyAwareRegressor.load(run)
    np.testing.assert_allclose(model.predict(model.sample_[0]), model.sample_[1])
    assert model.verify(toolchain=StandInToolchain()).table["accuracy_float"].max() == pytest.approx(1.0)
    assert loaded.verification is None


def test_own_sample_and_source_are_kept(tmp_path):
    y = np.where(Y > 0, "t", "q").astype(object)
    model = LatencyAwareClassifier(engine=StandInEngine("x0")).fit(X, y)
    write_run(model, tmp_path, sample=(X[:5], y[:5]), held_out=True, data={"path": "jets.csv"})
    loaded = read_run(tmp_path)
    assert loaded.solution.sample[1].tolist() == y[:5].tolist()
    assert loaded.document["sample"] == {"rows": 5, "held_out": True}
    assert loaded.document["data"] == {"path": "jets.csv"}


def test_verification_is_kept_until_the_next_fit(run):
    model = LatencyAwareRegressor.load(run)
    report = model.verify(toolchain=StandInToolchain())
    write_verification(run, report.table)
    again = read_run(run).verification
    pd.testing.assert_frame_equal(
        again.drop(columns="failure"), report.table.drop(columns="failure"), check_dtype=False
    )
    write_run(model, run)
    assert read_run(run).verification is None


def test_report_page_shows_settings_and_sources(run):
    loaded = read_run(run)
    assert write_report(loaded) == run / "report.html"
    assert "No point of this front has been built yet." in (run / "report.html").read_text()
    write_verification(run, LatencyAwareRegressor.load(run).verify(toolchain=StandInToolchain()).table)
    text = write_report(read_run(run), run / "page.html", title="Mass").read_text()
    assert "<title>Mass</title>" in text
    assert "Timing source: imagination" in text
    assert "parameters: max_latency" in text
    assert "10 evaluations in 0.5 s" in text


def test_directory_that_cannot_be_made_is_refused_before_the_search(tmp_path):
    (tmp_path / "file").write_text("")
    engine = StandInEngine("x0")
    with pytest.raises(StorageError, match="run directory"):
        LatencyAwareRegressor(engine=engine).fit(X, Y, out=tmp_path / "file" / "run")
    assert engine.problems == []


def test_failed_fit_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="NaN"):
        LatencyAwareRegressor(engine=StandInEngine("x0")).fit(X * np.nan, Y, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_preparing_leaves_nothing(tmp_path):
    prepare_run(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_no_settings(run, monkeypatch):
    import lat_sr.runs.directory as module

    def write(path, data, original=module.write_atomic):
        if str(path).endswith("front.csv"):
            raise StorageError(f"cannot write {path}: No space left on device")
        original(path, data)

    model = LatencyAwareRegressor.load(run)
    monkeypatch.setattr(module, "write_atomic", write)
    with pytest.raises(StorageError, match="No space left"):
        write_run(model, run)
    assert not (run / "run.json").exists()
    with pytest.raises(StorageError, match=r"run\.json"):
        read_run(run)


def _damage_sample(run):
    (run / "sample.npz").write_bytes(b"nonsense")


def _foreign_sample(run):
    np.savez(run / "sample.npz", X=np.zeros((3, 7)), y=np.zeros(3))


def _newer(run):
    document = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**document, "schema_version": 99}))


def _cut_verification(run):
    (run / "verification.csv").write_text("equation\nx0\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_damage_sample, "damaged"),
        (_foreign_sample, "does not belong"),
        (_newer, "newer"),
        (_cut_verification, "lacks"),
    ],
)
def test_damaged_runs(run, damage, message):
    damage(run)
    with pytest.raises(FormatError, match=message):
        read_run(run).verification  # noqa: B018


def test_what_is_no_run(tmp_path):
    with pytest.raises(StorageError, match="no run directory"):
        read_run(tmp_path / "absent")
    with pytest.raises(StorageError, match=r"run\.json"):
        read_run(tmp_path)


def test_checkpoint_holds_every_output_until_the_run_is_written(tmp_path):
    engine = StandInEngine(("x0", "x1"))
    problems = []

    class Peeking:
        def search(self, problem, *, callback):
            problems.append(problem)
            result = engine.search(problem, callback=callback)
            checkpoint_writer(tmp_path, period=0)("y", result.points)
            assert (
                pd.read_csv(tmp_path / "checkpoint.csv")["equation"].tolist()
                == [["x0"], ["x1"]][len(problems) - 1]
            )
            return result

    LatencyAwareRegressor(engine=Peeking()).fit(X, np.column_stack([Y, -Y]), out=tmp_path)
    assert not (tmp_path / "checkpoint.csv").exists()


def test_checkpoints_keep_their_distance(tmp_path):
    points = StandInEngine("x0").search(StandInProblem()).points
    write = checkpoint_writer(tmp_path, period=1000)
    write("y", points)
    assert list(tmp_path.iterdir()) == []
    write = checkpoint_writer(tmp_path, period=0)
    write("y", points)
    write("z", points)
    assert pd.read_csv(tmp_path / "checkpoint.csv")["output"].tolist() == ["y", "z"]


class StandInProblem:
    X, y, feature_names, seed = X, Y, ("x0", "x1"), 0
