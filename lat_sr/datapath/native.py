"""Datapaths in the form that the C++ core takes."""

from __future__ import annotations

from lat_sr import _engine
from lat_sr.datapath.graph import Datapath, Kind, Node
from lat_sr.precision import Overflow, Precision, Quantization

_KINDS = {kind: number for number, kind in enumerate(Kind)}
_QUANTIZATIONS = {mode: number for number, mode in enumerate(Quantization)}
_OVERFLOWS = {mode: number for number, mode in enumerate(Overflow)}
#: Width, fraction, whether it is signed, quantization, overflow, low, high.
CastFields = tuple[int, int, bool, int, int, int, int]
#: Kind, operands, low, high, fraction, index, value, cast.
DatapathNode = tuple[int, list[int], int, int, int, int, int, CastFields]
#: Low, high, fraction.
Port = tuple[int, int, int]

_NO_CAST = (1, 0, True, 0, 0, -1, 0)


def native_datapath(datapath: Datapath) -> _engine.FixedDatapath:
    """Hand a datapath to the C++ core.

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


def native_port(precision: Precision) -> Port:
    """Bounds and fraction of the ports of a datapath, as the C++ core takes them."""
    return precision.low, precision.high, precision.fraction


def cast_fields(target: Precision) -> CastFields:
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


def _fields(node: Node) -> DatapathNode:
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
