"""Fitted models as versioned JSON: no pickle, readable by people and by other programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lat_sr.costs import OperatorProfile
from lat_sr.errors import FormatError, LatSrError, OperatorError
from lat_sr.expression.user_operators import define_missing, user_definitions
from lat_sr.files import read_json, validated, write_atomic
from lat_sr.runs.protocol import FittedModel, Model
from lat_sr.solution import Solution

__all__ = ["SCHEMA", "SCHEMA_VERSION", "SavedModel", "json_parameters", "read_model", "write_model"]

SCHEMA = "lat_sr.model"
# Version 1 kept what was found beside the parameters, not as one part.
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class SavedModel:
    """A model as it was read from a file.

    Parameters
    ----------
    estimator : str
        Name of its class.
    parameters : dict
        What the class is made with.
    solution : Solution
        What it found.
    """

    estimator: str
    parameters: dict[str, Any]
    solution: Solution


def json_parameters(model: Model) -> dict[str, Any]:
    """Constructor parameters in JSON's types.

    Engines, toolchains and losses given as objects are replaced by their names, a profile object by its document, a
    random generator by None.

    Parameters
    ----------
    model : Model
        Fitted or not.

    Returns
    -------
    dict
        By parameter name.
    """
    return {name: _plain(value) for name, value in model.get_params(deep=False).items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(entry) for entry in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, np.random.RandomState):
        return None
    return str(getattr(value, "name", None) or getattr(value, "__qualname__", value))


def write_model(model: FittedModel, path: str | os.PathLike[str]) -> None:
    """Write a fitted model.

    Parameters
    ----------
    model : FittedModel
        Its class, parameters and solution are written, without the sample.
    path : path-like
        The file to make or replace.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    solution = model.solution_
    found = (part for front in solution.fronts for point in front.points for part in point.expressions)
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "estimator": type(model).__name__,
        "parameters": json_parameters(model),
        "user_operators": user_definitions(found),
        "solution": solution.to_dict(),
    }
    # Not NaN but null, and not Infinity: other programs read this too.
    write_atomic(path, json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n")


def read_model(path: str | os.PathLike[str]) -> SavedModel:
    """Read a fitted model of any kind.

    Parameters
    ----------
    path : path-like
        A file that `write_model` wrote.

    Returns
    -------
    SavedModel
        Its solution predicts the same, in both arithmetics.

    Raises
    ------
    FormatError
        The file is corrupt, of another version, or not a model.
    StorageError
        The file cannot be read.
    """
    document = read_json(path, SCHEMA, SCHEMA_VERSION)
    if document["schema_version"] < SCHEMA_VERSION:
        raise FormatError(f"{path} was written by an older lat_sr, in a format of its own; fit again")
    try:
        define_missing(document["user_operators"])
        solution = Solution.from_dict(document["solution"])
        return SavedModel(str(document["estimator"]), _parameters(document["parameters"]), solution)
    except OperatorError as error:
        raise FormatError(f"{path} cannot be used: {error}") from error
    except (KeyError, TypeError, AttributeError, LatSrError) as error:
        what = error if isinstance(error, LatSrError) else repr(error)
        raise FormatError(f"{path} is damaged ({what}); fit and save the model again") from error


def _parameters(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the tuples that parameters are, a profile as an object."""
    parameters = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    profile = plain.get("profile")
    if isinstance(profile, Mapping):
        parameters["profile"] = validated(OperatorProfile, profile, "the profile")
    return parameters
