"""Searches judged by circuits: their costs and losses are those of `lat_sr.latency` and of the datapath."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lat_sr import lower
from lat_sr.costs import load_library
from lat_sr.datasets import make_dimuon
from lat_sr.errors import ExpressionError, InputError
from lat_sr.expression import Constant, Expression, parse
from lat_sr.latency import compile_cost_model, estimate_datapath
from lat_sr.latency.circuit_model import CircuitModel
from lat_sr.precision import Precision
from lat_sr.search import NativeEngine, SearchProblem
from lat_sr.target import Target

NAMES = ("x0", "x1", "x2")
OPERATORS = ("+", "-", "*", "sin", "exp")
PRECISION = Precision.parse("ap_fixed<16,6>")
TARGET = Target()
FORMULAS = (
    "x0",
    "0.5",
    "2.5*x0 - x1",
    "x0*x1 + x2*x2",
    "sin(x0)*x1 + exp(x2 - x0)",
    "sin(0.3*x0 + 0.1) - 1.75*x1",
    "exp(sin(x0*x1) + x2)*0.37",
    "x0*x1*x2 - 3.14159*sin(x1 + x2)",
)


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    return np.random.default_rng(8).normal(size=(600, 3))


def model(X: np.ndarray, **changes: Any) -> CircuitModel:
    settings = {
        "precision": PRECISION,
        "library": load_library(),
        "available_ps": TARGET.available_ps,
        "X": X,
    }
    return CircuitModel(**(settings | changes))


def judged_problem(X: np.ndarray, **settings: Any) -> SearchProblem:
    defaults: dict[str, Any] = {
        "X": X.astype(np.float32),
        "y": np.sin(X[:, 0]) * X[:, 1] + 0.3 * X[:, 2],
        "cost": compile_cost_model(PRECISION, TARGET, load_library(), OPERATORS, 3),
        "circuit": model(X),
        "operators": OPERATORS,
        "seed": 3,
        "timeout": None,
        "max_evaluations": 8000,
        "maxsize": 20,
        "n_jobs": 2,
    }
    return SearchProblem(**defaults | settings)


def circuit_of(expression: Expression, X: np.ndarray) -> tuple[int, int, int, np.ndarray]:
    datapath = lower(expression, PRECISION, input_names=NAMES, X=X)
    estimate = estimate_datapath(datapath, TARGET, load_library())
    return estimate.latency_cycles, estimate.lut, estimate.dsp, datapath.evaluate(X)[:, 0]


@pytest.mark.parametrize("text", FORMULAS)
def test_costs_are_those_of_the_latency_model(text: str, X: np.ndarray) -> None:
    (cost,) = model(X).costs([parse(text, NAMES)], NAMES)
    assert cost is not None
    assert (cost.latency_cycles, cost.lut, cost.dsp) == circuit_of(parse(text, NAMES), X)[:3]


def test_no_cost_for_what_no_circuit_computes(X: np.ndarray) -> None:
    impossible = parse("x0*1e30", NAMES)
    with pytest.raises(ExpressionError):
        lower(impossible, PRECISION, input_names=NAMES, X=X)
    slow = model(X, available_ps=500.0)
    assert model(X).costs([impossible], NAMES) == [None]
    assert slow.costs([parse("x0*x1", NAMES)], NAMES) == [None]


@pytest.mark.parametrize("budget", [1, 2, None])
def test_the_front_has_the_costs_of_circuits(budget: int | None, X: np.ndarray) -> None:
    result = NativeEngine().search(judged_problem(X, max_latency=budget))
    assert result.points
    for point in result.points:
        cycles, lut, dsp, _ = circuit_of(point.expression, X)
        assert (point.latency_cycles, point.lut, point.dsp) == (cycles, lut, dsp)
        assert budget is None or cycles <= budget
    assert result.over_budget <= result.proposals
    assert (result.over_budget > 0) == (budget is not None)


@pytest.mark.parametrize("fixed_point", ["archive", "always"])
def test_losses_are_those_of_the_hardware(fixed_point: str, X: np.ndarray) -> None:
    problem = judged_problem(X, fixed_point=fixed_point, max_evaluations=3000)
    for point in NativeEngine().search(problem).points:
        values = circuit_of(point.expression, X)[3]
        assert point.loss == pytest.approx(float(np.mean((values - problem.y) ** 2)), rel=1e-5)


def test_a_coarse_format_is_searched_in_its_own_arithmetic() -> None:
    rng = np.random.default_rng(2)
    X = rng.uniform(-3, 3, size=(500, 3))
    coarse = Precision.parse("ap_fixed<6,3>")
    y = 0.55 * X[:, 0] + 0.3 * X[:, 1]
    settings: dict[str, Any] = {
        "y": y,
        "operators": ("+", "-", "*"),
        "cost": compile_cost_model(coarse, TARGET, load_library(), ("+", "-", "*"), 3),
        "circuit": model(X, precision=coarse),
        "max_evaluations": 20_000,
    }

    def hardware_loss(result: Any) -> float:
        losses = []
        for point in result.points:
            values = lower(point.expression, coarse, input_names=NAMES, X=X).evaluate(X)[:, 0]
            losses.append(float(np.mean((values - y) ** 2)))
        return min(losses)

    floating = hardware_loss(NativeEngine().search(judged_problem(X, **settings)))
    fixed = hardware_loss(NativeEngine().search(judged_problem(X, **settings, fixed_point="archive")))
    assert fixed < floating


def with_last_constant_moved(expression: Expression, step: float) -> Expression | None:
    """The same formula with its last constant, in postfix order, a step away; None without constants."""
    constants = sum(isinstance(node, Constant) for node in expression.walk())
    met = 0

    def change(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        nonlocal met
        if isinstance(node, Constant):
            met += 1
            return Constant(node.value + step) if met == constants else node
        return node.with_operands(operands)

    return expression.fold(change) if constants else None


def test_no_neighbour_of_a_constant_is_better(X: np.ndarray) -> None:
    problem = judged_problem(X, fixed_point="archive", max_latency=1, max_evaluations=20_000)
    lsb = 2.0**-PRECISION.fraction
    tried = 0
    for point in NativeEngine().search(problem).points:
        for step in (-lsb, lsb):
            moved = with_last_constant_moved(point.expression, step)
            if moved is None:
                continue
            cycles, lut, dsp, values = circuit_of(moved, X)
            loss = float(np.mean((values - problem.y) ** 2))
            better = loss < point.loss * (1 - 1e-5) and lut <= point.lut
            assert not (better and cycles <= point.latency_cycles and dsp <= point.dsp)
            tried += 1
    assert tried > 4


@pytest.mark.slow
def test_the_polishing_of_the_front_can_be_stopped() -> None:
    # With so many rows it takes seconds; nothing else happens once all evaluations are made.
    wide = np.random.default_rng(8).normal(size=(300_000, 3))
    task = judged_problem(wide, fixed_point="archive", max_evaluations=600)
    result = NativeEngine().search(task, callback=lambda seconds, evaluations, front: evaluations >= 600)
    assert result.stop_reason == "callback"
    assert result.points


def test_threads_and_checkpoints_change_nothing(X: np.ndarray, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"max_latency": 2, "fixed_point": "archive"}
    whole = NativeEngine().search(judged_problem(X, **settings, n_jobs=1))
    path = tmp_path / "state"
    NativeEngine(checkpoint=path, checkpoint_period=0.0).search(
        judged_problem(X, **settings), callback=lambda seconds, evaluations, points: path.exists()
    )
    resumed = NativeEngine(checkpoint=path).search(judged_problem(X, **settings))
    assert resumed.points == whole.points


def test_unusable_models_are_refused(X: np.ndarray) -> None:
    with pytest.raises(InputError, match="the same rows and columns"):
        judged_problem(X, circuit=model(X[:-1]))
    with pytest.raises(InputError, match="needs a circuit model"):
        judged_problem(X, circuit=None, fixed_point="archive")
    with pytest.raises(InputError, match="never, archive, always"):
        judged_problem(X, fixed_point="sometimes")
    with pytest.raises(InputError, match="positive number of picoseconds"):
        model(X, available_ps=0.0)


def test_wide_data_are_judged_within_their_range() -> None:
    muons = make_dimuon(400, seed=1)
    X = np.asarray(muons.X, dtype=np.float64)
    wide = Precision.parse("ap_fixed<18,8>")
    names = tuple(f"x{i}" for i in range(X.shape[1]))
    (cost,) = model(X, precision=wide).costs([parse("x0*x1 - 0.25*x2", names)], names)
    datapath = lower(parse("x0*x1 - 0.25*x2", names), wide, input_names=names, X=X)
    assert cost is not None
    assert cost.latency_cycles == estimate_datapath(datapath, TARGET, load_library()).latency_cycles
