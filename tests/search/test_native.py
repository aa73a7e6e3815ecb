"""The native engine: what it finds, and that it keeps to budgets, time and seeds."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lat_sr import _engine
from lat_sr.errors import BudgetError, FormatError, InputError, OperatorError
from lat_sr.expression import evaluate, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.operators import add_operator, declare, remove_operator
from lat_sr.search import Engine, NativeEngine, Point, SearchProblem, non_dominated
from lat_sr.search.native import native_cost_model, shape_limits

OPERATORS = ("+", "-", "*", "sin", "exp")


def problem(rows: int = 400, **settings: Any) -> SearchProblem:
    rng = np.random.default_rng(4)
    X = rng.normal(size=(rows, 3)).astype(np.float32)
    defaults: dict[str, Any] = {
        "X": X,
        "y": X[:, 0] * X[:, 1] + np.sin(X[:, 2]),
        "cost": uniform_cost_model(3, functions=("sin", "exp", "inv")),
        "operators": OPERATORS,
        "seed": 1,
        "timeout": 30.0,
        "max_evaluations": 20_000,
        "n_jobs": 2,
    }
    return SearchProblem(**defaults | settings)


def solve(rows: int = 400, engine: NativeEngine | None = None, **settings: Any) -> tuple[Point, ...]:
    return (engine or NativeEngine()).search(problem(rows, **settings)).points


def test_is_an_engine() -> None:
    assert isinstance(NativeEngine(), Engine)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "target",
    [
        lambda X: X[:, 0] * X[:, 1] + np.sin(X[:, 2]),
        lambda X: 2.5 * X[:, 0] - 0.75,
        lambda X: np.exp(0.5 * X[:, 1]) - X[:, 2] * X[:, 2],
    ],
)
def test_recovers_known_formulas(target: Any, dtype: type) -> None:
    X = problem().X.astype(dtype)
    points = solve(X=X, y=target(X), max_evaluations=120_000, target_loss=1e-8)
    best = min(points, key=lambda point: point.loss)
    assert best.loss < 1e-8
    fresh = np.random.default_rng(9).normal(size=(100, 3))
    np.testing.assert_allclose(evaluate(best.expression, fresh, ("x0", "x1", "x2")), target(fresh), atol=1e-2)


def test_front_is_non_dominated_and_its_figures_are_true() -> None:
    task = problem(weights=np.random.default_rng(0).uniform(0.5, 2, 400))
    points = NativeEngine().search(task).points
    values = [(point.loss, point.latency_cycles, point.lut) for point in points]
    assert len(points) > 3
    assert np.all(non_dominated(values))
    assert task.weights is not None
    model = native_cost_model(task.cost)
    for point in points:
        p = evaluate(point.expression, task.X.astype(float), ("x0", "x1", "x2"))
        assert point.loss == pytest.approx(
            np.average((p - task.y) ** 2, weights=task.weights), rel=1e-3, abs=1e-9
        )
        cost = _engine.cost(tree_of(point.expression, ("x0", "x1", "x2")), model)
        assert (point.latency_cycles, point.lut, point.dsp) == (cost.latency_cycles, cost.lut, cost.dsp)
        assert point.complexity == point.expression.size


@pytest.mark.parametrize(
    "budget",
    [
        {"max_latency": 1},
        {"max_latency": 3},
        {"max_lut": 70},
        {"max_dsp": 0},
        {"max_latency": 2, "max_lut": 40},
    ],
)
def test_budgets_are_never_exceeded(budget: dict[str, float]) -> None:
    seen: list[Point] = []
    task = problem(**budget)
    result = NativeEngine().search(task, callback=lambda seconds, evaluations, front: seen.extend(front))
    for point in [*result.points, *seen]:
        assert point.latency_cycles <= budget.get("max_latency", np.inf)
        assert point.lut <= budget.get("max_lut", np.inf)
        assert point.dsp <= budget.get("max_dsp", np.inf)


def test_limits_hold_for_every_point() -> None:
    task = problem(
        maxsize=12,
        maxdepth=5,
        constraints={"sin": 3, "*": (1, -1)},
        nested_constraints={"sin": {"sin": 0, "exp": 0}},
    )
    limits = shape_limits(task)
    points = NativeEngine().search(task).points
    assert all(limits.allows(tree_of(point.expression, ("x0", "x1", "x2"))) for point in points)
    assert max(point.complexity for point in points) > 5


@pytest.mark.parametrize("rows", [400, 5000])
def test_a_seed_gives_one_front_for_any_number_of_threads(rows: int) -> None:
    fronts = [solve(rows, n_jobs=threads, max_evaluations=8000) for threads in (1, 2, 3)]
    assert fronts[0] == fronts[1] == fronts[2]
    assert solve(rows, seed=2, max_evaluations=8000) != fronts[0]


def test_max_evaluations() -> None:
    result = NativeEngine().search(problem(max_evaluations=3000))
    assert result.stop_reason == "max_evaluations"
    # The first populations count as well.
    assert 3000 <= result.evaluations <= 3000 + 8 * 100
    assert result.node_rows > 0


def test_timeout_is_honoured() -> None:
    result = NativeEngine().search(problem(20_000, timeout=0.5, max_evaluations=None))
    assert result.stop_reason == "timeout"
    assert result.points


def test_interrupt_keeps_the_best_so_far() -> None:
    # Python leaves this out where its parent ignores the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    result = NativeEngine().search(problem(timeout=60.0, max_evaluations=None))
    assert result.stop_reason == "interrupted"
    assert result.points


def test_callback_reports_and_can_stop() -> None:
    calls: list[tuple[float, int, int]] = []

    def callback(seconds: float, evaluations: int, front: Any) -> bool:
        calls.append((seconds, evaluations, len(front)))
        return len(calls) == 3

    result = NativeEngine().search(problem(timeout=20.0, max_evaluations=None), callback=callback)
    assert result.stop_reason == "callback"
    assert [seconds for seconds, _, _ in calls] == sorted(seconds for seconds, _, _ in calls)
    assert calls[-1][1] > 0


def test_an_error_in_the_callback_is_raised() -> None:
    def callback(seconds: float, evaluations: int, front: Any) -> bool:
        raise RuntimeError("display gone")

    with pytest.raises(RuntimeError, match="display gone"):
        NativeEngine().search(problem(timeout=20.0, max_evaluations=None), callback=callback)


def test_python_runs_on_during_a_search() -> None:
    ticks = 0
    done = threading.Event()

    def count() -> None:
        nonlocal ticks
        while not done.wait(0.001):
            ticks += 1

    thread = threading.Thread(target=count)
    thread.start()
    NativeEngine().search(problem(timeout=0.6, max_evaluations=None, n_jobs=1))
    done.set()
    thread.join()
    assert ticks > 10


@pytest.mark.parametrize("loss", ["l2_margin", "logistic", "l1", "huber"])
def test_other_losses(loss: str) -> None:
    X = problem().X
    y = np.where(X[:, 0] * X[:, 1] > 0, 1.0, -1.0)
    points = solve(y=y, loss=loss)
    start = max(point.loss for point in points)
    assert min(point.loss for point in points) < 0.7 * start


def test_every_operator_can_be_searched_with() -> None:
    names = tuple(_engine.operator_names())
    points = solve(
        cost=uniform_cost_model(3, functions=names),
        operators=names,
        max_evaluations=15_000,
        y=np.tanh(problem().X[:, 0]),
    )
    assert min(point.loss for point in points) < 1e-3


def test_leaves_alone_are_a_search_too() -> None:
    points = solve(operators=(), max_evaluations=2000, y=problem().X[:, 1])
    assert min(point.loss for point in points) < 1e-9


def test_value_limit() -> None:
    X = problem().X
    points = solve(y=np.exp(np.abs(X[:, 0])), value_limit=2.0)
    for point in points:
        assert np.abs(evaluate(point.expression, X.astype(float), ("x0", "x1", "x2"))).max() <= 2.0001


def test_unmeetable_budgets_name_the_smallest() -> None:
    with pytest.raises(BudgetError, match=r"max_latency=0.*smallest.* 1$"):
        solve(max_latency=0)


def test_operators_that_the_engine_or_the_model_lacks() -> None:
    add_operator(declare("round_like", np.round, "Function"))
    try:
        with pytest.raises(OperatorError, match="built-in operators only, not round_like"):
            solve(operators=("+", "round_like"))
    finally:
        remove_operator("round_like")
    with pytest.raises(OperatorError, match="cost model lacks cos"):
        solve(operators=("+", "cos"))


def test_a_search_without_any_finite_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "search", lambda *arguments: SimpleNamespace(front=[]))
    with pytest.raises(InputError, match="no formula has a finite loss"):
        solve()


def test_a_guess_is_where_the_search_starts() -> None:
    X = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
    hidden = "sin(x0 * x1 + x2) * sin(x1 - x2) + x0 * x2"
    y = evaluate(parse(hidden), X, ("x0", "x1", "x2"))
    settings = {"X": X, "y": y, "operators": ("+", "-", "*", "sin"), "max_evaluations": 50, "timeout": None}
    settings["cost"] = uniform_cost_model(3, functions=("sin",))
    engine = NativeEngine(populations=1)
    alone = engine.search(SearchProblem(**settings))
    assert min(point.loss for point in alone.points) > 0.1
    told = engine.search(SearchProblem(**settings, guesses=(hidden,)))
    assert min(point.loss for point in told.points) < 1e-9
    over = engine.search(SearchProblem(**settings, guesses=(hidden,), max_latency=2))
    assert all(point.latency_cycles <= 2 for point in over.points)
    with pytest.raises(InputError, match=r"unknown variable .z"):
        SearchProblem(**settings, guesses=("x0 + z",))


@pytest.mark.slow
@pytest.mark.parametrize("patience", [0, 3])
def test_a_stopped_search_goes_on_as_if_it_had_not_been(patience: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(400, 3)).astype(np.float32)
    settings = {"X": X, "y": np.sin(X[:, 0]) * X[:, 1] + X[:, 2], "operators": ("+", "-", "*", "sin")}
    settings |= {"cost": uniform_cost_model(3, functions=("sin",)), "seed": 5}
    engine = NativeEngine(populations=4, patience=patience)
    whole = SearchProblem(**settings, timeout=None, max_evaluations=150_000)
    uninterrupted = engine.search(whole)
    path = tmp_path / "state"
    kept = replace(engine, checkpoint=path, checkpoint_period=0.0)

    def stop(seconds: float, evaluations: int, points: Any) -> bool:
        return path.exists() and evaluations > 0

    first = kept.search(whole, callback=stop)
    assert path.exists() and first.evaluations < 150_000 and first.stop_reason == "callback"
    resumed = kept.search(whole)
    assert resumed.points == uninterrupted.points
    with pytest.raises(FormatError, match="other data or settings"):
        kept.search(SearchProblem(**{**settings, "seed": 6}, timeout=1.0))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(FormatError, match="damaged"):
        kept.search(whole)
    path.write_bytes(b"something else")
    with pytest.raises(FormatError, match="no checkpoint of this version"):
        kept.search(whole)


def test_populations_that_start_anew_find_something_else() -> None:
    settings: dict[str, Any] = {"maxsize": 7, "max_evaluations": 60_000, "seed": 2}
    rounds = [NativeEngine(patience=patience).search(problem(**settings)) for patience in (0, 5)]
    # With so few nodes the search is at its end soon: what comes later comes from new populations.
    assert rounds[1].proposals != rounds[0].proposals
    assert (
        min(point.loss for point in rounds[1].points) <= min(point.loss for point in rounds[0].points) * 1.001
    )


def test_no_formula_is_tried_twice_in_a_small_world() -> None:
    # Two leaves and one operator: 3 nodes allow a handful of formulas besides the values of constants.
    result = NativeEngine(populations=1, population_size=20).search(
        problem(operators=("*",), maxsize=3, maxdepth=2, max_evaluations=3000)
    )
    assert result.proposals < 3000


def test_linear_scaling_finds_scale_and_offset() -> None:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(300, 3)).astype(np.float32)
    y = 31.7 * np.sin(X[:, 0] * X[:, 1]) - 250.0
    settings: dict[str, Any] = {
        "X": X,
        "y": y,
        "operators": ("+", "*", "sin"),
        "value_limit": 1e6,
        "max_evaluations": 3000,
    }

    def smallest_loss(linear_scaling: bool) -> float:
        return min(
            point.loss
            for point in solve(
                engine=NativeEngine(
                    linear_scaling=linear_scaling, fit_probability=0.0, graft_probability=0.0, polish_steps=0
                ),
                **settings,
            )
        )

    assert smallest_loss(True) < 1e-4 < smallest_loss(False)


@pytest.mark.parametrize("loss", ["l1", "huber", "quantile"])
def test_linear_scaling_serves_other_losses(loss: str) -> None:
    X = np.random.default_rng(8).normal(size=(200, 3)).astype(np.float32)
    found = solve(
        X=X,
        y=5.0 * X[:, 0] * X[:, 1] + 20.0,
        loss=loss,
        engine=NativeEngine(linear_scaling=True),
        value_limit=1e6,
    )
    assert min(point.loss for point in found) < 0.05


def test_what_linear_scaling_adds_is_within_the_limits() -> None:
    for point in solve(engine=NativeEngine(linear_scaling=True), maxsize=7, max_latency=2):
        assert point.complexity <= 7
        assert point.latency_cycles <= 2


def test_linear_scaling_needs_its_operators() -> None:
    with pytest.raises(InputError, match=r"linear_scaling multiplies and adds.*give \+ and \* too"):
        NativeEngine(linear_scaling=True).search(problem(operators=("-", "sin")))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"populations": 0}, "populations is 0; it must be a whole number from 1 to 10000"),
        ({"populations": 2**64}, "populations is .*; it must be a whole number"),
        ({"population_size": 1}, "population_size is 1"),
        ({"fit_probability": 1.5}, "fit_probability is 1.5; it must be a number from 0.0 to 1"),
        ({"epoch": 2.5}, "epoch is 2.5; it must be a whole number"),
        ({"parsimony": float("nan")}, "parsimony is nan"),
    ],
)
def test_settings_outside_of_their_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NativeEngine(**settings)
