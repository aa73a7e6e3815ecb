"""Any row of a front after fit: selected, named by index=, and after the model was read back."""

import numpy as np
import pytest
from stand_ins import StandInEngine, StandInToolchain

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor
from lat_sr.errors import InputError
from lat_sr.expression import evaluate, to_latex, to_sympy
from lat_sr.toolchains import export

RNG = np.random.default_rng(4)
X = RNG.uniform(-2, 2, size=(200, 2))
Y = X[:, 0] * X[:, 1] + 0.5 + 0.25 * np.sin(X[:, 0])
# Each is larger than the one before, and better.
FORMULAS = ("x0*x1", "x0*x1 + 0.5", "x0*x1 + 0.5 + 0.25*sin(x0)")
TWO = np.column_stack([Y, X[:, 1] ** 2 + 0.5])
SIGN = np.where(Y > 0.5, "t", "q")
THREE = np.where(Y > 0.5, "t", np.where(X[:, 0] > 0, "q", "g"))


@pytest.fixture(params=["fitted", "saved", "run"])
def model(request, tmp_path):
    found = LatencyAwareRegressor(engine=StandInEngine(*FORMULAS), random_state=0).fit(X, Y, out=tmp_path)
    if request.param == "fitted":
        return found
    found.save(tmp_path / "own.json")
    return LatencyAwareRegressor.load(tmp_path / "own.json" if request.param == "saved" else tmp_path)


@pytest.fixture
def outputs():
    engine = StandInEngine(("x0*x1", "x1*x1"), ("x0*x1 + 0.5", "x1*x1 + 0.5"))
    return LatencyAwareRegressor(engine=engine, random_state=0).fit(X, TWO)


def points(model):
    return [(row, point) for row, point in enumerate(model.fronts_[0].points)]


def test_every_row_predicts_its_formula_and_its_circuit(model):
    assert model.equations_["row"].tolist() == [0, 1, 2]
    for row, point in points(model):
        assert model.equations_.loc[row, "equation"] == point.equation
        expected = evaluate(point.expression, X, model.input_names_)
        np.testing.assert_array_equal(model.predict(X, index=row), expected)
        fixed = point.circuit.datapath.evaluate(X)[:, 0]
        np.testing.assert_array_equal(model.predict(X, "fixed", index=row), fixed)
        assert model.sympy(index=row) == to_sympy(point.expression)
        assert model.latex(index=row) == to_latex(point.expression)
    assert model.equations_["selected"].tolist() == [False, False, True]


def test_an_index_leaves_the_selection_and_select_does_not(model):
    before = model.predict(X)
    model.predict(X, index=0)
    np.testing.assert_array_equal(model.predict(X), before)
    assert model.select(0) is model
    assert model.selected_ == (0,)
    assert model.equations_["selected"].tolist() == [True, False, False]
    np.testing.assert_array_equal(model.predict(X), model.predict(X, index=0))
    assert model.latency_ == model.equations_.loc[0, "latency_cycles"]
    model.select("accuracy")
    np.testing.assert_array_equal(model.predict(X), before)


def test_a_selected_row_is_kept_by_files(model, tmp_path):
    model.select(1).save(tmp_path / "selected.json")
    again = LatencyAwareRegressor.load(tmp_path / "selected.json")
    assert again.selected_ == (1,)
    np.testing.assert_array_equal(again.predict(X, "fixed"), model.predict(X, "fixed"))


def test_the_circuit_of_a_row_is_written(model, tmp_path):
    def written(directory):
        return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}

    found = []
    for row, point in points(model):
        model.export(tmp_path / f"index{row}", index=row)
        export(point.circuit.datapath, tmp_path / f"own{row}", target=model.target_)
        model.select(row).export(tmp_path / f"selected{row}")
        found.append(written(tmp_path / f"own{row}"))
        assert written(tmp_path / f"index{row}") == written(tmp_path / f"selected{row}") == found[-1]
    assert found[0] != found[1] != found[2]


def test_a_row_is_verified_alone(model):
    tool = StandInToolchain()
    table = model.verify(X, Y, index=1, toolchain=tool).table
    assert table["row"].tolist() == [1]
    assert table["equation"].tolist() == [model.fronts_[0].points[1].equation]
    assert table["selected"].tolist() == [False]
    assert [d.digest() for d, *_ in tool.builds] == [model.fronts_[0].points[1].circuit.datapath.digest()]
    assert table["accuracy_float"].item() == pytest.approx(model.select(1).score(X, Y))
    assert model.verify(X, Y, toolchain=tool).table["row"].tolist() == [0, 1, 2]


def test_another_model_selection_selects_again(model):
    assert model.selected_ == (2,)
    np.testing.assert_array_equal(model.set_params(model_selection=0).predict(X), model.predict(X, index=0))
    assert model.selected_ == (0,)
    # What is selected by hand after that stays, until the parameter changes once more.
    assert model.select(1).selected_ == (1,)
    assert model.set_params(verbose=0, model_selection=0).selected_ == (1,)
    assert model.set_params(model_selection="accuracy").selected_ == (2,)
    for unknown in (7, "fastest"):
        with pytest.raises(InputError, match="there is no row"):
            model.set_params(model_selection=unknown).predict(X)


@pytest.mark.parametrize("row", [3, -4, "fastest", 0.5, [0, 1]])
def test_rows_that_are_not_there_are_refused(model, row, tmp_path):
    uses = (
        lambda: model.predict(X, index=row),
        lambda: model.select(row),
        lambda: model.sympy(index=row),
        lambda: model.latex(index=row),
        lambda: model.export(tmp_path / "rtl", index=row),
        lambda: model.verify(index=row, toolchain=StandInToolchain()),
    )
    for use in uses:
        with pytest.raises(InputError, match=r"there is no row|give one row for each of y"):
            use()
    assert not (tmp_path / "rtl").exists()


def test_several_outputs_take_a_row_each(outputs, tmp_path):
    assert outputs.equations_[["output", "row"]].to_numpy().tolist() == [
        ["y0", 0],
        ["y0", 1],
        ["y1", 0],
        ["y1", 1],
    ]
    outputs.fit(X, TWO, out=tmp_path)
    for found in (outputs, LatencyAwareRegressor.load(tmp_path)):
        chosen = [front.points[row] for front, row in zip(found.fronts_, (1, 0), strict=True)]
        expected = [evaluate(point.expression, X, found.input_names_) for point in chosen]
        np.testing.assert_array_equal(found.predict(X, index=[1, 0]), np.column_stack(expected))
        fixed = [point.circuit.datapath.evaluate(X) for point in chosen]
        np.testing.assert_array_equal(found.predict(X, "fixed", index=[1, 0]), np.hstack(fixed))
        np.testing.assert_array_equal(found.predict(X, index=0), found.predict(X, index=[0, 0]))
        table = found.verify(index=[1, 0], toolchain=StandInToolchain()).table
        assert table["output"].tolist() == ["y0", "y1", "all"]
        assert table["row"].fillna(-1).tolist() == [1, 0, -1]
        with pytest.raises(InputError, match="3 rows are given for 2 fronts"):
            found.select([0, 1, 0])


@pytest.mark.parametrize("y", [SIGN, THREE])
def test_scores_labels_and_probabilities_of_a_row(y):
    engine = StandInEngine("x0*x1", "x0*x1 + 0.5")
    model = LatencyAwareClassifier(engine=engine, loss="logistic", random_state=0).fit(X, y)
    scores = model.decision_function(X, index=0)
    chosen = [evaluate(front.points[0].expression, X, model.input_names_) for front in model.fronts_]
    np.testing.assert_array_equal(scores.reshape(len(X), -1), np.column_stack(chosen))
    probability = model.predict_proba(X, index=0)
    labels = model.predict(X, index=0)
    model.select(0)
    np.testing.assert_array_equal(model.decision_function(X), scores)
    np.testing.assert_array_equal(model.predict_proba(X), probability)
    np.testing.assert_array_equal(model.predict(X), labels)
