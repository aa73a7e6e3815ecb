import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from stand_ins import StandInEngine

from lat_sr import LatencyAwareClassifier
from lat_sr.errors import InputError

RNG = np.random.default_rng(3)
X = RNG.uniform(-2, 2, size=(400, 2))
SIGN = X[:, 0] * X[:, 1] > 0
TWO = np.where(SIGN, "same", "other")
THREE = np.where(SIGN, "t", np.where(X[:, 0] > 0, "q", "g"))


def fitted(*formulas, y=TWO, **parameters):
    return LatencyAwareClassifier(engine=StandInEngine(*formulas), random_state=0, **parameters).fit(X, y)


def test_real_search_separates_iris_within_one_cycle():
    iris = load_iris()
    inputs = StandardScaler().fit_transform(iris.data)
    model = LatencyAwareClassifier(max_latency=1, max_evaluations=4000, random_state=0).fit(
        inputs, iris.target
    )
    assert model.score(inputs, iris.target) > 0.9
    assert model.latency_ == 1
    assert np.mean(model.predict(inputs, "fixed") == iris.target) > 0.9


def test_two_classes_have_one_score_whose_sign_decides():
    model = fitted("x0*x1")
    assert model.classes_.tolist() == ["other", "same"]
    np.testing.assert_array_equal(model.decision_function(X), X[:, 0] * X[:, 1])
    np.testing.assert_array_equal(model.predict(X), TWO)
    assert len(model.fronts_) == 1


def test_targets_are_plus_and_minus_one():
    engine = StandInEngine("x0")
    LatencyAwareClassifier(engine=engine).fit(X, THREE)
    for label, problem in zip(["g", "q", "t"], engine.problems, strict=True):
        assert problem.loss == "l2_margin"
        np.testing.assert_array_equal(problem.y, np.where(label == THREE, 1.0, -1.0))


def test_more_classes_have_one_score_each_and_the_largest_decides():
    model = fitted(("-x0 - abs(x1)", "x0 - abs(x1)", "2*x0*x1"), y=THREE)
    scores = model.decision_function(X)
    assert scores.shape == (400, 3)
    np.testing.assert_array_equal(model.predict(X), np.array(["g", "q", "t"])[scores.argmax(axis=1)])
    fixed = model.decision_function(X, arithmetic="fixed")
    np.testing.assert_array_equal(fixed, model.circuit_.datapath.evaluate(X))
    np.testing.assert_array_equal(model.predict(X, "fixed"), np.array(["g", "q", "t"])[fixed.argmax(axis=1)])
    assert model.equations_["output"].tolist() == ["g", "q", "t"]


def test_undefined_score_is_no_vote():
    model = fitted(("0.2", "0.1", "x0*x1"), y=THREE)
    outputs = np.array([[np.nan, -1.0, -2.0], [np.nan, np.nan, -2.0]])
    assert model.solution_.labels(outputs).tolist() == ["q", "t"]


@pytest.mark.parametrize(("formulas", "y"), [(("3*x0*x1",), TWO), ((("x0", "-x0", "x0*x1"),), THREE)])
def test_probabilities_come_with_the_logistic_loss_only(formulas, y):
    model = fitted(*formulas, y=y, loss="logistic")
    probability = model.predict_proba(X)
    assert probability.shape == (400, len(np.unique(y)))
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.classes_[probability.argmax(axis=1)], model.predict(X))
    assert not hasattr(fitted(*formulas, y=y), "predict_proba")


def test_probability_of_two_classes_is_the_logistic_function():
    model = fitted("3*x0*x1", loss="logistic")
    np.testing.assert_allclose(
        model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-3 * X[:, 0] * X[:, 1])), rtol=1e-12
    )


def test_logistic_loss_of_the_front():
    model = fitted("x0*x1", loss="logistic")
    expected = np.mean(np.log1p(np.exp(-np.abs(X[:, 0] * X[:, 1]))))
    assert model.equations_["loss"].item() == pytest.approx(expected)


@pytest.mark.parametrize("labels", [np.array([3, 7]), np.array([True, False]), np.array(["b", "a"])])
def test_labels_of_any_type_come_back(labels, tmp_path):
    y = np.where(SIGN, labels[0], labels[1])
    model = fitted("x0*x1", y=y)
    model.save(tmp_path / "model.json")
    predicted = LatencyAwareClassifier.load(tmp_path / "model.json").predict(X)
    assert predicted.dtype == model.predict(X).dtype
    np.testing.assert_array_equal(predicted, model.predict(X))


def test_select_k_features_by_labels():
    wide = np.column_stack([RNG.normal(size=400), X[:, 0] * X[:, 1], RNG.normal(size=400)])
    model = LatencyAwareClassifier(engine=StandInEngine("x1"), select_k_features=1, random_state=0).fit(
        wide, TWO
    )
    assert model.selected_features_.tolist() == [1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.full(400, "t"), "one class only"),
        (RNG.normal(size=400), "Unknown label type"),
        (np.column_stack([SIGN, SIGN]), "1d array|bad input shape"),
    ],
)
def test_unusable_labels(y, message):
    with pytest.raises(InputError, match=message):
        fitted("x0", y=y)


def test_class_without_weight_does_not_count():
    with pytest.raises(InputError, match="one class only"):
        LatencyAwareClassifier(engine=StandInEngine("x0")).fit(X, TWO, sample_weight=SIGN.astype(float))


def test_regression_losses_are_allowed_and_others_are_not():
    assert fitted("x0", loss="huber").equations_["loss"].item() > 0
    with pytest.raises(InputError, match="loss"):
        fitted("x0", loss="hinge")
