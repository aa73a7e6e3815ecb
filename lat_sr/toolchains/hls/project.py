"""A datapath as an HLS project: hls4ml's project with the datapath's own arithmetic written out in C++.

Every value has its exact ``ap_fixed`` type and every table is a constant array, so that neither a lookup
constructor has to run in synthesis nor a math library has to agree with the model: the C++ gives the datapath's
integers bit for bit. This is the project to take unless a flow is made for the vendor's math functions; those are in
`lat_sr.toolchains.hls.math`.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lat_sr.datapath import Datapath, Kind, Node
from lat_sr.errors import InputError, StorageError
from lat_sr.files import write_atomic
from lat_sr.precision import Overflow, Precision, Quantization
from lat_sr.target import Target
from lat_sr.toolchains.run.process import run

BACKENDS = ("Vitis", "Vivado")
_BINARY = {Kind.ADD: "{0} + {1}", Kind.SUBTRACT: "{0} - {1}", Kind.MULTIPLY: "{0} * {1}"}
_COMPILE_SECONDS = 600.0


@dataclass(frozen=True)
class HlsInterface:
    """What an HLS function makes of a datapath's ports.

    Parameters
    ----------
    inputs : tuple of Precision
        Formats of the variables, each within the datapath's precision. They are the datapath's first inputs.
    result : Precision
        Format of the results, the datapath's last outputs.
    calls : tuple of str
        Functions of namespace ``hls``. Call ``k`` takes the datapath's output ``k``, and what it gives is the
        datapath's input ``len(inputs) + k``.
    """

    inputs: tuple[Precision, ...]
    result: Precision
    calls: tuple[str, ...] = ()

    @classmethod
    def plain(cls, datapath: Datapath) -> HlsInterface:
        """Every port in the datapath's precision."""
        return cls((datapath.precision,) * len(datapath.input_names), datapath.precision)


def cpp_function_body(datapath: Datapath, interface: HlsInterface | None = None) -> str:
    """C++ statements that compute ``y[]`` from ``x[]`` with the datapath's integers.

    Parameters
    ----------
    datapath : Datapath
    interface : HlsInterface, optional
        Every port in the datapath's precision if not given.

    Returns
    -------
    str
        Statements for the body of an hls4ml top function; the array ``x`` holds the precision, ``y`` the interface's
        format of results.

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
    interface = interface or HlsInterface.plain(datapath)
    lines = []
    for position, node in enumerate(datapath.nodes):
        operands = [f"v{i}" for i in node.operands]
        if node.kind is Kind.INPUT:
            value = _input(datapath, node.index, interface)
        elif node.kind is Kind.LOOKUP:
            lines.append(_table(datapath, position))
            width = _ports_width(datapath.nodes[node.operands[0]])
            value = f"table{position}[(unsigned){operands[0]}.range({width - 1}, 0)]"
        else:
            value = _value(node, operands)
        lines.append(f"{_type(node)} v{position} = {value};")
    results = datapath.outputs[len(interface.calls) :]
    if interface.result != datapath.precision:
        # Rounded once, to the format of the results.
        results = tuple(_uncast(datapath, position) for position in results)
    lines += [f"y[{number}] = v{position};" for number, position in enumerate(results)]
    return "\n".join("    " + line for line in lines)


def write_hls_project(
    datapath: Datapath,
    directory: Path | str,
    target: Target | None = None,
    *,
    backend: str = "Vitis",
    interface: HlsInterface | None = None,
    headers: Path | str | None = None,
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
    interface : HlsInterface, optional
        Every port in the datapath's precision if not given.
    headers : Path or str, optional
        The vendor's ``include`` directory, for `compile_hls_project`; hls4ml's own headers if not given. They do for
        everything but calls of the vendor's math functions.

    Returns
    -------
    hls4ml.model.ModelGraph
        The project. Its ``compile()`` would write hls4ml's own version again: use `compile_hls_project`, then its
        ``predict()`` runs the C++.

    Raises
    ------
    InputError
        An unknown backend, or a circuit without inputs.
    StorageError
        If the directory cannot be written.
    """
    import hls4ml
    from hls4ml.backends.fpga.fpga_types import APTypeConverter
    from hls4ml.converters import convert_from_symbolic_expression
    from hls4ml.writer.vitis_writer import VitisWriter

    if backend not in BACKENDS:
        raise InputError(f"backend is {backend!r}; allowed are {list(BACKENDS)}")
    if not datapath.input_names:
        raise InputError("an HLS function has at least one input; give input_names")
    target = target or Target()
    directory = Path(directory)
    interface = interface or HlsInterface.plain(datapath)
    include = Path(headers or Path(hls4ml.__file__).parent / "templates" / "vivado" / "ap_types")
    # hls4ml only needs to know the number of ports; a sum of all of them uses each one.
    ports = " + ".join(f"x{i}" for i in range(len(interface.inputs)))
    model = convert_from_symbolic_expression(
        [ports] * (len(datapath.outputs) - len(interface.calls)),
        n_symbols=len(interface.inputs),
        output_dir=str(directory),
        precision=str(datapath.precision),
        part=target.part,
        clock_period=target.clock_period,
        clock_uncertainty=f"{target.clock_uncertainty:g}",
        compiler="vitis_hls" if backend == "Vitis" else "vivado_hls",
        hls_include_path=str(include),
        # Where the vendor has them; hls4ml links nothing if they are not there.
        hls_libs_path=str(include.parent / "lnx64"),
    )
    (result,) = model.get_output_variables()
    wanted = model.config.backend.convert_precision_string(str(interface.result))
    result.type.precision = APTypeConverter().convert(wanted)
    source = directory / "firmware" / "myproject.cpp"
    try:
        model.write()
        if backend == "Vitis":
            writer = VitisWriter()
            writer.write_board_script_override(model)
            writer.write_build_prj_override(model)
            writer.write_build_opts(model)
        text = source.read_text()
    except OSError as error:
        raise StorageError(
            f"cannot write the HLS project to {directory} ({error.strerror}); choose a writable directory"
        ) from error
    body = "    // exact types, constant tables\n" + cpp_function_body(datapath, interface) + "\n}\n"
    write_atomic(source, re.sub(r"[^\n]*// expr1\n.*\Z", lambda _: body, text, flags=re.DOTALL))
    return model


def compile_hls_project(model: Any) -> Any:
    """Compile a project of `write_hls_project` as it stands on disk, and return it.

    Raises
    ------
    ToolError
        There is no compiler, or it fails; calls of the vendor's math functions need the vendor's headers.
    """
    directory = Path(model.config.get_output_dir()).resolve()
    run(("bash", "-e", "build_lib.sh"), directory, timeout=_COMPILE_SECONDS)
    stamp = model.config.get_config_value("Stamp")
    model._top_function_lib = ctypes.cdll.LoadLibrary(str(directory / "firmware" / f"myproject-{stamp}.so"))
    return model


def _input(datapath: Datapath, index: int, interface: HlsInterface) -> str:
    """The value of an input port: a variable, or what a function gives."""
    count = len(interface.inputs)
    if index < count:
        own = interface.inputs[index]
        return f"x[{index}]" if own == datapath.precision else f"{_format(own)}(x[{index}])"
    call = index - count
    p = datapath.precision
    argument = _format(Precision(p.width, p.integer, p.signed, p.quantization, Overflow.SAT))
    # The library's functions know formats without modes only.
    size = f"<{p.width}, {p.integer}>"
    operand = f"ap_fixed{size}({argument}(v{_uncast(datapath, datapath.outputs[call])}))"
    return f"hls::{interface.calls[call]}{size}({operand})"


def _uncast(datapath: Datapath, output: int) -> int:
    """The node of an output before it is brought into the datapath's precision."""
    node = datapath.nodes[output]
    return node.operands[0] if node.kind is Kind.CAST and node.precision == datapath.precision else output


def _ports_width(node: Node) -> int:
    if node.kind is Kind.CAST and node.precision is not None:
        return node.precision.width
    return node.width


def _type(node: Node) -> str:
    if node.kind is Kind.CAST and node.precision is not None:
        return _format(node.precision)
    return f"{'ap_fixed' if node.signed else 'ap_ufixed'}<{node.width}, {node.integer}>"


def _format(p: Precision) -> str:
    modes = f", AP_{p.quantization.value}, AP_{p.overflow.value}"
    if p.quantization is Quantization.TRN and p.overflow is Overflow.WRAP:
        modes = ""
    return f"{'ap_fixed' if p.signed else 'ap_ufixed'}<{p.width}, {p.integer}{modes}>"


def _constant(value: int, fraction: int) -> str:
    # Values of up to 52 bits are exact as a double, and repr gives its digits; C++11 has no hexadecimal ones.
    return repr(value * 2.0**-fraction)


def _value(node: Node, operands: list[str]) -> str:
    kind = node.kind
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
