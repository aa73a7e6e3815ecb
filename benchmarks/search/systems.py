"""The systems of the comparison: each searches a task once, and gives its fronts over time."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gplearn_search
import numpy as np
import pyoperon_search
from tasks import MAXSIZE, NAMES, Task

from lat_sr import parse
from lat_sr.cli.doctor import examine
from lat_sr.search import NativeEngine, Point, SearchProblem
from lat_sr.search.pysr.engine import plan

# Cycles of the search within a budget: the largest that is looked at.
BUDGET = 6

# Nodes of our search where sizes are counted as PyOperon does: about what MAXSIZE of its nodes are of ours.
WEIGHTED_MAXSIZE = 48

# Of a run's time, after which PySR, which shows nothing while it runs, is stopped and started again where it was.
PYSR_PARTS = (1 / 12, 1 / 6, 1 / 4, 1 / 2, 1)


@dataclass(frozen=True)
class Run:
    """What a system found.

    Parameters
    ----------
    fronts : list of (float, list of str)
        Seconds since the start of the search, and the formulas that it had then.
    facts : dict
        What the system counted; in JSON's types.
    """

    fronts: list[tuple[float, list[str]]]
    facts: dict[str, Any]


@dataclass(frozen=True)
class System:
    """Something that searches.

    Parameters
    ----------
    search : callable
        From task, seconds, seed and number of threads to a run.
    peer : bool
        Whether it is not ours.
    missing : callable
        What this machine lacks for it; empty where nothing.
    """

    search: Callable[[Task, float, int, int], Run]
    peer: bool
    missing: Callable[[], str]


def _problem(
    task: Task, seconds: float, seed: int, threads: int, max_latency: int | None, maxsize: int = MAXSIZE
) -> SearchProblem:
    return SearchProblem(
        X=task.X.astype(np.float32),
        y=task.y,
        cost=task.hardware.cost_model(task.operators, len(NAMES)),
        circuit=task.circuit,
        feature_names=NAMES,
        loss=task.loss,
        operators=task.operators,
        max_latency=max_latency,
        maxsize=maxsize,
        maxdepth=maxsize,
        timeout=seconds,
        seed=seed,
        n_jobs=threads,
    )


def _lat_sr(task: Task, seconds: float, seed: int, threads: int) -> Run:
    return _run(_problem(task, seconds, seed, threads, None))


def _lat_sr_within_budget(task: Task, seconds: float, seed: int, threads: int) -> Run:
    return _run(_problem(task, seconds, seed, threads, BUDGET))


def _lat_sr_weighted(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """Formulas as large as PyOperon's may be, for which a variable and its factor are one node."""
    run = _run(_problem(task, seconds, seed, threads, None, WEIGHTED_MAXSIZE))
    fronts = [
        (at, [text for text in front if pyoperon_search.size(parse(text)) <= MAXSIZE])
        for at, front in run.fronts
    ]
    return Run(fronts, run.facts)


def _run(problem: SearchProblem) -> Run:
    fronts: list[tuple[float, Sequence[Point]]] = []

    def watch(elapsed: float, evaluations: int, points: Sequence[Point]) -> None:
        fronts.append((elapsed, points))

    result = NativeEngine().search(problem, callback=watch)
    if result.stop_reason == "interrupted":
        raise KeyboardInterrupt  # a run that was cut short is none
    fronts.append((result.seconds, result.points))
    return Run(
        [(at, [str(point.expression) for point in points]) for at, points in fronts],
        {
            "seconds": result.seconds,
            "evaluations": result.evaluations,
            "node_rows_per_second": result.node_rows / result.seconds,
        },
    )


def _pyoperon(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """The best settings of those tried.

    Which were: squared error or R2, populations of 500 to 2,000, 3 to 10 steps of constants, dominance with and without
    a margin.
    """
    found = pyoperon_search.search(
        task.X,
        task.y,
        operators=task.operators,
        names=NAMES,
        seconds=seconds,
        seed=seed,
        threads=threads,
        maxsize=MAXSIZE,
        settings={"objectives": ["r2", "length"], "epsilon": 1e-5},
    )
    return Run(found.fronts, found.facts)


def _gplearn(task: Task, seconds: float, seed: int, threads: int) -> Run:
    return Run(*gplearn_search.search(task, seconds, seed, threads))


def _pysr(task: Task, seconds: float, seed: int, threads: int) -> Run:
    """One run that is continued part by part; the compilation in Julia comes before and does not count."""
    os.environ.setdefault("PYTHON_JULIACALL_THREADS", str(threads))
    from pysr import PySRRegressor

    problem = _problem(task, seconds, seed, threads, None)
    fronts = []
    taken = 0.0
    with tempfile.TemporaryDirectory() as directory:
        call = plan(problem, None, latency_model="scheduled", options={"output_directory": directory})
        PySRRegressor(**call.regressor | {"timeout_in_seconds": 1}).fit(problem.X, problem.y, **call.fit)
        model = PySRRegressor(**call.regressor, warm_start=True)
        for part in PYSR_PARTS:
            model.set_params(timeout_in_seconds=max(1.0, part * seconds - taken))
            started = time.monotonic()
            model.fit(problem.X, problem.y, **call.fit)
            taken += time.monotonic() - started
            fronts.append((taken, [str(parse(text, NAMES)) for text in model.equations_["equation"]]))
    return Run(fronts, {"seconds": taken})


def _package(name: str) -> Callable[[], str]:
    def missing() -> str:
        return "" if importlib.util.find_spec(name) else f"the package {name}: pip install -e '.[benchmarks]'"

    return missing


def _julia() -> str:
    return next("" if finding.found else "Julia" for finding in examine() if finding.name == "Julia")


SYSTEMS = {
    "lat_sr": System(_lat_sr, False, lambda: ""),
    "lat_sr, at most 6 cycles": System(_lat_sr_within_budget, False, lambda: ""),
    "lat_sr, sizes as PyOperon's": System(_lat_sr_weighted, False, lambda: ""),
    "PyOperon": System(_pyoperon, True, _package("pyoperon")),
    "gplearn": System(_gplearn, True, _package("gplearn")),
    "PySR": System(_pysr, True, _julia),
}
