"""A datapath as an HLS project: hls4ml's project with the datapath's own arithmetic written out in C++.

Every value has its exact ``ap_fixed`` type and every table is a constant array, so that neither a lookup
constructor has to run in synthesis nor a math library has to agree with the model: the C++ gives the datapath's
integers bit for bit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lat_sr.datapath import Datapath, Kind, Node
from lat_sr.errors import StorageError
from lat_sr.precision import Overflow, Quantization
from lat_sr.storage import write_atomic
from lat_sr.target import Target

_BINARY = {Kind.ADD: "{0} + {1}", Kind.SUBTRACT: "{0} - {1}", Kind.MULTIPLY: "{0} * {1}"}


def cpp_function_body(datapath: Datapath) -> str:
    """C++ statements that compute ``y[]`` from ``x[]`` with the datapath's integers.

    Parameters
    ----------
    datapath : Datapath

    Returns
    -------
    str
        Statements for the body of an hls4ml top function; arrays ``x`` and ``y`` hold the precision.

    Examples
    --------
    >>> from lat_sr import lower, parse
    >>> print(cpp_function_body(lower(parse("x0*x1"), "ap_fixed<8,4>")))
        ap_fixed<8, 4> v0 = x[0];
        ap_fixed<8, 4> v1 = x[1];
        ap_fixed<16, 8> v2 = v0 * v1;
        ap_fixed<8, 4> v3 = v2;
        y[0] = v3;
    """
    lines = []
    for position, node in enumerate(datapath.nodes):
        operands = [f"v{i}" for i in node.operands]
        if node.kind is Kind.LOOKUP:
            lines.append(_table(datapath, position))
            width = _ports_width(datapath.nodes[node.operands[0]])
            index = f"{operands[0]}.range({width - 1}, 0)"
            lines.append(f"{_type(node)} v{position} = table{position}[(unsigned){index}];")
            continue
        lines.append(f"{_type(node)} v{position} = {_value(node, operands)};")
    lines += [f"y[{number}] = v{position};" for number, position in enumerate(datapath.outputs)]
    return "\n".join("    " + line for line in lines)


def write_hls_project(
    datapath: Datapath, directory: Path | str, target: Target | None = None, *, backend: str = "Vitis"
) -> Any:
    """Write an hls4ml project whose top function is the datapath.

    Parameters
    ----------
    datapath : Datapath
    directory : Path or str
        Made if it does not exist.
    target : Target, optional
        Part, clock period and uncertainty of the project.
    backend : {"Vitis", "Vivado"}
        Flavour of the project's Tcl.

    Returns
    -------
    hls4ml.model.ModelGraph
        The project. Its ``compile()`` would write hls4ml's own version again: use `compile_hls_project`, then its
        ``predict()`` runs the C++ with hls4ml's ``ap_fixed`` headers.

    Raises
    ------
    StorageError
        If the directory cannot be written.
    """
    from hls4ml.converters import convert_from_symbolic_expression

    target = target or Target()
    directory = Path(directory)
    # hls4ml only needs to know the number of ports; a sum of all of them uses each one.
    ports = " + ".join(f"x{i}" for i in range(len(datapath.input_names)))
    model = convert_from_symbolic_expression(
        [ports] * len(datapath.outputs),
        n_symbols=len(datapath.input_names),
        output_dir=str(directory),
        precision=str(datapath.precision),
        part=target.part,
        clock_period=target.clock_period,
        compiler="vitis_hls" if backend == "Vitis" else "vivado_hls",
        hls_include_path="",
        hls_libs_path="",
    )
    try:
        model.write()
    except OSError as error:
        raise StorageError(
            f"cannot write the HLS project to {directory} ({error.strerror}); choose a writable directory"
        ) from error
    source = directory / "firmware" / "myproject.cpp"
    text = source.read_text()
    body = "// the datapath: exact types, constant tables\n" + cpp_function_body(datapath) + "\n}\n"
    write_atomic(source, re.sub(r"// expr1\n.*\Z", lambda _: body, text, flags=re.DOTALL))
    return model


def compile_hls_project(model: Any) -> Any:
    """Compile a project of `write_hls_project` as it stands on disk, and return it."""
    model._compile()
    return model


def _ports_width(node: Node) -> int:
    if node.kind is Kind.CAST and node.precision is not None:
        return node.precision.width
    return node.width


def _type(node: Node) -> str:
    if node.kind is Kind.CAST and node.precision is not None:
        p = node.precision
        modes = f", AP_{p.quantization.value}, AP_{p.overflow.value}"
        if p.quantization is Quantization.TRN and p.overflow is Overflow.WRAP:
            modes = ""
        return f"{'ap_fixed' if p.signed else 'ap_ufixed'}<{p.width}, {p.integer}{modes}>"
    return f"{'ap_fixed' if node.signed else 'ap_ufixed'}<{node.width}, {node.integer}>"


def _constant(value: int, fraction: int) -> str:
    # Values of up to 52 bits are exact as a double, and repr gives its digits; C++11 has no hexadecimal ones.
    return repr(value * 2.0**-fraction)


def _value(node: Node, operands: list[str]) -> str:
    kind = node.kind
    if kind is Kind.INPUT:
        return f"x[{node.index}]"
    if kind is Kind.CONSTANT:
        return _constant(node.value, node.fraction)
    if kind is Kind.SCALE:
        width = max(node.value.bit_length(), 1) + 1
        factor = (
            f"ap_fixed<{width}, {width - node.value_fraction}>({_constant(node.value, node.value_fraction)})"
        )
        return f"{operands[0]} * {factor}"
    if kind in _BINARY:
        return _BINARY[kind].format(*operands)
    if kind is Kind.NEGATE:
        return f"-{operands[0]}"
    if kind is Kind.CAST:
        return operands[0]
    own = _type(node)
    if kind is Kind.ABSOLUTE:
        return f"({operands[0]} < 0) ? {own}(-{operands[0]}) : {own}({operands[0]})"
    conditions = {
        Kind.SELECT: "{0} < 0",
        Kind.MINIMUM: "{0} < {1}",
        Kind.MAXIMUM: "{0} > {1}",
    }
    first, second = operands[-2:]
    return f"({conditions[kind].format(*operands)}) ? {own}({first}) : {own}({second})"


def _table(datapath: Datapath, position: int) -> str:
    """The table as a constant array in the order of the index's bit pattern."""
    node = datapath.nodes[position]
    index = datapath.nodes[node.operands[0]]
    table = datapath.tables[node.index]
    size = 1 << _ports_width(index)
    entries = [0] * size
    for offset, entry in enumerate(table.entries):
        entries[(index.low + offset) % size] = entry
    values = ", ".join(_constant(entry, table.fraction) for entry in entries)
    return f"static const {_type(node)} table{position}[{size}] = {{{values}}};"
