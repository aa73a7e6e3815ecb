"""Searches for formulas of several outputs that are one circuit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lat_sr import _engine, lower
from lat_sr.costs import load_library
from lat_sr.errors import InputError
from lat_sr.expression import Expression, evaluate, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency import compile_cost_model, estimate_datapath
from lat_sr.latency.circuit_model import CircuitModel
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.losses import LOSSES, mean_loss
from lat_sr.precision import Precision
from lat_sr.search import NativeEngine, PySREngine, SearchProblem
from lat_sr.search.native import native_cost_model
from lat_sr.target import Target

NAMES = ("x0", "x1", "x2")
OPERATORS = ("+", "-", "*", "sin")
PRECISION = Precision.parse("ap_fixed<16,6>")
X = np.random.default_rng(8).normal(size=(500, 3))
# Two outputs have a part in common that no single one shows to be cheap.
COMMON = np.sin(X[:, 0] * X[:, 1] + X[:, 2])
Y = np.column_stack([COMMON + X[:, 0], COMMON * X[:, 1], X[:, 2] - X[:, 0]])
CLASSES = np.argmax(np.column_stack([X[:, 0], X[:, 1] * X[:, 2], 0.5 - X[:, 1]]), axis=1)


def problem(**settings: Any) -> SearchProblem:
    defaults: dict[str, Any] = {
        "X": X.astype(np.float32),
        "y": Y,
        "cost": uniform_cost_model(3, functions=("sin",)),
        "operators": OPERATORS,
        "seed": 1,
        "timeout": None,
        "max_evaluations": 6000,
        "maxsize": 40,
        "n_jobs": 2,
    }
    return SearchProblem(**defaults | settings)


def circuit_settings(**settings: Any) -> dict[str, Any]:
    model = CircuitModel(precision=PRECISION, library=load_library(), available_ps=Target().available_ps, X=X)
    return {
        "cost": compile_cost_model(PRECISION, Target(), load_library(), OPERATORS, 3),
        "circuit": model,
        "max_evaluations": 3000,
        **settings,
    }


def values(expressions: Sequence[Expression], data: np.ndarray = X) -> np.ndarray:
    return np.stack([evaluate(expression, data, NAMES) for expression in expressions], axis=1)


def parsed(*texts: str) -> list[Expression]:
    return [parse(text, NAMES) for text in texts]


FORESTS = (
    ("0.3*x0 + sin(0.7*x1)", "x2", "0.4"),
    ("x0*(0.5 - x1)", "sin(x0*0.5)*x2", "0.25*x1 - 0.125"),
)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("texts", FORESTS)
def test_derivatives_are_those_of_differences(kind: str, texts: tuple[str, ...]) -> None:
    y = np.eye(3)[CLASSES] if LOSSES[kind].classes else np.where(Y > 0, 1.0, -1.0)
    postfix = tree_of(parsed(*texts), NAMES).postfix
    positions = [i for i, (name, _) in enumerate(postfix) if name == "constant"]

    def at(position: int, step: float) -> float:
        moved = list(postfix)
        moved[position] = ("constant", postfix[position][1] + step)
        return _engine.loss(_engine.Tree(moved, 3), X, y, [], kind, 0.7, np.inf)

    loss, gradient, curvature = _engine.derivatives(_engine.Tree(postfix, 3), X, y, kind, 0.7)
    assert loss == at(positions[0], 0.0)
    step = 1e-6
    expected = [(at(position, step) - at(position, -step)) / (2 * step) for position in positions]
    np.testing.assert_allclose(gradient, expected, rtol=2e-4, atol=2e-6)
    assert np.all(np.diag(np.reshape(curvature, (len(positions), len(positions)))) >= 0)


def test_curvature_of_squares_is_the_gram_matrix_of_each_output() -> None:
    tree = tree_of(parsed("0.5*x0 + 0.25*x1", "0.75*x2", "x0 + 0.5"), NAMES)
    _, _, curvature = _engine.derivatives(tree, X, Y, "l2", 1.0)
    columns = np.zeros((len(X) * 3, 4))
    for i, (output, column) in enumerate(((0, X[:, 0]), (0, X[:, 1]), (1, X[:, 2]), (2, np.ones(len(X))))):
        columns[output::3, i] = column
    expected = np.tril(2 * columns.T @ columns / (3 * len(X)))
    np.testing.assert_allclose(np.reshape(curvature, (4, 4)), expected, rtol=1e-9)


@pytest.mark.parametrize("method", ["gauss_newton", "bfgs"])
@pytest.mark.parametrize("kind", ["l2", "cross_entropy"])
def test_constants_of_equal_parts_are_fitted_as_one(kind: str, method: str) -> None:
    y = np.eye(3)[CLASSES] if kind == "cross_entropy" else Y
    texts = ("sin(0.5*x0 + 0.1) + 0.2", "x1*sin(0.5*x0 + 0.1)", "0.5*x2")
    start = tree_of(parsed(*texts), NAMES)
    before = _engine.loss(start, X, y, [], kind, 1.0, np.inf)
    tree, loss, _ = _engine.fit_constants(start, X, y, kind, 1.0, 30, _engine.FitMethod[method])
    assert loss < before
    constants = [value for name, value in tree.postfix if name == "constant"]
    assert len(constants) == 6
    a, b, own, a_again, b_again, other = constants
    assert (a, b) == (a_again, b_again)
    assert a not in (0.5, other) and own != 0.2
    # As good as any neighbour that moves both copies.
    for i, step in ((0, 0.01), (0, -0.01), (1, 0.01), (1, -0.01)):
        moved = [a, b]
        moved[i] += step
        both = f"sin({moved[0]!r}*x0 + {moved[1]!r})"
        outputs = parsed(f"{both} + {own!r}", f"x1*{both}", f"{other!r}*x2")
        assert loss <= _engine.loss(tree_of(outputs, NAMES), X, y, [], kind, 1.0, np.inf) + 1e-6


def test_the_value_limit_is_of_every_output() -> None:
    for texts in (("x0", "100.0"), ("99.0 + x0", "x1"), ("x0*100.0 + 30.0", "1.0")):
        tree = tree_of(parsed(*texts), NAMES)
        assert _engine.loss(tree, X, Y[:, :2].copy(), [], "l2", 1.0, 50.0) == np.inf


def test_trees_and_targets_must_agree() -> None:
    tree = tree_of(parsed("x0", "x1"), NAMES)
    assert tree.outputs == 2 and tree.size == 2
    with pytest.raises(ValueError, match="2 outputs for targets with 3 columns"):
        _engine.loss(tree, X, Y, [], "l2", 1.0, np.inf)
    with pytest.raises(ValueError, match="one tree in postfix order for each output"):
        _engine.Tree(tree.postfix, 3)


@pytest.mark.parametrize("loss", ["l2", "huber"])
def test_the_front_has_true_figures(loss: str) -> None:
    task = problem(loss=loss, weights=np.random.default_rng(0).uniform(0.5, 2, len(X)))
    result = NativeEngine().search(task)
    assert len(result.points) > 3
    model = native_cost_model(task.cost)
    for point in result.points:
        assert len(point.expressions) == 3
        expected = mean_loss(loss, Y, values(point.expressions, task.X.astype(float)), task.weights)
        assert point.loss == pytest.approx(expected, rel=1e-3)
        cost = _engine.cost(tree_of(point.expressions, NAMES), model)
        assert (point.latency_cycles, point.lut, point.dsp) == (cost.latency_cycles, cost.lut, cost.dsp)
        assert point.complexity == sum(expression.size for expression in point.expressions) <= 40
    with pytest.raises(InputError, match="3 outputs"):
        _ = result.points[0].expression


def test_formulas_of_all_outputs_are_found() -> None:
    result = NativeEngine().search(problem(max_evaluations=150_000, target_loss=1e-6))
    best = min(result.points, key=lambda point: point.loss)
    assert best.loss < 1e-6
    fresh = np.random.default_rng(1).normal(size=(50, 3))
    common = np.sin(fresh[:, 0] * fresh[:, 1] + fresh[:, 2])
    expected = np.column_stack([common + fresh[:, 0], common * fresh[:, 1], fresh[:, 2] - fresh[:, 0]])
    np.testing.assert_allclose(values(best.expressions, fresh), expected, atol=0.02)


@pytest.mark.parametrize("budget", [{"max_latency": 1}, {"max_latency": 2, "max_lut": 300}, {"max_dsp": 1}])
def test_costs_and_budgets_are_those_of_the_joint_circuit(budget: dict[str, int]) -> None:
    result = NativeEngine().search(problem(**circuit_settings(**budget)))
    for point in result.points:
        datapath = lower(point.expressions, PRECISION, input_names=NAMES, X=X)
        estimate = estimate_datapath(datapath, Target(), load_library())
        figures = (point.latency_cycles, point.lut, point.dsp)
        assert figures == (estimate.latency_cycles, estimate.lut, estimate.dsp)
        for value, limit in zip(figures, ("max_latency", "max_lut", "max_dsp"), strict=True):
            assert value <= budget.get(limit, np.inf)


@pytest.mark.parametrize("change", ["simplified", "with_merged_constants"])
def test_outputs_are_shortened_one_by_one(change: str) -> None:
    outputs = parsed("(x0 + 1) + (x1 + 2)", "3", "2*(x0*3)", "x2", "sin(0.5*4)")
    short = getattr(tree_of(outputs, NAMES), change)()
    alone = [getattr(tree_of(output, NAMES), change)() for output in outputs]
    assert short.postfix == [node for tree in alone for node in tree.postfix]
    assert short.size < tree_of(outputs, NAMES).size


def test_a_shared_part_costs_its_circuit_once() -> None:
    model = CircuitModel(precision=PRECISION, library=load_library(), available_ps=Target().available_ps, X=X)
    part = "sin(x0*x1 + x2)"
    joint, alone, twice = model.costs([parsed(part, part), parsed(part), parsed(part, f"{part} + x0")], NAMES)
    assert joint is not None and alone is not None and twice is not None
    assert (joint.lut, joint.dsp, joint.latency_cycles) == (alone.lut, alone.dsp, alone.latency_cycles)
    assert twice.dsp == alone.dsp and alone.lut < twice.lut < 2 * alone.lut


@pytest.mark.parametrize("fixed_point", ["archive", "always"])
@pytest.mark.parametrize("loss", ["l2", "cross_entropy"])
def test_losses_are_those_of_the_hardware(fixed_point: str, loss: str) -> None:
    y = CLASSES if loss == "cross_entropy" else Y
    task = problem(**circuit_settings(fixed_point=fixed_point, loss=loss, y=y, max_evaluations=2000))
    for point in NativeEngine().search(task).points:
        datapath = lower(point.expressions, PRECISION, input_names=NAMES, X=X)
        expected = mean_loss(loss, task.y.astype(float), datapath.evaluate(X))
        assert point.loss == pytest.approx(expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["l2", "cross_entropy"])
def test_a_seed_gives_one_front_for_any_number_of_threads(loss: str) -> None:
    settings: dict[str, Any] = {"loss": loss, "y": CLASSES if loss == "cross_entropy" else Y}
    fronts = [NativeEngine().search(problem(n_jobs=threads, **settings)).points for threads in (1, 2, 3)]
    assert fronts[0] == fronts[1] == fronts[2]
    assert NativeEngine().search(problem(seed=2, **settings)).points != fronts[0]


@pytest.mark.slow
def test_a_stopped_search_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = problem(max_evaluations=60_000)
    uninterrupted = NativeEngine(populations=4).search(whole)
    path = tmp_path / "state"
    engine = NativeEngine(populations=4, checkpoint=path, checkpoint_period=0.0)
    first = engine.search(whole, callback=lambda seconds, evaluations, points: path.exists())
    assert first.evaluations < 60_000 and first.stop_reason == "callback"
    assert engine.search(whole).points == uninterrupted.points


def test_classes_are_told_apart() -> None:
    task = problem(y=CLASSES, loss="cross_entropy", max_evaluations=20_000)
    assert task.y.shape == (500, 3)
    best = min(NativeEngine().search(task).points, key=lambda point: point.loss)
    assert best.loss < 0.5 * np.log(3)
    assert np.mean(values(best.expressions).argmax(axis=1) == CLASSES) > 0.9


def test_a_guess_is_where_the_search_starts() -> None:
    guess = ("sin(x0*x1 + x2) + x0", "sin(x0*x1 + x2)*x1", "x2 - x0")
    settings: dict[str, Any] = {"max_evaluations": 50}
    told = NativeEngine(populations=1).search(problem(guesses=(guess,), **settings))
    assert min(point.loss for point in told.points) < 1e-9
    with pytest.raises(InputError, match=r"a guess has 1 formula\(s\) for 3 output\(s\)"):
        problem(guesses=("x0",))


def test_leaves_alone_are_a_search_too() -> None:
    points = NativeEngine().search(problem(operators=(), y=X[:, [1, 2]], max_evaluations=2000)).points
    assert min(point.loss for point in points) < 1e-9


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": lambda y, p, w: 0.0}, "a loss of your own takes one output, and y has 3"),
        ({"loss": "cross_entropy"}, "a column for each class with its probability"),
        ({"loss": "cross_entropy", "y": X[:, 0]}, "number of each row's class"),
        ({"loss": "cross_entropy", "y": np.zeros(500)}, "two or more classes; for one score take logistic"),
        ({"loss": "logistic"}, "targets -1 and \\+1 only"),
        ({"maxsize": 2}, "3 outputs have at least 3 nodes"),
        ({"y": Y[:-1]}, r"must be \(500,\) or \(500, n_outputs\)"),
        ({"y": Y[:, :, None]}, r"must be \(500,\) or \(500, n_outputs\)"),
    ],
)
def test_what_no_search_can_use(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        problem(**settings)


def test_one_column_is_one_output() -> None:
    assert problem(y=Y[:, :1]).y.shape == (500,)
    assert problem(y=Y[:, :1]).n_outputs == 1


def test_pysr_searches_one_output_at_a_time() -> None:
    with pytest.raises(InputError, match="PySR searches one output at a time"):
        PySREngine(None, "critical_path", {}).search(problem())
