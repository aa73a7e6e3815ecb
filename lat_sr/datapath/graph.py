"""The fixed-point dataflow graph and its exact integer evaluation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import FormatError, InputError
from lat_sr.precision import Precision

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

SCHEMA_VERSION = 1

# Every node fits in this many bits, so that tools which carry fixed-point values in float64 stay exact.
MAXIMUM_WIDTH = 52


class Kind(str, Enum):
    """What a node computes. Every kind is one hardware primitive, or wiring only."""

    INPUT = "input"
    CONSTANT = "constant"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    SCALE = "scale"
    NEGATE = "negate"
    ABSOLUTE = "absolute"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SELECT = "select"
    CAST = "cast"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the datapath: an integer in ``[low, high]`` that stands for ``integer * 2**-fraction``.

    Parameters
    ----------
    kind : Kind
        ``ADD``, ``SUBTRACT``, ``MINIMUM``, ``MAXIMUM`` and ``SELECT`` align their operands to the larger fraction;
        ``SELECT(c, a, b)`` is ``a`` where ``c < 0`` and ``b`` elsewhere. ``MULTIPLY`` adds the fractions. ``CAST``
        is `Precision.cast`. ``LOOKUP`` reads entry ``operand - operand.low`` of its table.
    operands : tuple of int
        Indices of earlier nodes.
    low, high : int
        Inclusive bounds that hold for every input the ports can carry.
    fraction : int
        Fraction bits; may be negative.
    index : int
        Column of an ``INPUT``, table number of a ``LOOKUP``.
    value, value_fraction : int
        Integer of a ``CONSTANT``; ``SCALE`` multiplies by ``value * 2**-value_fraction``.
    precision : Precision or None
        Target format of a ``CAST``.
    """

    kind: Kind
    operands: tuple[int, ...]
    low: int
    high: int
    fraction: int
    index: int = 0
    value: int = 0
    value_fraction: int = 0
    precision: Precision | None = None

    @property
    def width(self) -> int:
        """Bits that hold every integer of ``[low, high]``, with the sign bit if there are negative ones."""
        return interval_width(self.low, self.high)

    @property
    def signed(self) -> bool:
        """Whether the interval holds negative values."""
        return self.low < 0

    @property
    def integer(self) -> int:
        """Integer bits, including the sign bit."""
        return self.width - self.fraction


def interval_width(low: int, high: int) -> int:
    """Bits of the smallest two's complement (or unsigned, if ``low >= 0``) format that holds ``[low, high]``."""
    if low >= 0:
        return max(high.bit_length(), 1)
    return max((-low - 1).bit_length(), high.bit_length()) + 1


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup table, written out as integers.

    Parameters
    ----------
    name : str
        The function it holds, for reports.
    entries : tuple of int
        Entry ``k`` is the result for the operand integer ``operand.low + k``.
    fraction : int
        Fraction bits of the entries.
    """

    name: str
    entries: tuple[int, ...]
    fraction: int


@dataclass(frozen=True, slots=True)
class CastReport:
    """A cast whose overflow handling changes values on the given data.

    Parameters
    ----------
    node : int
        Index of the ``CAST`` node.
    expression : str
        The part of the formula that the node belongs to.
    precision : Precision
        The format cast to.
    rows : int
        Number of rows on which the value left the format.
    low, high : float
        Range of the values before the cast.
    """

    node: int
    expression: str
    precision: Precision
    rows: int
    low: float
    high: float


@dataclass(frozen=True)
class Datapath:
    """A typed fixed-point dataflow graph: what the hardware computes.

    Parameters
    ----------
    precision : Precision
        Format of every input port and every output port.
    input_names : tuple of str
        One name per input column.
    nodes : tuple of Node
        In topological order.
    outputs : tuple of int
        Node of each output; its format is ``precision``.
    tables : tuple of Table
    labels : tuple of str
        For each node the part of the formula it was made for; not part of the identity of the datapath.
    slices : frozenset of int
        Casts that cut bits out of a value by design, as a table's index does; not part of the identity either.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr import lower, parse
    >>> datapath = lower(parse("x0*x1 + 0.5"), "ap_fixed<8,4>")
    >>> datapath.evaluate(np.array([[1.5, 2.0]])).tolist()
    [[3.5]]
    """

    precision: Precision
    input_names: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]
    tables: tuple[Table, ...]
    labels: tuple[str, ...] = field(default=(), compare=False)
    slices: frozenset[int] = field(default=frozenset(), compare=False)

    def node_values(self, X: Integers) -> list[Integers]:
        """Integers of every node.

        Parameters
        ----------
        X : ndarray of int64, shape (n_samples, n_inputs)
            Port values in units of the precision's least significant bit.

        Returns
        -------
        list of ndarray of int64, each of shape (n_samples,)
        """
        X = np.asarray(X, dtype=np.int64)
        if X.ndim != 2 or X.shape[1] != len(self.input_names):
            raise InputError(
                f"the datapath takes integers of shape (n_samples, {len(self.input_names)}), got {X.shape}; "
                f"pass one column per input {list(self.input_names)}"
            )
        values: list[Integers] = []
        for node in self.nodes:
            operands = [self.nodes[i] for i in node.operands]
            values.append(evaluate_node(node, operands, [values[i] for i in node.operands], X, self.tables))
        return values

    def evaluate_integers(self, X: Integers) -> Integers:
        """Exact integer evaluation: the definition of what the hardware computes.

        Parameters
        ----------
        X : ndarray of int64, shape (n_samples, n_inputs)
            Port values in units of the precision's least significant bit.

        Returns
        -------
        ndarray of int64, shape (n_samples, n_outputs)
        """
        values = self.node_values(X)
        return np.stack([values[i] for i in self.outputs], axis=1)

    def evaluate(self, X: ArrayLike) -> Floats:
        """Evaluate on real inputs, which are first cast to the precision with its modes.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)

        Returns
        -------
        ndarray of float64, shape (n_samples, n_outputs)
        """
        integers = self.evaluate_integers(self.precision.from_float(np.asarray(X, dtype=np.float64)))
        return np.asarray(self.precision.to_float(integers), dtype=np.float64)

    def casts_changing(self, X: ArrayLike) -> list[CastReport]:
        """List every cast (inputs included) in which a value of the data overflows its format.

        Rounding does not count: a report means that a value wrapped or saturated.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_inputs)
        """
        X = np.asarray(X, dtype=np.float64)
        values = self.node_values(self.precision.from_float(X))
        reports = []
        for position, node in enumerate(self.nodes):
            if node.kind is Kind.INPUT:
                target, before = self.precision, X[:, node.index]
            elif node.precision is not None and position not in self.slices:
                target = node.precision
                source = self.nodes[node.operands[0]]
                before = values[node.operands[0]] * 2.0**-source.fraction
            else:
                continue
            # A rounding step can carry a value up to one lsb past the border without being an overflow of the data.
            rows = int(
                ((before >= target.maximum + target.lsb) | (before <= target.minimum - target.lsb)).sum()
            )
            if rows:
                label = self.labels[position] if self.labels else ""
                reports.append(
                    CastReport(position, label, target, rows, float(before.min()), float(before.max()))
                )
        return reports

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready description, read back by `from_dict`."""
        return {
            "schema": "lat_sr.datapath",
            "schema_version": SCHEMA_VERSION,
            "precision": str(self.precision),
            "input_names": list(self.input_names),
            "nodes": [_node_to_dict(node) for node in self.nodes],
            "outputs": list(self.outputs),
            "tables": [
                {"name": t.name, "entries": list(t.entries), "fraction": t.fraction} for t in self.tables
            ],
            "labels": list(self.labels),
            "slices": sorted(self.slices),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Datapath:
        """Inverse of `to_dict`; raises `FormatError` for anything else."""
        if data.get("schema") != "lat_sr.datapath" or data.get("schema_version") != SCHEMA_VERSION:
            raise FormatError(
                f"not a datapath of schema version {SCHEMA_VERSION}: found {data.get('schema')!r} version "
                f"{data.get('schema_version')!r}; write it again with this version of lat_sr"
            )
        try:
            return cls(
                precision=Precision.parse(data["precision"]),
                input_names=tuple(data["input_names"]),
                nodes=tuple(_node_from_dict(node) for node in data["nodes"]),
                outputs=tuple(data["outputs"]),
                tables=tuple(Table(t["name"], tuple(t["entries"]), t["fraction"]) for t in data["tables"]),
                labels=tuple(data["labels"]),
                slices=frozenset(data["slices"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the datapath description is damaged ({error}); write it again") from error

    def digest(self) -> str:
        """SHA-256 of everything that determines the circuit."""
        identity = {key: value for key, value in self.to_dict().items() if key not in ("labels", "slices")}
        text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _node_to_dict(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {
        "kind": node.kind.value,
        "operands": list(node.operands),
        "low": node.low,
        "high": node.high,
        "fraction": node.fraction,
    }
    if node.kind in (Kind.INPUT, Kind.LOOKUP):
        data["index"] = node.index
    if node.kind in (Kind.CONSTANT, Kind.SCALE):
        data["value"] = node.value
        data["value_fraction"] = node.value_fraction
    if node.precision is not None:
        data["precision"] = str(node.precision)
    return data


def _node_from_dict(data: Mapping[str, Any]) -> Node:
    return Node(
        kind=Kind(data["kind"]),
        operands=tuple(data["operands"]),
        low=data["low"],
        high=data["high"],
        fraction=data["fraction"],
        index=data.get("index", 0),
        value=data.get("value", 0),
        value_fraction=data.get("value_fraction", 0),
        precision=Precision.parse(data["precision"]) if "precision" in data else None,
    )


_ALIGNED: dict[Kind, Callable[[Integers, Integers], Integers]] = {
    Kind.ADD: np.add,
    Kind.SUBTRACT: np.subtract,
    Kind.MINIMUM: np.minimum,
    Kind.MAXIMUM: np.maximum,
}


def evaluate_node(
    node: Node, operands: Sequence[Node], values: Sequence[Integers], X: Integers, tables: Sequence[Table]
) -> Integers:
    """Integers of one node from those of its operands; ``X`` holds the port values."""
    kind = node.kind
    if kind is Kind.INPUT:
        return X[:, node.index]
    if kind is Kind.CONSTANT:
        return np.full(len(X), node.value, dtype=np.int64)
    if kind is Kind.MULTIPLY:
        return values[0] * values[1]
    if kind is Kind.SCALE:
        return values[0] * np.int64(node.value)
    if kind is Kind.NEGATE:
        return -values[0]
    if kind is Kind.ABSOLUTE:
        return np.abs(values[0])
    if kind is Kind.CAST:
        assert node.precision is not None
        return np.asarray(node.precision.cast(values[0], operands[0].fraction), dtype=np.int64)
    if kind is Kind.LOOKUP:
        entries = np.asarray(tables[node.index].entries, dtype=np.int64)
        return np.asarray(entries[values[0] - operands[0].low], dtype=np.int64)
    first, second = (
        value << np.int64(node.fraction - operand.fraction)
        for value, operand in zip(values[-2:], operands[-2:], strict=True)
    )
    if kind is Kind.SELECT:
        return np.where(values[0] < 0, first, second)
    return _ALIGNED[kind](first, second)
