"""Lowering: expressions and a precision to one datapath with shared subexpressions and exact bit growth.

The work is the C++ core's (`engine/lowering`); here its answers become a `Datapath`, or the error that says why not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr import _engine
from lat_sr.datapath.explicit import ExplicitTable
from lat_sr.datapath.graph import Datapath, Floats, Kind, Node, Table
from lat_sr.datapath.native import CastFields, DatapathNode, cast_fields
from lat_sr.datapath.refusals import refusal_error
from lat_sr.datapath.width_limits import WidthLimits
from lat_sr.errors import ExpressionError, InputError
from lat_sr.expression import Call, Expression, UserOperator, Variable, expand_user_operators
from lat_sr.expression.postfix import expression_of, tree_of
from lat_sr.operators import OPERATORS, Operator, get_operator
from lat_sr.precision import Overflow, Precision, Quantization

__all__ = [
    "DEFAULT_TABLE_TOLERANCE",
    "LoweredFormulas",
    "Lowering",
    "lower",
    "lowering_settings",
    "port_order",
    "quantised",
    "real_data",
]

DEFAULT_TABLE_TOLERANCE = 4.0
"""Root mean square error that a single table may make, in units of the precision's least significant bit."""

IMPLEMENTATIONS = ("table", "interp")

Implementations = str | Mapping[str, "str | ExplicitTable"]
Range = tuple[int, int]

_KINDS = tuple(Kind)
_QUANTIZATIONS = tuple(Quantization)
_OVERFLOWS = tuple(Overflow)


def lower(
    expressions: Expression | Sequence[Expression],
    precision: Precision | str,
    *,
    input_names: Sequence[str] | None = None,
    X: ArrayLike | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    implementations: str | Mapping[str, str | ExplicitTable] = "table",
    constant_fraction: int | None = None,
    table_tolerance: float = DEFAULT_TABLE_TOLERANCE,
    limits: WidthLimits | None = None,
) -> Datapath:
    """Lower expressions to one fixed-point datapath.

    Inputs and results have the given precision. Between them ``+ - *``, neg, abs, min, max, relu, square and integer
    powers grow exactly; a node above a width limit is narrowed by a cast of its own. A part of a formula that
    depends on one variable only and holds a table function becomes one lookup of that variable where a table can
    hold it within the tolerance. Equal subexpressions are one node, across outputs too.

    Parameters
    ----------
    expressions : Expression or sequence of Expression
        One per output.
    precision : Precision or str
    input_names : sequence of str, optional
        The input ports in order; the variables of the expressions, by first use, if not given.
    X : array_like, shape (n_samples, n_inputs), optional
        Data whose ranges decide the formats of tables and narrowing casts.
    ranges : mapping of str to (float, float), optional
        Ranges of inputs where there is no data; the whole range of the precision if neither is given.
    implementations : {"table", "interp"} or mapping of operator name to one of them or to an ExplicitTable
        An explicit table is looked up as it stands, whatever the tolerance.
    constant_fraction : int, optional
        Fraction bits to which constants are rounded; those of the precision if not given.
    table_tolerance : float
        See `DEFAULT_TABLE_TOLERANCE`.
    limits : WidthLimits, optional

    Returns
    -------
    Datapath

    Raises
    ------
    ExpressionError
        If an expression uses an unknown variable or cannot be put into fixed point.
    InputError
        If the data or the ranges do not fit the inputs.

    Examples
    --------
    >>> from lat_sr import lower, parse
    >>> datapath = lower([parse("x0*x1"), parse("x0*x1 + 1")], "ap_fixed<12,6>")
    >>> [node.kind.value for node in datapath.nodes]
    ['input', 'input', 'multiply', 'cast', 'constant', 'add', 'cast']
    """
    precision = Precision.parse(precision)
    roots = [expressions] if isinstance(expressions, Expression) else list(expressions)
    if not roots:
        raise InputError("no expression to lower; pass at least one")
    roots = _expanded(roots)
    names = port_order(roots, input_names)
    if X is not None:
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 2 or data.shape[1] != len(names) or not len(data):
            raise InputError(
                f"X must have shape (n_samples >= 1, {len(names)}) for the inputs {names}, got {data.shape}"
            )
    lowering = Lowering(
        precision,
        names,
        X=X,
        ranges=ranges,
        implementations=implementations,
        constant_fraction=constant_fraction,
        table_tolerance=table_tolerance,
        limits=limits,
    )
    return lowering.lower(roots).datapath


def port_order(roots: Sequence[Expression], input_names: Sequence[str] | None) -> list[str]:
    """The input ports of formulas: those given, or their variables."""
    used = list(dict.fromkeys(name for root in roots for name in root.variables))
    if input_names is None:
        # x0, x1, ..., x10 in the order of their numbers; other names in the order of first use.
        if all(name[0] == "x" and name[1:].isdigit() for name in used):
            return sorted(used, key=lambda name: int(name[1:]))
        return used
    unknown = [name for name in used if name not in input_names]
    if unknown:
        raise ExpressionError(f"unknown variable(s) {unknown}; the inputs are {list(input_names)}")
    return list(input_names)


@dataclass(frozen=True)
class LoweredFormulas:
    """What `Lowering.lower` gives.

    Parameters
    ----------
    datapath : Datapath
        What the hardware computes.
    values : ndarray of int64, shape (n_samples, n_outputs), or None
        The outputs on the data, in units of the precision's least significant bit; None without data.
    """

    datapath: Datapath
    values: NDArray[np.int64] | None


class Lowering:
    """Lowers formulas on the same inputs, many times a second.

    Parameters
    ----------
    precision : Precision or str
        Format of inputs and outputs.
    input_names : sequence of str
        The input ports in order.
    X, ranges, implementations, constant_fraction, table_tolerance, limits
        As for `lower`.

    Raises
    ------
    InputError
        The data are empty, not finite or of another shape, a range is none, or an implementation is unknown.

    Examples
    --------
    >>> from lat_sr import parse
    >>> lowering = Lowering("ap_fixed<8,4>", ["x0", "x1"], X=[[1.5, 2.0], [0.25, -1.0]])
    >>> lowered = lowering.lower(parse("x0*x1 + 0.5"))
    >>> lowered.values.tolist()
    [[56], [4]]
    >>> [node.kind.value for node in lowered.datapath.nodes]
    ['input', 'input', 'multiply', 'constant', 'add', 'cast']
    """

    def __init__(
        self,
        precision: Precision | str,
        input_names: Sequence[str],
        *,
        X: ArrayLike | None = None,
        ranges: Mapping[str, tuple[float, float]] | None = None,
        implementations: Implementations = "table",
        constant_fraction: int | None = None,
        table_tolerance: float = DEFAULT_TABLE_TOLERANCE,
        limits: WidthLimits | None = None,
    ) -> None:
        self.precision = Precision.parse(precision)
        self.input_names = tuple(input_names)
        self.limits = limits or WidthLimits()
        known = _engine.operator_names()
        functions = [o for o in OPERATORS.values() if o.arity == 1 and o.name not in known]
        self._function_names = tuple(function.name for function in functions)
        self._unusable: dict[str, InputError] = {}
        styles, tables = _sorted_out(implementations)
        settings = lowering_settings(self.precision, styles, constant_fraction, table_tolerance, self.limits)
        defined = [(_values(function), styles.get(function.name) == "interp") for function in functions]
        explicit = [self._explicit(name, table) for name, table in tables.items()]
        if X is None:
            self._native = _engine.Lowering(
                _integer_ranges(ranges or {}, self.input_names, self.precision),
                cast_fields(self.precision),
                **settings,
                defined=defined,
                explicit_tables=explicit,
            )
            return
        integers = quantised(X, self.precision)
        if integers.shape[1] != len(self.input_names):
            raise InputError(
                f"X has {integers.shape[1]} columns but there are {len(self.input_names)} input names"
            )
        self._native = _engine.Lowering(
            integers, cast_fields(self.precision), **settings, defined=defined, explicit_tables=explicit
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
        PrecisionError
            A value needs a format that there is not.
        InputError
            There is no expression, or a stated table cannot be used.
        """
        roots = [expressions] if isinstance(expressions, Expression) else list(expressions)
        if not roots:
            raise InputError("no expression to lower; pass at least one")
        trees = [tree_of(root, self.input_names, self._function_names) for root in _expanded(roots)]
        lowered = self._native.lower(trees)
        if isinstance(lowered, _engine.Refused):
            part = (
                ", ".join(str(root) for root in roots) if lowered.part is None else self._text(lowered.part)
            )
            if lowered.reason == "a stated table cannot be used" and lowered.part is not None:
                # The part is the call of the table's function.
                name, number = lowered.part.postfix[-1]
                raise self._unusable[self._function_names[int(number)] if name == "defined" else name]
            raise refusal_error(lowered, part, self.limits)
        nodes: list[Node] = []
        for fields in lowered.nodes:
            nodes.append(_node(fields, nodes))
        fractions = {node.index: node.fraction for node in nodes if node.kind is Kind.LOOKUP}
        texts = [self._text(part) for part in lowered.parts]
        datapath = Datapath(
            precision=self.precision,
            input_names=self.input_names,
            nodes=tuple(nodes),
            outputs=tuple(lowered.outputs),
            tables=tuple(
                Table(self._table_name(function) + suffix, tuple(entries), fractions[i])
                for i, (entries, function, suffix) in enumerate(lowered.tables)
            ),
            labels=tuple("" if place < 0 else texts[place] for place in lowered.labels),
            slices=frozenset(lowered.slices),
        )
        values = lowered.values if isinstance(lowered.values, np.ndarray) else None
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

    def _text(self, part: _engine.Tree) -> str:
        return str(expression_of(part.postfix, self.input_names, self._function_names))

    def _table_name(self, function: object) -> str:
        if isinstance(function, _engine.Tree):
            return self._text(function)
        return self._function_names[function] if isinstance(function, int) else str(function)

    def _explicit(
        self, name: str, stated: ExplicitTable
    ) -> tuple[str, int, tuple[list[int], int, int, int] | None]:
        """A stated table as the core takes it; without entries where it cannot be used."""
        of = _values(get_operator(name))

        def function(x: Floats) -> Floats:
            if isinstance(of, _engine.Tree):
                return _engine.function_values(of, np.ascontiguousarray(x))
            return of(x)

        number = self._function_names.index(name) if name in self._function_names else 0
        code = "defined" if name in self._function_names else name
        try:
            table = stated.entries(function, self.precision, name)
        except InputError as error:
            self._unusable[name] = error
            return code, number, None
        fraction = -round(math.log2(stated.step))
        return (
            code,
            number,
            (list(table.entries), table.fraction, round(stated.start / stated.step), fraction),
        )


def _values(operator: Operator) -> _engine.Tree | Callable[[Floats], Floats]:
    """A function of one operand for the core: a formula of operators that it has, or else numpy's."""
    if isinstance(operator, UserOperator):
        return tree_of(operator.expansion, ("x",))
    if operator.name in _engine.operator_names():
        return tree_of(Call(operator.name, (Variable("x"),)), ("x",))
    return operator.numpy


def _expanded(roots: Sequence[Expression]) -> list[Expression]:
    """The formulas with what user-defined operators of two operands stand for."""
    if any(isinstance(operator, UserOperator) for operator in OPERATORS.values()):
        return [expand_user_operators(root) for root in roots]
    return list(roots)


def _sorted_out(implementations: Implementations) -> tuple[dict[str, str], dict[str, ExplicitTable]]:
    """Implementations and stated tables by operator."""
    given: Mapping[str, str | ExplicitTable] = (
        dict.fromkeys(OPERATORS, implementations)
        if isinstance(implementations, str)
        else {get_operator(name).name: chosen for name, chosen in implementations.items()}
    )
    tables = {name: chosen for name, chosen in given.items() if isinstance(chosen, ExplicitTable)}
    styles = {name: chosen for name, chosen in given.items() if isinstance(chosen, str)}
    if not set(styles.values()) <= set(IMPLEMENTATIONS):
        raise InputError(
            f"unknown implementation in {implementations!r}; allowed are {list(IMPLEMENTATIONS)}"
        )
    without = [name for name in tables if get_operator(name).arity > 1 or get_operator(name).is_exact]
    if without:
        raise InputError(
            f"{', '.join(without)} cannot be a table; of a division, inv is the part that can be one"
        )
    return styles, tables


def _integer_ranges(
    ranges: Mapping[str, tuple[float, float]], names: Sequence[str], precision: Precision
) -> list[Range]:
    """Range of each port in units of its last bit; the whole range of the precision where none is given."""
    bits = precision.width - precision.signed
    result = dict.fromkeys(names, (-(1 << bits) if precision.signed else 0, (1 << bits) - 1))
    given = {name: bounds for name, bounds in ranges.items() if name in result}
    for name, (low, high) in given.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InputError(f"the range of {name} is {(low, high)}; it must be finite with low <= high")
    if given:
        ends = np.clip(np.array(list(given.values()), dtype=np.float64), precision.minimum, precision.maximum)
        for name, pair in zip(given, quantised(ends, precision).tolist(), strict=True):
            result[name] = (min(pair), max(pair))
    return list(result.values())


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
    """Settings of `lower` as the C++ core takes them."""
    limits = limits or WidthLimits()
    styles, _ = _sorted_out(implementations)
    return {
        "constant_fraction": precision.fraction if constant_fraction is None else constant_fraction,
        "table_tolerance": table_tolerance,
        "interpolated": {name: styles.get(name) == "interp" for name in _engine.operator_names()},
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


def _node(fields: DatapathNode, before: Sequence[Node]) -> Node:
    number, operands, low, high, fraction, index, value, cast = fields
    kind = _KINDS[number]
    return Node(
        kind,
        tuple(operands),
        low,
        high,
        fraction,
        index=index,
        value=value,
        value_fraction=fraction - before[operands[0]].fraction if kind is Kind.SCALE else 0,
        precision=_format(cast) if kind is Kind.CAST else None,
    )


@lru_cache(maxsize=4096)
def _format(cast: CastFields) -> Precision:
    width, fraction, signed, quantization, overflow, _, _ = cast
    return Precision(width, width - fraction, signed, _QUANTIZATIONS[quantization], _OVERFLOWS[overflow])
