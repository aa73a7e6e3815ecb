"""From samples to fronts: a search for each output or one for all, then every formula costed as its circuit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lat_sr.errors import ExpressionError
from lat_sr.expression import Constant, Expression, Variable, evaluate
from lat_sr.hardware import Hardware
from lat_sr.losses import UserLoss, mean_loss
from lat_sr.runs.checkpoint import SearchCheckpoint
from lat_sr.search.problem import Callback, Engine, Point, SearchProblem
from lat_sr.solution import Budget, Front, FrontPoint, non_dominated, require_within

__all__ = ["Report", "SearchSettings", "fit_fronts"]

Floats = NDArray[np.float64]
Report = Callable[[str, Sequence[Point]], None]
#: One for each output of a search.
Formulas = tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Parameters of the estimators that say how to search.

    See `LatencyAwareRegressor` for what each means; `joint` is whether one search is for all outputs, `loss` the one to
    minimise, `operators` are unary and binary ones together.
    """

    joint: bool
    loss: str | UserLoss
    loss_parameter: float | None
    operators: tuple[str, ...]
    constraints: Mapping[str, Any]
    nested_constraints: Mapping[str, Mapping[str, int]]
    maxsize: int
    maxdepth: int
    timeout: float | None
    max_evaluations: int | None
    fixed_point: str
    n_jobs: int | None
    verbose: bool


# Of a search that has no limit of its own, and of what remains after Ctrl-C.
_DEFAULT_EVALUATIONS = 50_000
_EVALUATIONS_AFTER_INTERRUPT = 5_000


def fit_fronts(
    X: Floats,
    targets: Floats,
    weights: Floats | None,
    *,
    names: Sequence[str],
    output_names: Sequence[str],
    hardware: Hardware,
    budget: Budget,
    settings: SearchSettings,
    engine: Engine,
    seeds: Sequence[int],
    guesses: Sequence[Sequence[Formulas]],
    report: Report | None = None,
    checkpoint: SearchCheckpoint | None = None,
) -> list[Front]:
    """Search the front of each output, one after the other, or the one of all outputs.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_inputs)
    targets : ndarray, shape (n_samples, n_outputs)
    weights : ndarray or None, shape (n_samples,)
    names, output_names : sequence of str
        Of inputs and outputs.
    hardware : Hardware
    budget : Budget
        For all outputs together: each may use an equal share of the LUTs and DSPs that are left.
    settings : SearchSettings
    engine : Engine
    seeds : sequence of int
        One for each search.
    guesses : sequence of sequence of tuple of Expression
        Formulas to start from, a sequence for each search.
    report : callable, optional
        Called during the search with the output's name, or "all", and what was found so far.
    checkpoint : SearchCheckpoint, optional
        Keeps what is done, so that a fit that was killed goes on.

    Returns
    -------
    list of Front
        One for each search.

    Raises
    ------
    BudgetError
        No formula meets the budget.
    """
    # What the simplest formulas cannot meet is refused before any time is spent.
    outputs = targets.shape[1] if settings.joint else 1
    leaves: list[Expression] = [Constant(0.0), *(Variable(name) for name in names)]
    simplest = [(leaf,) * outputs for leaf in leaves]
    require_within(_costed(simplest, X, names, hardware, lambda values: 0.0), budget)
    tasks = [("all", targets)] if outputs > 1 else list(zip(output_names, targets.T, strict=True))
    problem = SearchProblem(
        X=X.astype(np.float32),
        y=tasks[0][1],
        weights=weights,
        cost=hardware.cost_model(settings.operators, len(names)),
        circuit=hardware.circuit_model(X),
        feature_names=tuple(names),
        loss=settings.loss,
        loss_parameter=settings.loss_parameter,
        operators=settings.operators,
        max_latency=budget.max_latency,
        maxsize=settings.maxsize * outputs,
        maxdepth=settings.maxdepth,
        constraints=settings.constraints,
        nested_constraints=settings.nested_constraints,
        fixed_point=settings.fixed_point,
        timeout=settings.timeout,
        max_evaluations=settings.max_evaluations
        if settings.max_evaluations or settings.timeout
        else _DEFAULT_EVALUATIONS,
        n_jobs=settings.n_jobs,
    )
    left = budget
    spent = 0.0 if checkpoint is None else checkpoint.seconds
    deadline = math.inf if settings.timeout is None else time.monotonic() + settings.timeout - spent
    fronts: list[Front] = []
    for number, ((output, y), seed, start) in enumerate(zip(tasks, seeds, guesses, strict=True)):
        waiting = len(tasks) - number
        share = replace(left, max_lut=_share(left.max_lut, waiting), max_dsp=_share(left.max_dsp, waiting))
        part = replace(problem, y=y, max_lut=share.max_lut, max_dsp=share.max_dsp, seed=seed)
        part = replace(part, guesses=tuple(start))
        if fronts and fronts[-1].stop_reason == "interrupted":
            part = replace(part, max_evaluations=_EVALUATIONS_AFTER_INTERRUPT, timeout=None)
        elif settings.timeout is not None:
            part = replace(part, timeout=max((deadline - time.monotonic()) / waiting, 1e-3))
        chosen = engine if checkpoint is None else checkpoint.engine(engine, number)
        with _observed(output, part, settings.verbose, report) as callback:
            result = chosen.search(part, callback=callback)
        judge = partial(_loss, settings, y, weights)
        points = _costed([point.expressions for point in result.points], X, names, hardware, judge)
        timely = [point for point in points if point.circuit.delay_ps <= hardware.target.available_ps]
        kept = non_dominated(point for point in timely if share.fits(point))
        if not kept:
            # The circuits of all of them cost more than the search took them to.
            means = np.atleast_1d(np.average(y, axis=0, weights=weights))
            constants: Formulas = tuple(Constant(float(mean)) for mean in means)
            kept = _costed([constants], X, names, hardware, judge)
        left = replace(
            left,
            max_lut=_less(left.max_lut, max(point.lut for point in kept)),
            max_dsp=_less(left.max_dsp, max(point.dsp for point in kept)),
        )
        fronts.append(Front(tuple(kept), seed, result.evaluations, result.seconds, result.stop_reason))
    return fronts


def _share(limit: int | None, outputs: int) -> int | None:
    return None if limit is None else limit // outputs


def _less(limit: int | None, used: int) -> int | None:
    return None if limit is None else limit - used


def _loss(settings: SearchSettings, y: Floats, weights: Floats | None, values: Floats) -> float:
    return mean_loss(settings.loss, y, values, weights, settings.loss_parameter)


def _costed(
    candidates: Sequence[Formulas],
    X: Floats,
    names: Sequence[str],
    hardware: Hardware,
    judge: Callable[[Floats], float],
) -> list[FrontPoint]:
    """Formulas with their loss in float64 and the predicted cost of their circuits; those without are left out."""
    points = []
    for expressions in dict.fromkeys(tuple(_tidied(part) for part in found) for found in candidates):
        values = np.stack([evaluate(expression, X, names) for expression in expressions], axis=1)
        if not np.isfinite(values).all():
            continue
        try:
            circuit = hardware.circuit(expressions, names, X)
        except ExpressionError:
            continue  # a value in it is too wide for any circuit
        loss = judge(values if len(expressions) > 1 else values[:, 0])
        points.append(FrontPoint(expressions, loss, circuit))
    return points


def _tidied(expression: Expression) -> Expression:
    """The same formula with one constant for each part without variables, and no more digits than float32 has."""

    def tidy(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        result = node.with_operands(operands)
        if operands and all(isinstance(operand, Constant) for operand in operands):
            value = float(evaluate(result, np.zeros((1, 0)), ())[0])
            return Constant(value) if math.isfinite(value) else result
        if isinstance(result, Constant) and result.value == np.float32(result.value):
            return Constant(float(str(np.float32(result.value))))
        return result

    return expression.fold(tidy)


@contextmanager
def _observed(
    output: str, problem: SearchProblem, verbose: bool, report: Report | None
) -> Iterator[Callback | None]:
    """Give the search's callback: it shows the progress on stderr, and hands on what was found."""
    if not verbose and report is None:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[best]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not verbose) as bar:
        task = bar.add_task(f"searching {output}", total=1.0, best="")

        def observe(seconds: float, evaluations: int, points: Sequence[Point]) -> None:
            done = [0.0]
            if problem.timeout is not None:
                done.append(seconds / problem.timeout)
            if problem.max_evaluations is not None:
                done.append(evaluations / problem.max_evaluations)
            best = min(points, key=lambda point: point.loss, default=None)
            found = f", {len(points)} points, loss {best.loss:.4g}" if best else ""
            bar.update(task, completed=max(done), best=f"{evaluations} evaluations{found}")
            if report is not None:
                report(output, points)

        yield observe
