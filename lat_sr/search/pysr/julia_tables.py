"""Table functions in Julia, with the integers of the circuit.

A function is lowered as it is inside of a formula, and its datapath is written out node by node: truncated index,
entries rounded to nearest, range reduction and all. A search with such functions sees the tables' errors, at the price
of functions without a slope.
"""

from __future__ import annotations

import re
from typing import Any

from lat_sr.datapath import Datapath, ExplicitTable, Kind, Node, lower
from lat_sr.expression import Call, Variable
from lat_sr.operators import OPERATORS, get_operator
from lat_sr.precision import Overflow, Precision, Quantization

__all__ = ["julia_table_function", "table_function_name", "without_table_names"]

_CALL = re.compile(r"\b(\w+)_table(?=\()")


def table_function_name(operator: str) -> str:
    """Name in Julia of an operator that is a table."""
    return f"{get_operator(operator).name}_table"


def without_table_names(text: str) -> str:
    """A formula of PySR's with the operators that its table functions stand for.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> without_table_names("sin_table(x0) + pt_table")
    'sin(x0) + pt_table'
    """
    return _CALL.sub(lambda call: call[0] if call[0] in OPERATORS else call[1], text)


def julia_table_function(
    operator: str, precision: Precision | str, table: ExplicitTable | tuple[float, float]
) -> str:
    """Julia code that defines a function by the circuit's tables.

    Parameters
    ----------
    operator : str
        A unary operator that circuits compute by a table.
    precision : Precision or str
        Format of the circuit's ports. Arguments are truncated to its grid.
    table : ExplicitTable or (float, float)
        The table, or the range of the arguments for which the lowering chooses one. Arguments beyond saturate.

    Returns
    -------
    str
        Its value in Julia is the function. It takes and gives the type of its argument, NaN for NaN.

    Raises
    ------
    InputError
        The table or the range does not fit the precision.

    Examples
    --------
    >>> print(julia_table_function("sin", "ap_fixed<6,3>", (-0.5, 0.5)))
    let table2 = [-14, -14, -14, -6, 2, 10, 17, 17]
        global sin_table(x) = isnan(x) ? x : begin
            v0 = unsafe_trunc(Int, clamp(floor(Float64(x) * 8.0), -32.0, 31.0))
            v1 = clamp((v0 >> 1), -4, 3)
            v2 = table2[v1 + 5]
            oftype(x, v2 * 0.03125)
        end
        sin_table
    end
    """
    wanted = Precision.parse(precision)
    # A circuit casts an argument to its table's format only, which saturates.
    port = Precision(wanted.width, wanted.integer, wanted.signed, Quantization.TRN, Overflow.SAT)
    name = get_operator(operator).name
    if isinstance(table, ExplicitTable):
        options: dict[str, Any] = {"implementations": {name: table}}
    else:
        options = {"ranges": {"x": table}}
    # As the operand of a sum it keeps the guard bits that it has within formulas.
    datapath = lower(
        Call("+", (Call(name, (Variable("x"),)), Variable("other"))),
        port,
        input_names=["x", "other"],
        **options,
    )
    return _written(datapath, _function_node(datapath), table_function_name(name))


def _function_node(datapath: Datapath) -> int:
    """The operand of the sum that is not the other port."""
    total = next(node for node in datapath.nodes if node.kind is Kind.ADD and _reads_other(datapath, node))
    (function,) = (i for i in total.operands if not _is_other(datapath.nodes[i]))
    return function


def _is_other(node: Node) -> bool:
    return node.kind is Kind.INPUT and node.index == 1


def _reads_other(datapath: Datapath, node: Node) -> bool:
    return any(_is_other(datapath.nodes[i]) for i in node.operands)


def _written(datapath: Datapath, result: int, name: str) -> str:
    needed = {result}
    for position in range(result, -1, -1):
        if position in needed:
            needed.update(datapath.nodes[position].operands)
    order = sorted(needed)
    tables = ", ".join(
        f"table{position} = {list(datapath.tables[datapath.nodes[position].index].entries)}"
        for position in order
        if datapath.nodes[position].kind is Kind.LOOKUP
    )
    values = "\n".join(f"        v{position} = {_value(datapath, position)}" for position in order)
    scale = 2.0 ** -datapath.nodes[result].fraction
    return (
        f"let {tables}\n"
        f"    global {name}(x) = isnan(x) ? x : begin\n"
        f"{values}\n"
        f"        oftype(x, v{result} * {scale!r})\n"
        "    end\n"
        f"    {name}\n"
        "end"
    )


def _value(datapath: Datapath, position: int) -> str:
    """One node in Julia's 64-bit integers, which hold every node."""
    node = datapath.nodes[position]
    operands = [datapath.nodes[i] for i in node.operands]
    names = [f"v{i}" for i in node.operands]
    if node.kind is Kind.INPUT:
        scaled = f"floor(Float64(x) * {2.0**node.fraction!r})"
        return f"unsafe_trunc(Int, clamp({scaled}, {float(node.low)}, {float(node.high)}))"
    if node.kind is Kind.LOOKUP:
        return f"table{position}[{names[0]}{_plus(1 - operands[0].low)}]"
    if node.kind is Kind.CAST:
        assert node.precision is not None
        return _cast(_shifted(names[0], node.fraction - operands[0].fraction), node.precision)
    if node.kind is Kind.SCALE:
        return names[0] if node.value == 1 else f"{names[0]} * {node.value}"
    unaligned = {
        Kind.CONSTANT: f"{node.value}",
        Kind.MULTIPLY: " * ".join(names),
        Kind.NEGATE: f"-{''.join(names)}",
        Kind.ABSOLUTE: f"abs({''.join(names)})",
    }
    if node.kind in unaligned:
        return unaligned[node.kind]
    first, second = (
        _shifted(name, node.fraction - operand.fraction)
        for name, operand in zip(names[-2:], operands[-2:], strict=True)
    )
    return {
        Kind.ADD: f"{first} + {second}",
        Kind.SUBTRACT: f"{first} - {second}",
        Kind.MINIMUM: f"min({first}, {second})",
        Kind.MAXIMUM: f"max({first}, {second})",
        Kind.SELECT: f"ifelse({names[0]} < 0, {first}, {second})",
    }[node.kind]


def _plus(number: int) -> str:
    return "" if number == 0 else f" {'+' if number > 0 else '-'} {abs(number)}"


def _shifted(name: str, left: int) -> str:
    if left == 0:
        return name
    return f"({name} << {left})" if left > 0 else f"({name} >> {-left})"


def _cast(value: str, precision: Precision) -> str:
    """Truncated already; the lowering's own formats saturate or wrap."""
    if precision.overflow is Overflow.SAT:
        return f"clamp({value}, {precision.low}, {precision.high})"
    mask = (1 << precision.width) - 1
    if not precision.signed:
        return f"{value} & {mask}"
    half = 1 << (precision.width - 1)
    return f"(({value} + {half}) & {mask}) - {half}"
