"""The C++ core's evaluation of datapaths, bit for bit that of `Datapath.evaluate_integers` and faster."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.datapath import Datapath
from lat_sr.datapath.native import native_datapath
from lat_sr.errors import InputError


def evaluate_datapath(datapath: Datapath, X: ArrayLike) -> NDArray[np.int64]:
    """Exact integer evaluation in C++.

    Parameters
    ----------
    datapath : Datapath
    X : array_like of int, shape (n_samples, n_inputs)
        Port values in units of the precision's least significant bit.

    Returns
    -------
    ndarray of int64, shape (n_samples, n_outputs)

    Raises
    ------
    InputError
        The shape is wrong, or a value lies outside of the ports' format.

    Examples
    --------
    >>> from lat_sr.datapath import lower
    >>> from lat_sr.expression import parse
    >>> from lat_sr.search import evaluate_datapath
    >>> evaluate_datapath(lower(parse("x0*x1 + 0.5"), "ap_fixed<8,4>"), [[24, 32]]).tolist()
    [[56]]
    """
    integers = np.ascontiguousarray(X, dtype=np.int64)
    inputs = len(datapath.input_names)
    if integers.ndim != 2 or integers.shape[1] != inputs:
        raise InputError(f"the datapath takes integers of shape (n_samples, {inputs}), got {integers.shape}")
    precision = datapath.precision
    if integers.size and (integers.min() < precision.low or integers.max() > precision.high):
        raise InputError(f"port values must lie in {precision.low}..{precision.high} of {precision}")
    return native_datapath(datapath).evaluate(integers)
