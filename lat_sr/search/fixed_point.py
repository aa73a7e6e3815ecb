"""The C++ core's evaluation of datapaths, bit for bit that of `Datapath.evaluate_integers` and faster."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr import _engine
from lat_sr.datapath import Datapath, Kind
from lat_sr.datapath.graph import Node
from lat_sr.errors import InputError
from lat_sr.precision import Overflow, Precision, Quantization

_KINDS = {kind: number for number, kind in enumerate(Kind)}
_QUANTIZATIONS = {mode: number for number, mode in enumerate(Quantization)}
_OVERFLOWS = {mode: number for number, mode in enumerate(Overflow)}
_NO_CAST = (1, 0, True, 0, 0, -1, 0)


def native_datapath(datapath: Datapath) -> _engine.FixedDatapath:
    """Hand a datapath to the C++ core, to evaluate it many times.

    Parameters
    ----------
    datapath : Datapath

    Returns
    -------
    lat_sr._engine.FixedDatapath
        Its method ``evaluate`` takes and gives contiguous int64 arrays.
    """
    return _engine.FixedDatapath(
        [_fields(node) for node in datapath.nodes],
        list(datapath.outputs),
        [list(table.entries) for table in datapath.tables],
        len(datapath.input_names),
    )


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


def cast_fields(target: Precision) -> _engine.CastFields:
    """Write a format as the C++ core takes it.

    Parameters
    ----------
    target : Precision

    Returns
    -------
    tuple
        Width, fraction bits, whether it is signed, numbers of the modes, and bounds.
    """
    return (
        target.width,
        target.fraction,
        target.signed,
        _QUANTIZATIONS[target.quantization],
        _OVERFLOWS[target.overflow],
        target.low,
        target.high,
    )


def _fields(node: Node) -> _engine.DatapathNode:
    return (
        _KINDS[node.kind],
        list(node.operands),
        node.low,
        node.high,
        node.fraction,
        node.index,
        node.value,
        _NO_CAST if node.precision is None else cast_fields(node.precision),
    )
