"""The losses, one declaration each: search, PySR and estimators look here. The C++ twin is in `engine/kernels`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lat_sr.errors import InputError

__all__ = ["LOSSES", "Floats", "Loss", "UserGradient", "UserLoss", "get_loss", "mean_loss"]

Floats = NDArray[np.float64]

#: ``loss(y, prediction, weights)``: one number for all rows.
UserLoss = Callable[[Floats, Floats, Floats], float]
#: ``gradient(y, prediction, weights)``: the derivative of a user's loss by each prediction.
UserGradient = Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A loss of single rows; that of a formula is their weighted mean, and with several outputs the mean over them too.

    Parameters
    ----------
    name : str
    rows : callable
        From targets, predictions and the parameter to each row's loss.
    julia_name : str, optional
        In LossFunctions.jl, with ``{0}`` for the parameter.
    julia : str, optional
        Julia code of a row's loss from the prediction p and the target y.
    parameter : str or None
        What ``loss_parameter`` means.
    default : float
        Of the parameter.
    below : float
        The parameter is above 0 and below this.
    two_classes : bool
        Whether the targets must be -1 and +1.
    classes : bool
        Whether the loss is one of all outputs, which score a class each; the targets are the classes' probabilities, 1
        for the class of the row and 0 for the others. `rows` then takes and needs all columns.

    Examples
    --------
    >>> from lat_sr.losses import LOSSES
    >>> LOSSES["quantile"](np.array([1.0, 1.0]), np.array([0.0, 2.0]), 0.9).tolist()
    [0.9, 0.09999999999999998]
    """

    name: str
    rows: Callable[[Floats, Floats, float], Floats]
    julia_name: str = ""
    julia: str = ""
    parameter: str | None = None
    default: float = 1.0
    below: float = math.inf
    two_classes: bool = False
    classes: bool = False

    def __call__(self, y: Floats, prediction: Floats, parameter: float | None = None) -> Floats:
        """Loss of each row.

        Parameters
        ----------
        y, prediction : ndarray, shape (n_samples,) or (n_samples, n_outputs)
        parameter : float, optional
            The default one if not given.

        Returns
        -------
        ndarray, shape (n_samples,)
        """
        rows = np.asarray(self.rows(y, prediction, self.checked_parameter(parameter)))
        return rows.mean(axis=1) if rows.ndim > 1 else rows

    def checked_parameter(self, parameter: float | None) -> float:
        """The parameter, or the default one for None.

        Raises
        ------
        InputError
            It is out of its range.
        """
        value = self.default if parameter is None else float(parameter)
        if not 0 < value < self.below:
            upper = "" if math.isinf(self.below) else f" and below {self.below:g}"
            raise InputError(
                f"loss_parameter is {value:g}; for the loss {self.name} it must be positive{upper}"
            )
        return value


def _huber(y: Floats, prediction: Floats, threshold: float) -> Floats:
    distance = np.abs(y - prediction)
    return np.where(distance <= threshold, 0.5 * distance**2, threshold * (distance - 0.5 * threshold))


def _quantile(y: Floats, prediction: Floats, quantile: float) -> Floats:
    return np.maximum(quantile * (y - prediction), (quantile - 1.0) * (y - prediction))


def _cross_entropy(y: Floats, prediction: Floats, _: float) -> Floats:
    # The largest score is taken away first, so that no exponential overflows.
    scores = prediction - prediction.max(axis=1, keepdims=True)
    return np.log(np.exp(scores).sum(axis=1)) - (y * scores).sum(axis=1)  # type: ignore[no-any-return]


#: By name, in the order of the engine's.
LOSSES: Mapping[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            name="l2",
            rows=lambda y, prediction, _: (y - prediction) ** 2,
            julia_name="L2DistLoss()",
            julia="(p - y)^2",
        ),
        Loss(
            name="l1",
            rows=lambda y, prediction, _: np.abs(y - prediction),
            julia_name="L1DistLoss()",
            julia="abs(p - y)",
        ),
        Loss(
            name="huber",
            rows=_huber,
            julia_name="HuberLoss({0!r})",
            julia="abs(p - y) <= {0!r} ? (p - y)^2 / 2 : {0!r} * (abs(p - y) - {0!r} / 2)",
            parameter="distance from which on the loss is linear",
        ),
        Loss(
            name="quantile",
            rows=_quantile,
            julia_name="QuantileLoss({0!r})",
            julia="(y - p) * ({0!r} - (y < p))",
            parameter="share of the targets below the formula",
            default=0.5,
            below=1.0,
        ),
        Loss(
            name="l2_margin",
            rows=lambda y, prediction, _: (1.0 - y * prediction) ** 2,
            julia_name="L2MarginLoss()",
            julia="(1 - y * p)^2",
            two_classes=True,
        ),
        Loss(
            name="logistic",
            rows=lambda y, prediction, _: np.logaddexp(0.0, -y * prediction),
            julia_name="LogitMarginLoss()",
            julia="log1p(exp(-y * p))",
            two_classes=True,
        ),
        Loss(name="cross_entropy", rows=_cross_entropy, classes=True),
    )
}


def get_loss(name: str) -> Loss:
    """Look a loss up.

    Raises
    ------
    InputError
        There is none of this name.
    """
    if name not in LOSSES:
        raise InputError(
            f"unknown loss {name!r}; allowed are {', '.join(LOSSES)}, or a function of targets, predictions and "
            "weights"
        )
    return LOSSES[name]


def mean_loss(
    loss: str | UserLoss,
    y: Floats,
    prediction: Floats,
    weights: Floats | None = None,
    parameter: float | None = None,
) -> float:
    """Loss of all rows.

    Parameters
    ----------
    loss : str or callable
        A name in :data:`LOSSES`, or a user's loss.
    y, prediction : ndarray, shape (n_samples,) or (n_samples, n_outputs)
    weights : ndarray, shape (n_samples,), optional
    parameter : float, optional
        Of a named loss; the default one if not given.

    Returns
    -------
    float

    Examples
    --------
    >>> from lat_sr.losses import mean_loss
    >>> mean_loss("huber", np.zeros(2), np.array([0.5, 3.0]), parameter=2.0)
    2.0625
    """
    if isinstance(loss, str):
        return float(np.average(get_loss(loss)(y, prediction, parameter), weights=weights))
    return float(loss(y, prediction, np.ones_like(y) if weights is None else weights))
