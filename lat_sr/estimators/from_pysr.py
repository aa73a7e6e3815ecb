"""Formulas that PySR has found, as a fitted estimator."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lat_sr.errors import FormatError, InputError, LatSrError
from lat_sr.estimators.base import LatencyAwareEstimator
from lat_sr.estimators.classifier import LatencyAwareClassifier
from lat_sr.estimators.regressor import LatencyAwareRegressor
from lat_sr.expression import Call, Expression, Variable, parse
from lat_sr.expression.port_names import port_names
from lat_sr.hardware import Hardware
from lat_sr.search.pysr.julia_tables import without_table_names
from lat_sr.solution import Front, FrontPoint

__all__ = ["from_pysr"]

# What PySR calls its table of formulas. A copy of it ends in .bak, before version 1 in .bkup.
_HALL_OF_FAME = "hall_of_fame"
_COPIES = (".bak", ".bkup")
_OUTPUT_NUMBER = re.compile(r"_output(\d+)\.csv$|\.out(\d+)$")

_Row = tuple[float, str]  # loss and equation


def from_pysr(
    source: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    feature_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    classes: Sequence[Any] | None = None,
    **parameters: Any,
) -> LatencyAwareRegressor | LatencyAwareClassifier:
    """Make a fitted estimator of formulas that PySR has found.

    They can then be verified, exported, saved and used to predict like those of a search of our own. Julia is not
    started, and no pickle is read.

    Parameters
    ----------
    source : PySRRegressor, DataFrame, or path-like
        A fitted model, its ``equations_``, a run directory (with ``hall_of_fame.csv``, or
        ``hall_of_fame_output1.csv`` and so on), or one such file. Where a file is missing or was cut off, its copy
        ``.bak`` is read.
    X : array-like, shape (n_samples, n_features), optional
        Data, best those of the fit: their ranges decide the formats of tables. Without it every input may take
        the whole range of the precision.
    y : array-like, shape (n_samples,) or (n_samples, n_outputs), optional
        Targets, kept with `X` for the accuracies of `verify`.
    feature_names : sequence of str, optional
        All inputs in order; the columns of `X`, the names that a model was fitted with, or else the variables of
        the formulas.
    output_names : sequence of str, optional
        One for each output; ``y``, or ``y0``, ``y1`` and so on by default.
    classes : sequence, optional
        Labels: the formulas are scores of a classifier then, one for the second of two classes or one for each.
    **parameters
        Those of `LatencyAwareRegressor` or `LatencyAwareClassifier`: precision, part, clock_period and so on.

    Returns
    -------
    LatencyAwareRegressor or LatencyAwareClassifier
        ``equations_`` holds every formula that can be put into fixed point; for the others there is a warning.

    Raises
    ------
    InputError
        The source is nothing that PySR makes, or names and data do not fit the formulas.
    FormatError
        A file is not a hall of fame.

    Examples
    --------
    >>> import pandas as pd
    >>> from lat_sr import from_pysr
    >>> found = pd.DataFrame({"complexity": [3], "loss": [0.1], "equation": ["x0 * x1"]})
    >>> from_pysr(found, precision="ap_fixed<12,6>").latency_
    1
    """
    outputs = _outputs(source)
    names = _feature_names(source, X, feature_names, outputs)
    kind = LatencyAwareRegressor if classes is None else LatencyAwareClassifier
    model: LatencyAwareEstimator = kind(**parameters)
    if classes is not None:
        scores = 1 if len(classes) == 2 else len(classes)
        if scores != len(outputs):
            raise InputError(
                f"{len(classes)} classes need {scores} formula(s), one for each output, but there are {len(outputs)}"
            )
    data = None if X is None else _data(X, len(names))
    _set_inputs(model, names)
    results = _results(classes, output_names, len(outputs))
    ports = port_names(names)
    renamed = {name: Variable(port) for name, port in zip(names, ports, strict=True)}
    parsed = [[(loss, parse(text, names)) for loss, text in rows] for rows in outputs]
    operators = {
        node.operator
        for rows in parsed
        for _, formula in rows
        for node in formula.walk()
        if isinstance(node, Call)
    }
    hardware = model._hardware(sorted(operators))
    fronts = []
    for rows in parsed:
        points = []
        for loss, formula in rows:
            point = _point(formula.substitute(renamed), loss, ports, hardware, data)
            if point is not None:
                points.append(point)
        if not points:
            raise InputError(f"none of the {len(rows)} formulas can be put into {hardware.precision}")
        fronts.append(Front(tuple(points), seed=0, evaluations=0, seconds=0.0, stop_reason="pysr"))
    model._hold(
        model._solution(
            hardware,
            selected_features=tuple(range(len(names))),
            input_names=ports,
            output_names=results,
            classes=None if classes is None else np.asarray(classes),
            is_vector=classes is not None or len(fronts) == 1,
            fronts=tuple(fronts),
            sample=None if data is None or y is None else (data, np.asarray(y)),
        )
    )
    return model


def _outputs(source: Any) -> list[list[_Row]]:
    """Losses and equations, a list for each output."""
    equations = getattr(source, "equations_", source)
    if isinstance(equations, (str, os.PathLike)):
        return [_read(path) for path in _files(Path(equations))]
    tables = equations if isinstance(equations, list) else [equations]
    if not tables or any(not hasattr(table, "columns") for table in tables):
        raise InputError(
            f"a {type(source).__name__} is no result of PySR; pass a fitted PySRRegressor, its run directory or a "
            "hall_of_fame.csv"
        )
    return [_rows(table, f"equations_ of the {type(source).__name__}") for table in tables]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found: dict[int, Path] = {}
    for entry in sorted(path.iterdir()):
        original = entry.name
        for ending in _COPIES:
            original = original.removesuffix(ending)
        if original.startswith(_HALL_OF_FAME) and ".csv" in original:
            match = _OUTPUT_NUMBER.search(original)
            number = int(match[1] or match[2]) if match else 1
            found.setdefault(number, path / original)
    if not found:
        raise InputError(
            f"{path} holds no {_HALL_OF_FAME}.csv; name the directory that PySR calls output_directory/run_id"
        )
    if sorted(found) != list(range(1, len(found) + 1)):
        raise InputError(
            f"{path} holds the outputs {sorted(found)}; the files of the others are missing, copy them there"
        )
    return [found[number] for number in sorted(found)]


def _read(path: Path) -> list[_Row]:
    """Rows of a file, or of its copy where the file is missing or damaged."""
    failure: LatSrError | None = None
    for candidate in (path, *(path.with_name(path.name + ending) for ending in _COPIES)):
        try:
            return _rows(_table(candidate), str(candidate))
        except LatSrError as error:
            failure = failure or error
    assert failure is not None
    raise failure


def _table(path: Path) -> Any:
    try:
        return pd.read_csv(path)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}; name a file or directory of PySR"
        ) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is no hall of fame of PySR: {' '.join(str(error).split())}") from error


def _rows(table: Any, where: str) -> list[_Row]:
    columns = {str(name).strip().lower(): name for name in table.columns}
    missing = [name for name in ("loss", "equation") if name not in columns]
    if missing:
        raise FormatError(
            f"{where} has no column {', '.join(missing)}; a hall of fame of PySR has Complexity, Loss and Equation"
        )
    rows = []
    for loss, equation in zip(table[columns["loss"]], table[columns["equation"]], strict=True):
        try:
            rows.append((float(loss), without_table_names(equation.strip())))
        except (TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"{where} is cut off or damaged at row {len(rows) + 1}") from error
    if not rows:
        raise FormatError(f"{where} has no formula yet; let PySR run until it has written one")
    return rows


def _feature_names(
    source: Any, X: Any, given: Sequence[str] | None, outputs: Sequence[Sequence[_Row]]
) -> list[str]:
    for names in (given, getattr(X, "columns", None), getattr(source, "feature_names_in_", None)):
        if names is not None:
            return [str(name) for name in names]
    used = {name for rows in outputs for _, text in rows for name in parse(text).variables}
    numbers = [int(name[1:]) for name in used if re.fullmatch(r"x\d+", name)]
    if len(numbers) == len(used):
        columns = np.shape(X)[1] if X is not None and np.ndim(X) == 2 else max(numbers, default=0) + 1
        return [f"x{number}" for number in range(columns)]
    if X is not None:
        raise InputError(
            f"the formulas have the variables {', '.join(sorted(used))}, but X has no column names; "
            "pass a DataFrame or feature_names"
        )
    return sorted(used)


def _data(X: ArrayLike, features: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    data = np.ascontiguousarray(X, dtype=np.float64)
    if data.ndim != 2 or data.shape[1] != features or not len(data) or not np.isfinite(data).all():
        raise InputError(
            f"X has shape {data.shape}; finite numbers of shape (n_samples >= 1, {features}) are expected"
        )
    return data


def _set_inputs(model: LatencyAwareEstimator, names: Sequence[str]) -> None:
    model.n_features_in_ = len(names)
    if list(names) != [f"x{number}" for number in range(len(names))]:
        model.feature_names_in_ = np.asarray(names, dtype=object)


def _results(classes: Sequence[Any] | None, given: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if given is not None:
        if len(given) != count:
            raise InputError(f"output_names has {len(given)} names for {count} outputs; give one for each")
        return tuple(str(name) for name in given)
    if classes is not None:
        return tuple(str(label) for label in (classes[1:] if len(classes) == 2 else classes))
    return ("y",) if count == 1 else tuple(f"y{number}" for number in range(count))


def _point(
    formula: Expression, loss: float, ports: Sequence[str], hardware: Hardware, data: Any
) -> FrontPoint | None:
    try:
        return FrontPoint((formula,), loss, hardware.circuit([formula], ports, data))
    except LatSrError as error:
        warnings.warn(f"{formula} is left out: {error}", UserWarning, stacklevel=3)
        return None
