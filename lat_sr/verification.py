"""Predicted against actual: every formula of a front built, measured and compared bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import InputError, LatSrError, VerificationError
from lat_sr.expression import Expression, equation_of, evaluate
from lat_sr.reporting.columns import VERIFICATION_COLUMNS, columns_frame
from lat_sr.reporting.plots import predicted_actual_figure
from lat_sr.solution import Budget, FrontPoint, PredictedCircuit, Selection, Solution, spread
from lat_sr.toolchains import BuildReport, Toolchain, build_many, get_toolchain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["VerificationReport", "failure_reasons", "reported", "verify"]

Floats = NDArray[np.float64]

# Rows of the data that the circuit is simulated on, beside the toolchain's own vectors.
_SIMULATED_ROWS = 1000


@dataclass(frozen=True, eq=False)
class VerificationReport:
    """What became of the formulas of a front.

    Parameters
    ----------
    table : pandas.DataFrame
        One row for each circuit, columns `lat_sr.reporting.VERIFICATION_COLUMNS`.
    builds : tuple of BuildReport or None
        What the toolchain reported, by row; None where the build failed.
    points : int
        Formulas in the whole front, more than the table has where a limit was given.
    """

    table: pd.DataFrame
    builds: tuple[BuildReport | None, ...]
    points: int

    @property
    def failures(self) -> list[str]:
        """One sentence for each circuit that misses its budget, its clock or a bit, or could not be built."""
        return [f"{row.equation}: {row.failure}" for row in self.table.itertuples(index=False) if row.failure]

    @property
    def passed(self) -> bool:
        """Whether every circuit was built as it should."""
        return not self.failures

    def require_passed(self) -> None:
        """Raise unless every circuit passed.

        Raises
        ------
        VerificationError
            Names the first failure and counts them.
        """
        failures = self.failures
        if failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            raise VerificationError(
                f"{len(failures)} of {len(self.table)} circuits failed: {failures[0]}{more}"
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: whether it passed, the failures, and the rows of the table."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {"passed": self.passed, "failures": self.failures, "front_points": self.points, "points": rows}

    def plot(self) -> Figure:
        """Predicted against actual latency, LUT and DSP."""
        return predicted_actual_figure(self.table)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A circuit to build, and what it should do."""

    output: str
    points: tuple[FrontPoint, ...]
    circuit: PredictedCircuit
    # Number of the only output, None for all together.
    number: int | None
    # Of its front; None for the selected points of several.
    row: int | None
    selected: bool

    @property
    def expressions(self) -> list[Expression]:
        return [expression for point in self.points for expression in point.expressions]


def _candidates(solution: Solution, chosen: Solution | None, limit: int | None) -> Iterator[_Candidate]:
    """Circuits of the front, or only the chosen ones; with several outputs that of all together comes last."""
    share = None if limit is None else max(1, limit // len(solution.fronts))
    together = chosen or solution
    for number, (name, front, selected, row) in enumerate(
        zip(solution.front_names, solution.fronts, solution.selected, together.selected, strict=True)
    ):
        count = len(front.points) if share is None else share
        for position in spread(front.points, count, always=[selected]) if chosen is None else [row]:
            point = front.points[position]
            output = number if len(point.expressions) == 1 else None
            yield _Candidate(name, (point,), point.circuit, output, position, position == selected)
    if len(solution.fronts) > 1:
        same = together.selected == solution.selected
        yield _Candidate("all", together.points, together.circuit, None, None, same)


def verify(
    solution: Solution,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    index: Selection | None = None,
    limit: int | None = None,
    n_jobs: int | None = None,
    toolchain: str | Toolchain | None = None,
    progress: Callable[[int, int], None] | None = None,
    log: Callable[[int, str], object] | None = None,
) -> VerificationReport:
    """Build the formulas of a front and compare them with what was predicted.

    Parameters
    ----------
    solution : Solution
        What a search found; ``model.solution_`` of a fitted model.
    X, y, index, limit, n_jobs, toolchain, progress, log : optional
        See `lat_sr.LatencyAwareRegressor.verify`; `X` has all features.

    Returns
    -------
    VerificationReport
        A failed build is a failure of its row; the others are built all the same.

    Raises
    ------
    InputError
        The data does not fit, or there is no such row.
    MissingToolError
        The toolchain is not installed.

    Examples
    --------
    >>> from lat_sr.verification import verify
    >>> report = verify(model.solution_)  # doctest: +SKIP
    >>> report.passed, report.table[["latency_predicted", "latency_actual"]]  # doctest: +SKIP
    """
    if limit is not None and limit < 1:
        raise InputError(f"limit is {limit}; 1 or more is expected")
    if (X is None) != (y is None):
        raise InputError("give X and y together, or neither")
    data = (X, y) if X is not None else solution.sample or (None, None)
    inputs = None if data[0] is None else solution.inputs(np.asarray(data[0], dtype=np.float64))
    labels = None if data[1] is None else np.asarray(data[1])
    if inputs is not None and labels is not None and len(inputs) != len(labels):
        raise InputError(f"X has {len(inputs)} rows and y has {len(labels)}; they must agree")
    chosen = None if index is None else solution.select(index)
    candidates = list(_candidates(solution, chosen, limit))
    tool = solution.target.toolchain if toolchain is None else toolchain
    vectors = None if inputs is None else inputs[:_SIMULATED_ROWS]
    results = build_many(
        [candidate.circuit.datapath for candidate in candidates],
        solution.target,
        toolchain=get_toolchain(tool) if isinstance(tool, str) else tool,
        vectors=vectors,
        n_jobs=n_jobs,
        progress=progress,
        log=log,
    )
    rows = [
        {
            **_expected(candidate, solution),
            **(reported(result) if not isinstance(result, Exception) else _not_built(solution)),
            **_accuracy(candidate, solution, inputs, labels),
            "failure": "; ".join(failure_reasons(result, solution.budget)),
        }
        for candidate, result in zip(candidates, results, strict=True)
    ]
    builds = tuple(None if isinstance(result, Exception) else result for result in results)
    points = sum(len(front.points) for front in solution.fronts)
    table = columns_frame(rows, VERIFICATION_COLUMNS).astype({"row": "Int64"})
    return VerificationReport(table, builds, points)


def _expected(candidate: _Candidate, solution: Solution) -> dict[str, Any]:
    several = {"output": candidate.output} if len(solution.fronts) > 1 else {}
    return {
        **several,
        "row": candidate.row,
        "equation": equation_of(candidate.expressions),
        "loss": float(np.mean([point.loss for point in candidate.points])),
        "complexity": sum(point.complexity for point in candidate.points),
        "latency_predicted": candidate.circuit.latency_cycles,
        "lut_predicted": candidate.circuit.lut,
        "dsp_predicted": candidate.circuit.dsp,
        "selected": candidate.selected,
    }


# Column of the table from field of the build report.
_REPORTED = {
    "latency_actual": "latency_cycles",
    "lut_actual": "lut",
    "ff": "ff",
    "dsp": "dsp",
    "bram": "bram",
    "clock_ns": "clock_ns",
    "slack_ns": "slack_ns",
    "timing_source": "timing_source",
    "timing_derate": "timing_derate",
    "vectors": "vectors",
    "bit_exact": "bit_exact",
    "seconds": "seconds",
    "cached": "cached",
}


def reported(report: BuildReport) -> dict[str, Any]:
    """What a toolchain measured, by column of ``verification.csv``.

    Parameters
    ----------
    report : BuildReport
        Of one circuit.

    Returns
    -------
    dict
        The columns that a build decides.
    """
    versions = ", ".join(f"{name} {version}" for name, version in report.tool_versions.items())
    return {
        **{column: getattr(report, field) for column, field in _REPORTED.items()},
        "toolchain": f"{report.toolchain} ({versions})" if versions else report.toolchain,
    }


def _not_built(solution: Solution) -> dict[str, Any]:
    nothing = dict.fromkeys(_REPORTED)
    return {**nothing, "clock_ns": solution.target.clock_period, "toolchain": solution.target.toolchain}


def _accuracy(
    candidate: _Candidate, solution: Solution, inputs: Floats | None, labels: NDArray[Any] | None
) -> dict[str, Any]:
    columns = ("metric", "accuracy_float", "accuracy_fixed", "max_error", "overflow_rows")
    if inputs is None or labels is None:
        return dict.fromkeys(columns)
    datapath = candidate.circuit.datapath
    in_float = np.stack(
        [evaluate(formula, inputs, solution.input_names) for formula in candidate.expressions], axis=1
    )
    in_fixed = datapath.evaluate(inputs)
    error = np.abs(in_fixed - in_float)
    reports = datapath.casts_changing(inputs)
    metric, accuracy_float = _metric(solution, labels, in_float, candidate.number)
    _, accuracy_fixed = _metric(solution, labels, in_fixed, candidate.number)
    finite = error[np.isfinite(error)]
    values = (
        metric,
        accuracy_float,
        accuracy_fixed,
        float(finite.max()) if finite.size else None,
        max((report.rows for report in reports), default=0),
    )
    return dict(zip(columns, values, strict=True))


def _metric(solution: Solution, y: NDArray[Any], values: Floats, output: int | None) -> tuple[str, float]:
    """Name and value of what is compared, for one output or (None) all together; values have a column for each."""
    from sklearn.metrics import accuracy_score, r2_score, roc_auc_score

    finite = bool(np.isfinite(values).all())
    if solution.classes is None:
        targets = np.asarray(y, dtype=np.float64).reshape(len(values), -1)
        wanted = targets if output is None else targets[:, [output]]
        return "r2", float(r2_score(wanted, values)) if finite else float("nan")
    if output is None or len(solution.classes) == 2:
        return "accuracy", float(accuracy_score(y, solution.labels(values)))
    mine = np.asarray(y) == solution.classes[output]
    if mine.all() or not mine.any() or not finite:
        return "auc", float("nan")
    return "auc", float(roc_auc_score(mine, values[:, 0]))


def failure_reasons(result: BuildReport | LatSrError, budget: Budget) -> list[str]:
    """Named reasons why a circuit is refused.

    Parameters
    ----------
    result : BuildReport or LatSrError
        What became of the build.
    budget : Budget
        The limits.

    Returns
    -------
    list of str
        Empty when nothing is wrong.
    """
    if isinstance(result, Exception):
        return [f"build failed: {str(result).splitlines()[0]}"]
    reasons = []
    excess = budget.excess(result.latency_cycles, result.lut, result.dsp)
    if excess:
        reasons.append(f"over budget: {', '.join(excess)}")
    if not result.meets_clock:
        reasons.append(f"misses its clock: {-result.slack_ns:.3f} ns too slow for {result.clock_ns:g} ns")
    if result.bit_exact is False:
        reasons.append(f"wrong bit: {result.mismatch or 'the simulation differs from the datapath'}")
    return reasons
