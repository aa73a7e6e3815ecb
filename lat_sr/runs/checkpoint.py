"""Unfinished fits: what is kept of a search until its run directory is written, so that a second start goes on.

They lie in the folder ``checkpoint`` of the run directory:

=====================  ==================================================================================
``search.json``        what decides the course of the search: parameters, digest of the data, seed
``output<k>.json``     what was found for output k, once its search is over
``output<k>.state``    the state of the native engine's search for output k
=====================  ==================================================================================
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lat_sr
from lat_sr.errors import FormatError, InputError
from lat_sr.expression import parse_equation
from lat_sr.files import read_json, write_atomic
from lat_sr.runs.model_file import json_parameters
from lat_sr.runs.protocol import Model
from lat_sr.search.native import NativeEngine
from lat_sr.search.problem import Callback, Engine, Point, SearchProblem, SearchResult

__all__ = ["SearchCheckpoint", "checkpoint_of", "remove_checkpoint", "unfinished_seed"]

SCHEMA, SCHEMA_VERSION = "lat_sr.checkpoint", 1
_DIRECTORY, _SEARCH = "checkpoint", "search.json"

# Seconds of search that a killed process loses at most.
_PERIOD = 2.0

# Parameters that say when a search ends and what is shown, not where it goes; the seed is kept by itself.
_FREE = ("timeout", "max_evaluations", "model_selection", "n_jobs", "random_state", "verbose")


class SearchCheckpoint:
    """What a run directory holds of a search that is not over.

    Parameters
    ----------
    run_directory : path-like
    settings : mapping
        In JSON's types: all that decides the course of the search but its seed.
    seed : int
        Of the whole fit.

    Raises
    ------
    InputError
        The directory holds an unfinished search with other settings. The message names them.
    FormatError
        The checkpoint is damaged, or from a newer version.
    """

    def __init__(self, run_directory: str | os.PathLike[str], settings: Mapping[str, Any], seed: int) -> None:
        self._directory = Path(run_directory) / _DIRECTORY
        self._settings = json.loads(json.dumps(settings))
        self.seed = seed
        kept = _read(run_directory)
        if kept is not None:
            self._require_same(kept)

    def _require_same(self, kept: Mapping[str, Any]) -> None:
        before = {**kept["settings"], "random_state": kept["seed"]}
        now = {**self._settings, "random_state": self.seed}
        other = [
            name if name == "data" else f"{name} was {json.dumps(before.get(name))}, is {json.dumps(value)}"
            for name, value in now.items()
            if before.get(name) != value
        ]
        if other:
            raise InputError(
                f"{self._directory.parent} holds an unfinished search with other settings ({'; '.join(other)}); "
                f"give the same to go on, name another run directory, or delete {self._directory} to start again"
            )

    @property
    def seconds(self) -> float:
        """Time spent on the searches that are over."""
        paths = self._directory.glob("output*.json")
        return sum(float(read_json(path, SCHEMA, SCHEMA_VERSION)["seconds"]) for path in paths)

    def engine(self, engine: Engine, number: int) -> Engine:
        """The engine for an output: it keeps what it finds, the native one the state of its search too."""
        document = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "settings": self._settings,
            "seed": self.seed,
        }
        write_atomic(self._directory / _SEARCH, json.dumps(document, indent=1) + "\n")
        if isinstance(engine, NativeEngine) and engine.checkpoint is None:
            engine = replace(
                engine, checkpoint=self._directory / f"output{number}.state", checkpoint_period=_PERIOD
            )
        return _KeptSearch(engine, self._directory / f"output{number}.json")

    def remove_if_empty(self) -> None:
        """Leave nothing of a search that came to nothing."""
        if not any(self._directory.glob("output*")):
            shutil.rmtree(self._directory, ignore_errors=True)


class _KeptSearch:
    """An engine that keeps what it found, and does not search again."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path

    def search(self, problem: SearchProblem, *, callback: Callback | None = None) -> SearchResult:
        """See `lat_sr.search.Engine.search`."""
        if self._path.exists():
            return self._kept(problem)
        result = self._engine.search(problem, callback=callback)
        fields = asdict(result)
        fields["points"] = [{**asdict(point), "expressions": point.equation} for point in result.points]
        document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **fields}
        write_atomic(self._path, json.dumps(document) + "\n")
        return result

    def _kept(self, problem: SearchProblem) -> SearchResult:
        document = read_json(self._path, SCHEMA, SCHEMA_VERSION)
        try:
            points = tuple(
                Point(**{**point, "expressions": parse_equation(point["expressions"], problem.feature_names)})
                for point in document["points"]
            )
            fields = {k: v for k, v in document.items() if k not in ("schema", "schema_version")}
            return SearchResult(**{**fields, "points": points})
        except (KeyError, TypeError) as error:
            raise FormatError(f"{self._path} is damaged ({error!r}); delete it to search again") from error


def checkpoint_of(
    model: Model,
    run_directory: str | os.PathLike[str],
    X: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
    *,
    feature_names: Sequence[str],
    output_names: Sequence[str],
) -> SearchCheckpoint:
    """The checkpoint of a fit.

    Parameters
    ----------
    model : Model
        Not fitted yet.
    run_directory : path-like
        Where the checkpoint lies.
    X, targets, weights : ndarray
        The samples; only their digest is kept.
    feature_names, output_names : sequence of str
        What the columns of `X` and `targets` are called.

    Returns
    -------
    SearchCheckpoint

    Raises
    ------
    InputError, FormatError
        See `SearchCheckpoint`.
    """
    from sklearn.utils import check_random_state

    given = model.get_params(deep=False)
    parameters = {name: value for name, value in json_parameters(model).items() if name not in _FREE}
    if not isinstance(given["engine"], str):
        engine = given["engine"]
        parameters["engine"] = repr(engine) if isinstance(engine, NativeEngine) else type(engine).__name__
    digest = hashlib.sha256()
    for values in (X, targets, weights):
        digest.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    settings = {
        "lat_sr": lat_sr.__version__,
        "estimator": type(model).__name__,
        **parameters,
        "features": list(feature_names),
        "outputs": list(output_names),
        "data": digest.hexdigest(),
    }
    seed = given["random_state"]
    if isinstance(seed, Integral):
        return SearchCheckpoint(run_directory, settings, int(seed))
    fresh = int(check_random_state(seed).randint(2**31 - 1))
    kept = _read(run_directory) if seed is None else None
    return SearchCheckpoint(run_directory, settings, fresh if kept is None else int(kept["seed"]))


def unfinished_seed(run_directory: str | os.PathLike[str]) -> int | None:
    """Seed of the unfinished fit in a run directory; None where there is none.

    Raises
    ------
    FormatError
        The checkpoint is damaged, or from a newer version.
    """
    kept = _read(run_directory)
    return None if kept is None else int(kept["seed"])


def remove_checkpoint(run_directory: str | os.PathLike[str]) -> None:
    """Forget the unfinished fit of a run directory, whose outcome is written."""
    shutil.rmtree(Path(run_directory) / _DIRECTORY, ignore_errors=True)


def _read(run_directory: str | os.PathLike[str]) -> dict[str, Any] | None:
    path = Path(run_directory) / _DIRECTORY / _SEARCH
    return read_json(path, SCHEMA, SCHEMA_VERSION) if path.exists() else None
