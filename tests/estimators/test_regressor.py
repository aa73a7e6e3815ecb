import json
import pickle

import numpy as np
import pandas as pd
import pytest
import sympy
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from stand_ins import StandInEngine

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import (
    BudgetError,
    FormatError,
    InputError,
    ProfileError,
    ProfileNotFoundError,
    StorageError,
)
from lat_sr.expression import define_operator, undefine_operator
from lat_sr.precision import Precision
from lat_sr.search import NativeEngine

RNG = np.random.default_rng(7)
X = RNG.uniform(-2, 2, size=(300, 3))
Y = X[:, 0] * X[:, 1] + 0.5


def fitted(*formulas, X=X, y=Y, **parameters):
    return LatencyAwareRegressor(engine=StandInEngine(*formulas), random_state=0, **parameters).fit(X, y)


def test_real_search_finds_the_product_within_the_budget():
    model = LatencyAwareRegressor(max_latency=1, max_evaluations=15_000, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.999
    assert model.latency_ == 1
    assert (model.equations_["latency_cycles"] <= 1).all()
    np.testing.assert_allclose(model.predict(X, "fixed"), model.predict(X), atol=2.0**-6)


def test_equal_seeds_give_equal_fronts_for_any_number_of_threads():
    settings = {
        "max_evaluations": 2000,
        "engine_options": {"populations": 2, "population_size": 50},
        "random_state": 3,
    }
    first, second = (LatencyAwareRegressor(n_jobs=jobs, **settings).fit(X, Y) for jobs in (1, 2))
    pd.testing.assert_frame_equal(first.equations_, second.equations_)


def test_front_is_scored_by_the_circuits_and_sorted():
    model = fitted("x0", "x0*x1 + 0.5", "sin(x0)*x1", "x0 + x0")
    table = model.equations_
    assert table["row"].tolist() == list(range(len(table)))
    assert list(table.columns) == [
        "row",
        "equation",
        "loss",
        "score",
        "complexity",
        "latency_cycles",
        "delay_ps",
        "lut",
        "ff",
        "dsp",
        "selected",
    ]
    assert table["latency_cycles"].is_monotonic_increasing
    assert table.loc[table["selected"], "equation"].tolist() == ["x0 * x1 + 0.5"]
    assert table.loc[table["selected"], "dsp"].item() == 1
    assert model.latency_ == table.loc[table["selected"], "latency_cycles"].item()
    np.testing.assert_allclose(
        table["loss"],
        [
            np.mean((eval(e, {}, dict(zip(["x0", "x1"], X.T[:2], strict=True))) - Y) ** 2)
            for e in table["equation"]
        ],
        atol=1e-12,
    )


def test_fixed_predictions_are_those_of_the_circuit():
    model = fitted("x0*x1 + 0.5", precision="ap_fixed<8,4>")
    lsb = Precision.parse("ap_fixed<8,4>").lsb
    inputs = np.floor(X / lsb) * lsb
    expected = np.floor((inputs[:, 0] * inputs[:, 1] + 0.5) / lsb) * lsb
    np.testing.assert_array_equal(model.predict(X, arithmetic="fixed"), expected)
    np.testing.assert_array_equal(model.predict(X), Y)


def test_unknown_arithmetic():
    with pytest.raises(InputError, match="'float' and 'fixed' are allowed"):
        fitted("x0").predict(X, arithmetic="double")


def test_several_outputs_have_one_circuit_with_shared_parts():
    names = pd.DataFrame({"m": Y, "n": Y**2})
    model = fitted(("x0*x1 + 0.5", "(x0*x1 + 0.5)*x2"), y=names)
    assert model.equations_["output"].tolist() == ["m", "n"]
    assert model.predict(X).shape == (300, 2)
    assert model.predict(X, "fixed").shape == (300, 2)
    assert model.circuit_.dsp == 2
    assert sum(front.points[0].dsp for front in model.fronts_) == 3
    assert model.latency_ == max(front.points[0].latency_cycles for front in model.fronts_)
    assert [str(e) for e in model.sympy()] == ["x0*x1 + 0.5", "x2*(x0*x1 + 0.5)"]


def test_resource_budget_is_shared_by_the_outputs():
    engine = StandInEngine(("x0", "x0*x1", "x0"))
    y = np.column_stack([X[:, 0], Y, X[:, 0]])
    LatencyAwareRegressor(engine=engine, max_dsp=1, max_lut=900, timeout=9.0).fit(X, y)
    assert [problem.max_dsp for problem in engine.problems] == [0, 0, 1]
    # What the first ones leave goes to the others.
    assert [problem.max_lut for problem in engine.problems] == [300, 450, 900]
    assert sum(problem.timeout for problem in engine.problems) >= 8.0


def test_frame_names_become_variables_that_every_language_takes():
    frame = pd.DataFrame(X, columns=["pT [GeV]", "signal", "η"])
    model = fitted("pT_GeV*f_signal + 0.5", X=frame)
    assert model.input_names_ == ("pT_GeV", "f_signal", "eta")
    assert model.feature_names_in_.tolist() == ["pT [GeV]", "signal", "η"]
    assert model.predict(frame) == pytest.approx(Y)
    with pytest.raises(InputError, match="feature names"):
        model.predict(frame.rename(columns={"η": "phi"}))


def test_select_k_features_keeps_the_important_ones():
    engine = StandInEngine("x0*x2")
    wide = np.column_stack([X[:, 0], RNG.normal(size=300), X[:, 1], RNG.normal(size=300)])
    model = LatencyAwareRegressor(engine=engine, select_k_features=2, random_state=0).fit(wide, Y)
    assert model.selected_features_.tolist() == [0, 2]
    assert model.input_names_ == ("x0", "x2")
    assert engine.problems[0].X.shape == (300, 2)
    assert model.predict(wide) == pytest.approx(Y - 0.5)


def test_sympy_and_latex():
    model = fitted("x0*x1 + 0.5")
    x0, x1 = sympy.symbols("x0 x1")
    assert sympy.simplify(model.sympy() - (x0 * x1 + 0.5)) == 0
    assert "x_{0}" in model.latex()


@pytest.mark.parametrize(
    ("selection", "equation"), [("accuracy", "x0 * x1 + 0.5"), ("best", "x0 * x1 + 0.5"), (0, "x0 * x1")]
)
def test_model_selection(selection, equation):
    model = fitted("x0*x1 + 0.5", "x0*x1", "0.7", model_selection=selection)
    assert model.equations_.query("selected")["equation"].tolist() == [equation]


def test_sample_weights_reach_search_and_losses():
    engine = StandInEngine("x0")
    weights = np.r_[np.ones(100), np.zeros(200)]
    model = LatencyAwareRegressor(engine=engine).fit(X, Y, sample_weight=weights)
    np.testing.assert_array_equal(engine.problems[0].weights, weights)
    assert model.equations_["loss"].item() == pytest.approx(np.mean((X[:100, 0] - Y[:100]) ** 2))


def test_after_an_interruption_the_other_outputs_are_searched_briefly():
    engine = StandInEngine("x0", stop_reason="interrupted")
    LatencyAwareRegressor(engine=engine, timeout=600.0).fit(X, np.column_stack([Y, Y]))
    assert engine.problems[1].max_evaluations is not None
    assert engine.problems[1].timeout is None


def test_formulas_outside_of_their_domain_or_over_budget_are_dropped():
    model = fitted("log(x0)", "x0", "sin(x0)*sin(x1)*x2*x1*x0", max_latency=1)
    assert model.equations_["equation"].tolist() == ["x0"]


def test_mean_where_nothing_else_is_left():
    assert fitted("log(x0)").equations_["equation"].astype(float).item() == pytest.approx(Y.mean())


def test_impossible_budget_names_the_smallest():
    with pytest.raises(BudgetError, match="smallest that one meets is max_latency=1"):
        fitted("x0", max_latency=0)


def test_formulas_that_miss_the_clock_are_dropped():
    assert fitted("x0*x1", "x0", clock_period=1.0).equations_["equation"].tolist() == ["x0"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"precision": "ap_fixed<99,6>"}, "ap_fixed<99,6>"),
        ({"precision": "fixed"}, "fixed"),
        ({"unary_operators": ["sinn"]}, "sin"),
        ({"max_latency": -1}, "max_latency"),
        ({"loss": "l2_margin"}, "loss"),
        ({"maxsize": 0}, "maxsize"),
        ({"clock_period": 0}, "clock_period"),
        ({"toolchain": "quartus"}, "quartus"),
        ({"engine": "pysr2"}, "engine"),
        ({"model_selection": 9}, "the front has 1 points"),
        ({"timeout": -1}, "timeout"),
        ({"implementations": "vhdl"}, "vhdl"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(InputError, match=message):
        LatencyAwareRegressor(**{"engine": StandInEngine("x0"), **parameters}).fit(X, Y)


def _with(value):
    changed = X.copy()
    changed[3, 1] = value
    return changed


@pytest.mark.parametrize(
    ("data", "targets", "message"),
    [
        (_with(np.nan), Y, "NaN or inf in the feature x1, first in row 3 of 300"),
        (_with(np.inf), Y, "NaN or inf in the feature x1, first in row 3 of 300"),
        (X, np.where(np.arange(300) == 5, np.nan, Y), "NaN"),
        (X[:0], Y[:0], "0 sample"),
        (X[:, :0], Y, "0 feature"),
        (X[:1], Y[:1], "n_samples=1"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "inhomogeneous|sequence"),
        (X, Y[:-1], "inconsistent numbers of samples"),
        (np.column_stack([X, np.ones(300)]), Y, "feature x3 is constant"),
        (X, np.ones(300), "target y is constant"),
        (X.ravel(), Y, "Expected 2D array"),
        ([["a", "b"]] * 2, [1.0, 2.0], "could not convert"),
    ],
)
def test_bad_data(data, targets, message):
    with pytest.raises(InputError, match=message):
        fitted("x0", X=data, y=targets)


def test_wrong_number_of_features_in_predict():
    with pytest.raises(InputError, match="X has 2 features, but LatencyAwareRegressor is expecting 3"):
        fitted("x0").predict(X[:, :2])


@pytest.mark.parametrize("weights", [-np.ones(300), np.zeros(300), np.ones(3), np.full(300, np.nan)])
def test_bad_weights(weights):
    with pytest.raises(InputError):
        LatencyAwareRegressor(engine=StandInEngine("x0")).fit(X, Y, sample_weight=weights)


def test_data_that_leaves_the_format_is_warned_of():
    with pytest.warns(UserWarning, match=r"feature x1 leaves ap_fixed<16,6>.*use 8 integer bits"):
        fitted("x0", X=X * [1, 50, 1])
    with pytest.warns(UserWarning, match="target y leaves"):
        fitted("x0", y=100 * Y)


def test_profile_of_something_else():
    from lat_sr.costs import load_profile

    published = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
    with pytest.raises(ProfileError, match=r"precision ap_fixed<16,6> instead of ap_fixed<12,6>"):
        fitted("x0", profile=published, precision="ap_fixed<12,6>")
    with pytest.raises(ProfileError, match=r"clock_period 5\.0 instead of 2\.5"):
        fitted("x0", profile=published, clock_period=2.5)
    with pytest.raises(ProfileError, match="lacks the operator 'gauss'"):
        fitted("x0", profile=published, unary_operators=["gauss"])
    with pytest.raises(ProfileNotFoundError, match="xcvu9p"):
        fitted("x0", part="xc7a35t")


def test_published_cycles_decide_the_latency_where_the_model_says_so():
    from lat_sr.costs import load_profile

    published = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
    model = fitted("sin(x0)*x1", profile=published, latency_model="critical_path")
    assert model.latency_ == 8 + 1
    model = fitted("sin(x0)*sin(x1)", profile=published, latency_model="additive")
    assert model.latency_ == 8 + 8 + 1


def test_unfitted_model():
    model = LatencyAwareRegressor()
    for use in (
        lambda: model.predict(X),
        lambda: model.equations_,
        lambda: model.sympy(),
        lambda: model.verify(),
    ):
        with pytest.raises(NotFittedError):
            use()
    with pytest.raises(NotFittedError):
        model.save("model.json")


def test_clone_and_pickle():
    model = fitted("x0*x1")
    assert clone(model).get_params()["random_state"] == 0
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(X, "fixed"), model.predict(X, "fixed"))


def test_saved_model_predicts_the_same(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = fitted(
        ("sin(a)*b + 0.3", "a"),
        X=frame,
        y=np.column_stack([Y, X[:, 0]]),
        max_latency=9,
        unary_operators=("sin",),
    )
    model.save(tmp_path / "model.json")
    loaded = LatencyAwareRegressor.load(tmp_path / "model.json")
    for arithmetic in ("float", "fixed"):
        np.testing.assert_array_equal(loaded.predict(frame, arithmetic), model.predict(frame, arithmetic))
    pd.testing.assert_frame_equal(loaded.equations_, model.equations_)
    assert loaded.latency_ == model.latency_
    assert loaded.target_ == model.target_
    assert loaded.get_params()["max_latency"] == 9
    assert loaded.get_params()["unary_operators"] == ("sin",)
    assert loaded.circuit_.datapath.digest() == model.circuit_.datapath.digest()


def test_saved_model_brings_its_operators(tmp_path):
    define_operator("softsign_here", "x / (1 + abs(x))")
    try:
        model = fitted("softsign_here(x0)")
        model.save(tmp_path / "model.json")
        expected = model.predict(X)
    finally:
        undefine_operator("softsign_here")
    try:
        np.testing.assert_array_equal(
            LatencyAwareRegressor.load(tmp_path / "model.json").predict(X), expected
        )
        undefine_operator("softsign_here")
        define_operator("softsign_here", "x + 1")
        with pytest.raises(FormatError, match="softsign_here"):
            LatencyAwareRegressor.load(tmp_path / "model.json")
    finally:
        undefine_operator("softsign_here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema_version=3), "newer"),
        (lambda d: d.update(schema_version=1), "older"),
        (lambda d: d.update(schema="lat_sr.datapath"), "lat_sr.model"),
        (lambda d: d["solution"].pop("fronts"), "damaged"),
        (lambda d: d["solution"]["fronts"][0].update(points=[]), "damaged"),
        (lambda d: d["solution"]["fronts"][0]["points"][0].update(equation="x0 +"), "damaged"),
        (
            lambda d: d["solution"]["fronts"][0]["points"][0]["circuit"]["datapath"].update(nodes=[{}]),
            "damaged",
        ),
        (lambda d: d.update(estimator="Ridge"), "holds a Ridge"),
        (lambda d: d["parameters"].update(depth=3), "damaged"),
    ],
)
def test_damaged_model_files(tmp_path, change, message):
    fitted("x0").save(tmp_path / "model.json")
    document = json.loads((tmp_path / "model.json").read_text())
    change(document)
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(FormatError, match=message):
        LatencyAwareRegressor.load(tmp_path / "model.json")


def test_truncated_and_missing_model_files(tmp_path):
    fitted("x0").save(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text[: len(text) // 2])
    with pytest.raises(FormatError, match="corrupt"):
        LatencyAwareRegressor.load(tmp_path / "model.json")
    with pytest.raises(StorageError):
        LatencyAwareRegressor.load(tmp_path / "absent.json")


def test_model_of_the_other_kind(tmp_path):
    fitted("x0").save(tmp_path / "model.json")
    with pytest.raises(FormatError, match=r"load it with LatencyAwareRegressor\.load"):
        LatencyAwareClassifier.load(tmp_path / "model.json")


def test_progress_goes_to_stderr(capsys):
    fitted("x0", verbose=1)
    assert capsys.readouterr().out == ""


def test_a_warm_start_and_guesses_begin_with_known_formulas():
    engine = StandInEngine("x0", "x0 * x1")
    model = LatencyAwareRegressor(engine=engine, warm_start=True, guesses=["x1 - x0"])
    model.fit(X[:, :2], Y)
    model.fit(X[:, :2], Y)
    first, second = ([str(guess) for (guess,) in problem.guesses] for problem in engine.problems)
    assert first == ["x1 - x0"]
    assert set(second) == {"x1 - x0", *(str(point.expression) for point in model.fronts_[0].points)}
    model.fit(X, Y)
    assert [str(guess) for (guess,) in engine.problems[-1].guesses] == ["x1 - x0"]


def test_guesses_for_other_outputs_are_refused():
    with pytest.raises(InputError, match="for each of the 2 outputs"):
        LatencyAwareRegressor(guesses=["x0"], max_evaluations=100).fit(X, np.column_stack([Y, X[:, 0]]))


def test_options_of_an_engine() -> None:
    settings = {"max_evaluations": 300, "random_state": 0, "n_jobs": 1}
    with pytest.raises(InputError, match=r"no option population;.*did you mean populations"):
        LatencyAwareRegressor(engine_options={"population": 4}, **settings).fit(X, Y)
    with pytest.raises(InputError, match="made already"):
        LatencyAwareRegressor(engine=NativeEngine(), engine_options={"populations": 4}, **settings).fit(X, Y)
    with pytest.raises(InputError, match="populations is 0"):
        LatencyAwareRegressor(engine_options={"populations": 0}, **settings).fit(X, Y)
    named = LatencyAwareRegressor(engine_options={"populations": 2}, **settings).fit(X, Y)
    made = LatencyAwareRegressor(engine=NativeEngine(populations=2), **settings).fit(X, Y)
    assert named.equations_.equals(made.equations_)
