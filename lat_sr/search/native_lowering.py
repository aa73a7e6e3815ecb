"""The C++ core's lowering, node for node that of `lat_sr.datapath.lower`, and its values on the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr import _engine
from lat_sr.datapath import DEFAULT_TABLE_TOLERANCE, Datapath, Kind, Node, Table, WidthLimits
from lat_sr.datapath.native import DatapathNode, cast_fields
from lat_sr.errors import ExpressionError, InputError
from lat_sr.expression import Expression
from lat_sr.expression.postfix import expression_of, tree_of
from lat_sr.precision import Overflow, Precision, Quantization

_KINDS = tuple(Kind)
_QUANTIZATIONS = tuple(Quantization)
_OVERFLOWS = tuple(Overflow)
_IMPLEMENTATIONS = ("table", "interp")


@dataclass(frozen=True)
class LoweredFormulas:
    """What `NativeLowering.lower` gives.

    Parameters
    ----------
    datapath : Datapath
        Without labels.
    values : ndarray of int64, shape (n_samples, n_outputs)
        The outputs on the data, in units of the precision's least significant bit.
    """

    datapath: Datapath
    values: NDArray[np.int64]


class NativeLowering:
    """Lowers formulas on the same data in C++, many times a second.

    Parameters
    ----------
    X : array_like of float, shape (n_samples, n_inputs)
        Data whose ranges decide the formats of tables and narrowing casts.
    precision : Precision or str
    input_names : sequence of str, optional
        Of the columns; ``x0``, ``x1``, ... if not given.
    implementations, constant_fraction, table_tolerance, limits
        As for `lat_sr.datapath.lower`.

    Raises
    ------
    InputError
        The data are empty, not finite or of another shape, or an implementation is unknown.

    Examples
    --------
    >>> from lat_sr import parse
    >>> lowering = NativeLowering([[1.5, 2.0], [0.25, -1.0]], "ap_fixed<8,4>")
    >>> lowered = lowering.lower(parse("x0*x1 + 0.5"))
    >>> lowered.values.tolist()
    [[56], [4]]
    >>> [node.kind.value for node in lowered.datapath.nodes]
    ['input', 'input', 'multiply', 'constant', 'add', 'cast']
    """

    def __init__(
        self,
        X: ArrayLike,
        precision: Precision | str,
        *,
        input_names: Sequence[str] | None = None,
        implementations: str | Mapping[str, str] = "table",
        constant_fraction: int | None = None,
        table_tolerance: float = DEFAULT_TABLE_TOLERANCE,
        limits: WidthLimits | None = None,
    ) -> None:
        self.precision = Precision.parse(precision)
        integers = quantised(X, self.precision)
        columns = integers.shape[1]
        self.input_names = tuple(input_names or (f"x{i}" for i in range(columns)))
        if len(self.input_names) != columns:
            raise InputError(f"X has {columns} columns but there are {len(self.input_names)} input names")
        self._native = _engine.Lowering(
            integers,
            cast_fields(self.precision),
            **lowering_settings(self.precision, implementations, constant_fraction, table_tolerance, limits),
        )

    def lower(self, expressions: Expression | Sequence[Expression]) -> LoweredFormulas:
        """Lower expressions to one datapath, and evaluate it on the data.

        Parameters
        ----------
        expressions : Expression or sequence of Expression
            One per output.

        Returns
        -------
        LoweredFormulas

        Raises
        ------
        ExpressionError
            An expression uses an unknown variable or cannot be put into fixed point.
        OperatorError
            An operator that the core does not have.
        InputError
            There is no expression.
        """
        roots = [expressions] if isinstance(expressions, Expression) else list(expressions)
        if not roots:
            raise InputError("no expression to lower; pass at least one")
        trees = [tree_of(root, self.input_names) for root in roots]
        refusal, nodes, outputs, tables, values = self._native.lower(trees)
        if not isinstance(values, np.ndarray):
            written = ", ".join(str(root) for root in roots)
            raise ExpressionError(f"{written} cannot be put into {self.precision}: {refusal}")
        built: list[Node] = []
        for fields in nodes:
            built.append(_node(fields, built))
        lookups = {node.index: node for node in built if node.kind is Kind.LOOKUP}
        datapath = Datapath(
            precision=self.precision,
            input_names=self.input_names,
            nodes=tuple(built),
            outputs=tuple(outputs),
            tables=tuple(
                Table(self._function_name(function) + suffix, tuple(entries), lookups[i].fraction)
                for i, (entries, function, suffix) in enumerate(tables)
            ),
        )
        return LoweredFormulas(datapath, values)

    def lowerable(self, trees: Sequence[_engine.Tree]) -> list[bool]:
        """Lower each tree alone and tell whether it can be put into fixed point.

        Parameters
        ----------
        trees : sequence of Tree
            See `lat_sr.expression.postfix.tree_of`.

        Returns
        -------
        list of bool
        """
        return self._native.lowerable(list(trees))

    def _function_name(self, function: object) -> str:
        if isinstance(function, _engine.Tree):
            return str(expression_of(function.postfix, self.input_names))
        return str(function)


class LoweringSettings(TypedDict):
    """Keywords of the core's lowering."""

    constant_fraction: int
    table_tolerance: float
    interpolated: dict[str, bool]
    limits: tuple[int, int, int]


def lowering_settings(
    precision: Precision,
    implementations: str | Mapping[str, str] = "table",
    constant_fraction: int | None = None,
    table_tolerance: float = DEFAULT_TABLE_TOLERANCE,
    limits: WidthLimits | None = None,
) -> LoweringSettings:
    """Settings of `lat_sr.datapath.lower` as the C++ core takes them."""
    limits = limits or WidthLimits()
    return {
        "constant_fraction": precision.fraction if constant_fraction is None else constant_fraction,
        "table_tolerance": table_tolerance,
        "interpolated": _interpolated(implementations),
        "limits": (limits.node, limits.multiplicand, limits.multiplier),
    }


def real_data(X: ArrayLike) -> NDArray[np.float64]:
    """Data as the C++ core takes them.

    Parameters
    ----------
    X : array_like of float, shape (n_samples, n_inputs)

    Returns
    -------
    ndarray of float64, shape (n_samples, n_inputs)
        Contiguous; `X` itself where it already is.

    Raises
    ------
    InputError
        `X` is not two-dimensional.
    """
    data = np.ascontiguousarray(X, dtype=np.float64)
    if data.ndim != 2:
        raise InputError(f"X must have the shape (samples, features), not {data.shape}")
    return data


def quantised(X: ArrayLike, precision: Precision) -> NDArray[np.int64]:
    """Port values of real data: `Precision.from_float` in C++.

    Parameters
    ----------
    X : array_like of float, shape (n_samples, n_inputs)
    precision : Precision

    Returns
    -------
    ndarray of int64, shape (n_samples, n_inputs)

    Raises
    ------
    InputError
        `X` is empty, not finite or not two-dimensional.
    """
    try:
        return _engine.quantise(real_data(X), cast_fields(precision))
    except ValueError as error:
        raise InputError(str(error)) from error


def _interpolated(implementations: str | Mapping[str, str]) -> dict[str, bool]:
    names = _engine.operator_names()
    chosen = (
        dict.fromkeys(names, implementations)
        if isinstance(implementations, str)
        else {name: implementations.get(name, "table") for name in names}
    )
    unknown = sorted(set(chosen.values()) - set(_IMPLEMENTATIONS))
    if unknown:
        raise InputError(f"unknown implementation(s) {unknown}; allowed are {list(_IMPLEMENTATIONS)}")
    return {name: choice == "interp" for name, choice in chosen.items()}


def _node(fields: DatapathNode, before: Sequence[Node]) -> Node:
    number, operands, low, high, fraction, index, value, cast = fields
    kind = _KINDS[number]
    target = None
    if kind is Kind.CAST:
        width, target_fraction, signed, quantization, overflow, _, _ = cast
        target = Precision(
            width,
            width - target_fraction,
            signed,
            _QUANTIZATIONS[quantization],
            _OVERFLOWS[overflow],
        )
    return Node(
        kind,
        tuple(operands),
        low,
        high,
        fraction,
        index=index,
        value=value,
        value_fraction=fraction - before[operands[0]].fraction if kind is Kind.SCALE else 0,
        precision=target,
    )
