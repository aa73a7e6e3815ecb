"""Lowering: expressions and a precision to one datapath with shared subexpressions and exact bit growth."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from lat_sr.datapath.builder import Builder, Interval, WidthLimits, plain
from lat_sr.datapath.explicit import ExplicitTable
from lat_sr.datapath.function_values import constant_value, function_of, operator_function
from lat_sr.datapath.functions import TableStyle, lookup_function
from lat_sr.datapath.graph import Datapath, Kind
from lat_sr.datapath.reduction import REDUCTIONS
from lat_sr.errors import ExpressionError, InputError
from lat_sr.expression import Call, Constant, Expression, Variable, expand_user_operators
from lat_sr.operators import OPERATORS, get_operator
from lat_sr.precision import Precision

DEFAULT_TABLE_TOLERANCE = 4.0
"""Root mean square error that a single table may make, in units of the precision's least significant bit."""

IMPLEMENTATIONS = ("table", "interp")


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
    roots = [expand_user_operators(root) for root in roots]
    names = port_order(roots, input_names)
    integers = None
    if X is not None:
        data = np.asarray(X, dtype=np.float64)
        if data.ndim != 2 or data.shape[1] != len(names) or not len(data):
            raise InputError(
                f"X must have shape (n_samples >= 1, {len(names)}) for the inputs {names}, got {data.shape}"
            )
        integers = np.asarray(precision.from_float(data), dtype=np.int64)
    builder = Builder(
        precision, names, integers, _integer_ranges(ranges or {}, names, precision), limits or WidthLimits()
    )
    fraction = precision.fraction if constant_fraction is None else constant_fraction
    lowering = _Lowering(builder, precision, implementations, fraction, table_tolerance)
    outputs = tuple(lowering.output(root) for root in roots)
    return _prune(builder, precision, outputs)


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


def _integer_ranges(
    ranges: Mapping[str, tuple[float, float]], names: Sequence[str], precision: Precision
) -> dict[str, Interval]:
    result = {}
    for name, bounds in ranges.items():
        if name not in names:
            continue
        low, high = bounds
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InputError(f"the range of {name} is {bounds}; it must be finite with low <= high")
        clipped = np.clip([low, high], precision.minimum, precision.maximum)
        first, last = (int(end) for end in precision.from_float(clipped))
        result[name] = (min(first, last), max(first, last))
    return result


class _Lowering:
    """Lowers expressions into one builder."""

    def __init__(
        self,
        builder: Builder,
        precision: Precision,
        implementations: str | Mapping[str, str | ExplicitTable],
        constant_fraction: int,
        table_tolerance: float,
    ) -> None:
        self.builder = builder
        self.precision = precision
        self.constant_fraction = constant_fraction
        self._tolerance = table_tolerance
        self._lowered: dict[Expression, int] = {}
        given: Mapping[str, str | ExplicitTable] = (
            dict.fromkeys(OPERATORS, implementations)
            if isinstance(implementations, str)
            else {get_operator(name).name: chosen for name, chosen in implementations.items()}
        )
        self._tables = {name: chosen for name, chosen in given.items() if isinstance(chosen, ExplicitTable)}
        self._styles = {name: chosen for name, chosen in given.items() if isinstance(chosen, str)}
        if not set(self._styles.values()) <= set(IMPLEMENTATIONS):
            raise InputError(
                f"unknown implementation in {implementations!r}; allowed are {list(IMPLEMENTATIONS)}"
            )
        without = [
            name for name in self._tables if get_operator(name).arity > 1 or not is_table_function(name)
        ]
        if without:
            raise InputError(
                f"{', '.join(without)} cannot be a table; of a division, inv is the part that can be one"
            )

    def output(self, root: Expression) -> int:
        """The root's value in the precision of the port."""
        builder = self.builder
        result = self._fused(root, guard=0)
        if result is None:
            result = self.lower(root)
        builder.label = str(root)
        return builder.cast(result, self.precision)

    def lower(self, expression: Expression) -> int:
        """Node of an expression."""
        if expression not in self._lowered:
            node = self._fused(expression)
            if node is None:
                node = self._structural(expression)
            self._lowered[expression] = node
        return self._lowered[expression]

    def function(self, name: str, operand: int) -> int:
        """A unary table function of any node."""
        values = operator_function(name)
        if name in self._tables:
            return self._tables[name].lookup(self.builder, operand, values, name)
        style = self._style(name)
        reduction = REDUCTIONS.get(name)
        node = lookup_function(self.builder, operand, values, name, style, required=reduction is None)
        if node is None:
            assert reduction is not None
            node = reduction(self.builder, operand, style)
        return node

    def _style(self, name: str, guard: int = 2) -> TableStyle:
        implementation = self._styles.get(name, "table")
        return TableStyle(implementation, self._tolerance, self.precision.fraction, guard)

    def _fused(self, expression: Expression, guard: int = 2) -> int | None:
        """One lookup for a part that depends on one variable and holds a table function, if a table can hold it."""
        if len(expression.variables) != 1:
            return None
        functions = [
            node.operator
            for node in expression.walk()
            if isinstance(node, Call) and is_table_function(node.operator)
        ]
        if not functions or not self._tables.keys().isdisjoint(functions):
            return None
        (name,) = expression.variables
        builder = self.builder
        builder.label = str(expression)
        return lookup_function(
            builder,
            builder.input(builder.input_names.index(name)),
            function_of(expression, name),
            str(expression),
            self._style(functions[0], guard),
            required=False,
        )

    def _structural(self, expression: Expression) -> int:
        builder = self.builder
        if isinstance(expression, Variable):
            builder.label = expression.name
            return builder.input(builder.input_names.index(expression.name))
        if isinstance(expression, Constant):
            return self.constant(expression.value)
        assert isinstance(expression, Call)
        if not expression.variables:
            return self.constant(constant_value(expression))
        rule = _RULES.get(expression.operator)
        if rule is not None and expression.operator not in self._tables:
            rewritten = rule(self, expression)
            if isinstance(rewritten, Expression):
                return self.lower(rewritten)
            return rewritten
        operand = self.lower(expression.operands[0])
        builder.label = str(expression)
        return self.function(expression.operator, operand)

    def operands(self, expression: Call) -> tuple[int, ...]:
        """Nodes of the operands; afterwards new nodes belong to this expression."""
        nodes = tuple(self.lower(operand) for operand in expression.operands)
        self.builder.label = str(expression)
        return nodes

    def constant(self, value: float, fraction: int | None = None) -> int:
        """A constant rounded to nearest on the grid."""
        fraction = self.constant_fraction if fraction is None else fraction
        if not math.isfinite(value):
            raise ExpressionError(f"the constant {value} is not finite; remove it from the expression")
        try:
            integer = math.floor(value * 2.0**fraction + 0.5)
        except OverflowError:
            raise ExpressionError(
                f"the constant {value:g} is beyond fixed point; scale the data so that constants are smaller"
            ) from None
        return self.builder.constant(integer, fraction)


Rule = Callable[[_Lowering, Call], "int | Expression"]


def _divide(lowering: _Lowering, call: Call) -> int | Expression:
    numerator, denominator = call.operands
    if not denominator.variables:
        value = constant_value(denominator)
        if value == 0 or not math.isfinite(value) or not math.isfinite(1 / value):
            raise ExpressionError(f"division by {value} in {call}; remove it from the expression")
        # The reciprocal keeps as many significant bits as a constant near 1 has.
        fraction = lowering.constant_fraction + max(0, math.ceil(math.log2(abs(value))))
        node = lowering.lower(numerator)
        lowering.builder.label = str(call)
        return lowering.builder.multiply(node, lowering.constant(1 / value, fraction))
    return Call("*", (numerator, Call("inv", (denominator,))))


def _power(lowering: _Lowering, call: Call) -> int | Expression:
    base, exponent = call.operands
    if not isinstance(exponent, Constant) or exponent.value != int(exponent.value):
        raise ExpressionError(f"the exponent of {call} must be an integer constant")
    n = int(exponent.value)
    if n < 0:
        return Call("inv", (Call("pow", (base, Constant(float(-n)))),))
    return _integer_power(lowering, lowering.lower(base), n)


def _integer_power(lowering: _Lowering, base: int, n: int) -> int:
    if n == 0:
        return lowering.constant(1.0)
    if n == 1:
        return base
    half = _integer_power(lowering, base, n // 2)
    square = lowering.builder.multiply(half, half)
    return lowering.builder.multiply(square, base) if n % 2 else square


def _sign(lowering: _Lowering, call: Call) -> int:
    (a,) = lowering.operands(call)
    builder = lowering.builder
    minus, zero, plus = (builder.constant(value, 0) for value in (-1, 0, 1))
    return builder.select(a, minus, builder.select(builder.negate(a), plus, zero))


def _floor(lowering: _Lowering, a: int) -> int:
    node = lowering.builder.nodes[a]
    if node.fraction <= 0:
        return a
    integer = max(node.integer, 1)
    return lowering.builder.cast(a, plain(integer, integer, signed=node.signed))


def _ceil(lowering: _Lowering, call: Call) -> int:
    (a,) = lowering.operands(call)
    builder = lowering.builder
    return builder.negate(_floor(lowering, builder.negate(a)))


def _relu(lowering: _Lowering, call: Call) -> int:
    (a,) = lowering.operands(call)
    return lowering.builder.maximum(a, lowering.builder.constant(0, 0))


def _direct(method: str) -> Rule:
    def rule(lowering: _Lowering, call: Call) -> int:
        return int(getattr(lowering.builder, method)(*lowering.operands(call)))

    return rule


def _of_inner(function: str, inner: str) -> Rule:
    """``function(inner(x))`` where one table of the composite misses the tolerance."""

    def rule(lowering: _Lowering, call: Call) -> Expression:
        return Call(function, (Call(inner, call.operands),))

    return rule


_RULES: dict[str, Rule] = {
    "+": _direct("add"),
    "-": _direct("subtract"),
    "*": _direct("multiply"),
    "/": _divide,
    "neg": _direct("negate"),
    "abs": _direct("absolute"),
    "min": _direct("minimum"),
    "max": _direct("maximum"),
    "square": lambda lowering, call: _integer_power(lowering, lowering.operands(call)[0], 2),
    "cube": lambda lowering, call: _integer_power(lowering, lowering.operands(call)[0], 3),
    "pow": _power,
    "relu": _relu,
    "sign": _sign,
    "floor": lambda lowering, call: _floor(lowering, lowering.operands(call)[0]),
    "ceil": _ceil,
    "sqrt_abs": _of_inner("sqrt", "abs"),
    "log_abs": _of_inner("log", "abs"),
    "log1p": lambda lowering, call: Call("log", (Call("+", (call.operands[0], Constant(1.0))),)),
}


def is_table_function(name: str) -> bool:
    """Whether an operator of this name needs a lookup table, so that its whole one-variable argument may join it."""
    return "exact" not in get_operator(name).implementations


def _prune(builder: Builder, precision: Precision, outputs: Sequence[int]) -> Datapath:
    """Keep the nodes that an output needs, every input port, and the tables in use."""
    needed = set()
    pending = list(outputs)
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending.extend(builder.nodes[position].operands)
    order = sorted(needed)
    renumbered = {old: new for new, old in enumerate(order)}
    used_tables = list(
        dict.fromkeys(builder.nodes[i].index for i in order if builder.nodes[i].kind is Kind.LOOKUP)
    )
    table_number = {old: new for new, old in enumerate(used_tables)}
    nodes = []
    for old in order:
        node = builder.nodes[old]
        index = table_number[node.index] if node.kind is Kind.LOOKUP else node.index
        nodes.append(replace(node, operands=tuple(renumbered[i] for i in node.operands), index=index))
    return Datapath(
        precision=precision,
        input_names=builder.input_names,
        nodes=tuple(nodes),
        outputs=tuple(renumbered[i] for i in outputs),
        tables=tuple(builder.tables[i] for i in used_tables),
        labels=tuple(builder.labels[i] for i in order),
        slices=frozenset(renumbered[i] for i in order if i in builder.slices),
    )
