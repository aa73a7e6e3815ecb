"""Vectors to simulate circuits with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.datapath import Datapath
from lat_sr.errors import InputError

Integers = NDArray[np.int64]


def stimuli(datapath: Datapath, count: int, given: ArrayLike | None = None, *, seed: int = 0) -> Integers:
    """Port integers: extreme values of all inputs, mixtures of extreme values, random ones, and given data.

    Parameters
    ----------
    datapath : Datapath
    count : int
        Number of vectors besides the given ones.
    given : array_like, shape (n_samples, n_inputs), optional
        Real values.
    seed : int

    Returns
    -------
    ndarray of int64, shape (n_vectors, n_inputs)

    Raises
    ------
    InputError
        `given` does not fit the inputs.
    """
    precision, inputs = datapath.precision, len(datapath.input_names)
    width = precision.width
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if precision.signed else (0, (1 << width) - 1)
    corners = np.unique(np.clip([low, low + 1, -1, 0, 1, high - 1, high], low, high)).astype(np.int64)
    random = np.random.default_rng(seed)
    uniform = np.repeat(corners[:, None], inputs, axis=1)
    mixed = random.choice(corners, (count // 4, inputs))
    # Values near zero, as standardised data are, reach other parts of tables than values from the whole range.
    scale = random.integers(0, width, (count // 4, 1))
    small = random.integers(low, high, (count // 4, inputs), endpoint=True) >> scale
    rest = random.integers(low, high, (count, inputs), endpoint=True)
    own = np.concatenate([uniform, mixed, small, rest])[:count]
    if given is None:
        return own
    rows = np.asarray(given, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != inputs:
        raise InputError(f"vectors have shape {rows.shape}; (n_samples, {inputs}) is expected")
    return np.concatenate([own, precision.from_float(rows)])


def port_integers(datapath: Datapath, X: Integers) -> Integers:
    """What the output ports carry, in units of the precision.

    Parameters
    ----------
    datapath : Datapath
    X : ndarray of int64, shape (n_vectors, n_inputs)

    Returns
    -------
    ndarray of int64, shape (n_vectors, n_outputs)
    """
    shift = [datapath.precision.fraction - datapath.nodes[i].fraction for i in datapath.outputs]
    return datapath.evaluate_integers(X) << np.array(shift, dtype=np.int64)


def packed(values: Integers, width: int) -> list[int]:
    """Each row as the bits of one port, the first column in the lowest bits."""
    mask = (1 << width) - 1
    return [sum((value & mask) << (width * k) for k, value in enumerate(row)) for row in values.tolist()]
