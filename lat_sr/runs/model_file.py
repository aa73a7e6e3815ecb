"""Fitted models as versioned JSON: no pickle, readable by people and by other programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from lat_sr.errors import FormatError, LatSrError
from lat_sr.estimators.fitting import OutputFront
from lat_sr.expression.user_operators import define_missing, user_definitions
from lat_sr.files import read_json, write_atomic
from lat_sr.solution.front import PredictedCircuit
from lat_sr.target import Target

if TYPE_CHECKING:
    from lat_sr.estimators.base import LatencyAwareEstimator

__all__ = ["SCHEMA", "SCHEMA_VERSION", "json_parameters", "read_model", "write_model"]

SCHEMA = "lat_sr.model"
SCHEMA_VERSION = 1


def json_parameters(model: LatencyAwareEstimator) -> dict[str, Any]:
    """Constructor parameters in JSON's types.

    Engines, toolchains and losses given as objects are replaced by their names, a profile object by its document, a
    random generator by None.

    Parameters
    ----------
    model : estimator
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


def _user_operators(fronts: list[OutputFront]) -> dict[str, str]:
    return user_definitions(
        expression for front in fronts for point in front.points for expression in point.expressions
    )


def write_model(model: LatencyAwareEstimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted model.

    Parameters
    ----------
    model : estimator
        A fitted one.
    path : path-like
        The file to make or replace.

    Raises
    ------
    StorageError
        The file cannot be written.
    """
    names = getattr(model, "feature_names_in_", None)
    classes = getattr(model, "classes_", None)
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "estimator": type(model).__name__,
        "parameters": json_parameters(model),
        "user_operators": _user_operators(model.fronts_),
        "n_features_in": model.n_features_in_,
        "feature_names_in": None if names is None else list(names),
        "classes": None if classes is None else {"dtype": classes.dtype.str, "labels": classes.tolist()},
        "target_dimensions": getattr(model, "_target_dimensions", None),
        "selected_features": model.selected_features_.tolist(),
        "input_names": list(model.input_names_),
        "output_names": list(model.output_names_),
        "target": asdict(model.target_),
        "provenance": model.provenance_,
        "selected": list(model.selected_),
        "circuit": model.circuit_.to_dict(),
        "fronts": [front.to_dict() for front in model.fronts_],
    }
    # Not NaN but null, and not Infinity: other programs read this too.
    write_atomic(path, json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n")


def read_model(path: str | os.PathLike[str]) -> LatencyAwareEstimator:
    """Read a fitted model of either kind.

    Parameters
    ----------
    path : path-like
        A file that `write_model` wrote.

    Returns
    -------
    LatencyAwareRegressor or LatencyAwareClassifier
        It predicts the same, in both arithmetics.

    Raises
    ------
    FormatError
        The file is corrupt, of a newer version, or not a model.
    StorageError
        The file cannot be read.
    """
    from lat_sr.estimators import LatencyAwareClassifier, LatencyAwareRegressor

    document = read_json(path, SCHEMA, SCHEMA_VERSION)
    kinds = {kind.__name__: kind for kind in (LatencyAwareClassifier, LatencyAwareRegressor)}
    try:
        define_missing(document["user_operators"])
        model = kinds[document["estimator"]](**_restored_parameters(document["parameters"]))
        fronts = [OutputFront.from_dict(front) for front in document["fronts"]]
        selected = [int(i) for i in document["selected"]]
        for front, position in zip(fronts, selected, strict=True):
            front.points[position]
        model._set_fitted(
            features=np.array(document["selected_features"], dtype=np.intp),
            input_names=tuple(document["input_names"]),
            output_names=tuple(document["output_names"]),
            target=Target(**document["target"]),
            fronts=fronts,
            selected=selected,
            circuit=PredictedCircuit.from_dict(document["circuit"]),
            provenance=dict(document["provenance"]),
        )
        model.n_features_in_ = int(document["n_features_in"])
        if document["feature_names_in"] is not None:
            model.feature_names_in_ = np.array(document["feature_names_in"], dtype=object)
        if document["classes"] is not None:
            model.classes_ = np.array(document["classes"]["labels"], dtype=document["classes"]["dtype"])
        if document["target_dimensions"] is not None:
            model._target_dimensions = int(document["target_dimensions"])
    except LatSrError as error:
        raise FormatError(f"{path} cannot be used: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FormatError(f"{path} is damaged ({error!r}); fit and save the model again") from error
    return model


def _restored_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    restored = {
        name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()
    }
    if isinstance(restored["profile"], Mapping):
        from lat_sr.costs import OperatorProfile

        restored["profile"] = OperatorProfile.from_dict(dict(restored["profile"]))
    return restored
