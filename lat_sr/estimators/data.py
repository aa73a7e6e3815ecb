"""What training data must be like, and which of its features matter."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from lat_sr.errors import InputError, LatSrError
from lat_sr.precision import Precision

__all__ = ["Floats", "check_finite", "check_samples", "checked", "important_features", "warn_of_overflow"]

Floats = NDArray[np.float64]

# Rows that the random forest sees: its importances change little beyond, its time grows with the rows.
_FOREST_ROWS = 20_000


class _WrongTypeError(InputError, TypeError):
    """An argument of a type that scikit-learn's callers expect a TypeError for."""


def checked(call: Callable[[], Any]) -> Any:
    """Give scikit-learn's refusals of data and parameters as errors of this package."""
    try:
        return call()
    except LatSrError:
        raise
    except TypeError as error:
        raise _WrongTypeError(str(error)) from error
    except ValueError as error:
        raise InputError(str(error)) from error


def check_finite(X: Floats, names: Sequence[str]) -> None:
    """Refuse missing and infinite inputs.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
    names : sequence of str
        Names of the features for messages.

    Raises
    ------
    InputError
        A value is NaN or infinite; the message names the features and the first such row.
    """
    finite = np.isfinite(X)
    if not finite.all():
        features = ", ".join(name for name, column in zip(names, finite.T, strict=True) if not column.all())
        row = int(np.argmin(finite.all(axis=1)))
        raise InputError(
            f"NaN or inf in the feature {features}, first in row {row} of {len(X)} (counted from 0); formulas need "
            "finite numbers: leave such rows out or fill them in"
        )


def check_samples(X: Floats, targets: Floats, names: Sequence[str], target_names: Sequence[str]) -> None:
    """Refuse data that no search can use.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
    targets : ndarray, shape (n_samples, n_targets)
    names, target_names : sequence of str
        Names for messages.

    Raises
    ------
    InputError
        There is only one sample, or a column never varies.
    """
    if len(X) < 2:
        raise InputError(
            f"found {len(X)} sample (n_samples={len(X)}); at least 2 are needed to fit a formula"
        )
    for values, labels, what, fix in (
        (X, names, "feature", "leave it out: a formula has constants of its own"),
        (targets, target_names, "target", "there is nothing to learn: check that the right column is named"),
    ):
        constant = [label for label, column in zip(labels, values.T, strict=True) if np.ptp(column) == 0]
        if constant:
            raise InputError(f"the {what} {', '.join(constant)} is constant on all {len(X)} samples; {fix}")


def warn_of_overflow(values: Floats, names: Sequence[str], precision: Precision, what: str) -> None:
    """Warn of columns that the fixed-point format cannot hold.

    Parameters
    ----------
    values : ndarray, shape (n_samples, n_columns)
    names : sequence of str
        One for each column.
    precision : Precision
        The format of the ports.
    what : str
        What the columns are.
    """
    low, high = values.min(axis=0), values.max(axis=0)
    outside = (low < precision.minimum) | (high > precision.maximum + precision.lsb)
    if not outside.any():
        return
    largest = float(np.maximum(-low, high).max())
    integer = max(math.floor(math.log2(largest)) + 1, 0) + int(precision.signed)
    columns = ", ".join(name for name, out in zip(names, outside, strict=True) if out)
    warnings.warn(
        f"the {what} {columns} leaves {precision}, which holds {precision.minimum:g} to {precision.maximum:g}: "
        f"values there overflow in the circuit; scale the data (StandardScaler), or use {integer} integer bits",
        UserWarning,
        stacklevel=5,
    )


def important_features(X: Floats, y: NDArray[Any], k: int, *, classify: bool, seed: int) -> NDArray[np.intp]:
    """Columns with the largest random-forest importance.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
    y : ndarray, shape (n_samples,) or (n_samples, n_targets)
        Targets, or class labels.
    k : int
        How many to keep; all where there are no more.
    classify : bool
        Whether `y` holds class labels.
    seed : int
        Seed of the forest.

    Returns
    -------
    ndarray of int, shape (min(k, n_features),)
        Rising.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr.estimators.data import important_features
    >>> X = np.random.default_rng(0).normal(size=(200, 4))
    >>> important_features(X, X[:, 2] - X[:, 1], 2, classify=False, seed=0).tolist()
    [1, 2]
    """
    if k >= X.shape[1]:
        return np.arange(X.shape[1])
    rows = np.random.default_rng(seed).permutation(len(X))[:_FOREST_ROWS]
    kind = RandomForestClassifier if classify else RandomForestRegressor
    forest = kind(n_estimators=100, max_depth=8, random_state=seed)
    importance = forest.fit(X[rows], y[rows].squeeze()).feature_importances_
    return np.sort(np.argsort(-importance, kind="stable")[:k])
