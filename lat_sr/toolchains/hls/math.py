"""hls4ml projects of formulas whose functions are the vendor's ``hls_math``, or explicit tables.

This is hls4ml's own way to an HLS project, for flows that are built on it and for comparisons with the vendor's math
library, whose bits and clock cycles only the vendor's tools know. Sums, products and everything else exact are the
datapath's, and so are explicit tables: a project of those alone equals the datapath bit for bit. For a trigger take
`lat_sr.toolchains.hls.project`, where every function is a table that suits the data.

hls4ml 1.3.0 and sympy print some functions in a way that does not compile or is slow (a square root as a power,
negative powers, the logarithm of a magnitude), and its lookup tables are filled by a constructor that synthesis does
not run. The project is therefore hls4ml's, but the arithmetic in it is written by `cpp_function_body`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lat_sr.datapath import Datapath, ExplicitTable, lower
from lat_sr.datapath.lowering import port_order
from lat_sr.errors import InputError, OperatorError, PrecisionError
from lat_sr.expression import Call, Constant, Expression, UserOperator, Variable, expand_user_operators, parse
from lat_sr.operators import Operator, get_operator
from lat_sr.operators.declaration import OPERAND_NAMES
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.hls.project import HlsInterface, write_hls_project

__all__ = ["hls4ml_datapath", "write_hls4ml_project"]


def write_hls4ml_project(
    expressions: str | Expression | Sequence[str | Expression],
    directory: Path | str,
    precision: Precision | str,
    *,
    target: Target | None = None,
    backend: str = "Vitis",
    tables: Mapping[str, ExplicitTable] | None = None,
    input_names: Sequence[str] | None = None,
    input_precisions: Mapping[str, Precision | str] | None = None,
    result_precision: Precision | str | None = None,
    headers: Path | str | None = None,
) -> Any:
    """Write formulas as an hls4ml project.

    Parameters
    ----------
    expressions : str, Expression, or sequence of them
        One for each output.
    directory : Path or str
        Made if it does not exist.
    precision : Precision or str
        Format of functions, of constants, and of every port that is not given another one.
    target : Target, optional
        Part, clock period and uncertainty.
    backend : {"Vitis", "Vivado"}
        Flavour of the project's Tcl.
    tables : mapping of operator name to ExplicitTable, optional
        Functions that are tables, written out as constants; all others are the vendor's.
    input_names : sequence of str, optional
        The input ports in order; the variables of the formulas if not given.
    input_precisions : mapping of variable to Precision or str, optional
        Formats of single variables, each within `precision`.
    result_precision : Precision or str, optional
        Format of the results.
    headers : Path or str, optional
        See `lat_sr.toolchains.hls.project.write_hls_project`.

    Returns
    -------
    hls4ml.model.ModelGraph
        See `lat_sr.toolchains.hls.project.write_hls_project`.

    Raises
    ------
    InputError
        A table does not fit the precision, or a variable's format does not.
    StorageError
        The directory cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lat_sr.datapath import ExplicitTable
    >>> directory = tempfile.mkdtemp()
    >>> project = write_hls4ml_project(
    ...     "sin(x0)*x1", directory, "ap_fixed<16,6>", tables={"sin": ExplicitTable(-4, 4, 512)}
    ... )  # doctest: +SKIP
    """
    datapath, interface = hls4ml_datapath(
        expressions,
        precision,
        tables=tables,
        input_names=input_names,
        input_precisions=input_precisions,
        result_precision=result_precision,
    )
    return write_hls_project(
        datapath, directory, target, backend=backend, interface=interface, headers=headers
    )


def hls4ml_datapath(
    expressions: str | Expression | Sequence[str | Expression],
    precision: Precision | str,
    *,
    tables: Mapping[str, ExplicitTable] | None = None,
    input_names: Sequence[str] | None = None,
    input_precisions: Mapping[str, Precision | str] | None = None,
    result_precision: Precision | str | None = None,
) -> tuple[Datapath, HlsInterface]:
    """The datapath around the vendor's functions, and how it meets them.

    Without any of them, the datapath is the whole circuit.

    Parameters
    ----------
    expressions, precision, tables, input_names, input_precisions, result_precision
        See `write_hls4ml_project`.

    Returns
    -------
    datapath : Datapath
        Its inputs are the variables, then what each function gives; its outputs the arguments of the functions, then
        the results.
    interface : HlsInterface

    Raises
    ------
    InputError
        See `write_hls4ml_project`.
    """
    given = [expressions] if isinstance(expressions, (str, Expression)) else expressions
    roots = [expand_user_operators(parse(part) if isinstance(part, str) else part) for part in given]
    wanted = Precision.parse(precision)
    tables = {get_operator(name).name: table for name, table in (tables or {}).items()}
    names = port_order(roots, input_names)
    separated = _Separated(tables, names)
    results = [separated.without_calls(root) for root in roots]
    if separated.calls and not wanted.signed:
        raise PrecisionError(
            f"the vendor's {separated.calls[0]} takes signed numbers, not {wanted}; use ap_fixed, or tables"
        )
    datapath = lower(
        [*separated.arguments, *results],
        wanted,
        input_names=[*names, *separated.names],
        implementations=tables,
    )
    interface = HlsInterface(
        _input_formats(names, wanted, input_precisions or {}),
        wanted if result_precision is None else Precision.parse(result_precision),
        tuple(separated.calls),
    )
    return datapath, interface


class _Separated:
    """Takes the vendor's functions out of formulas: a variable stands for each."""

    def __init__(self, tables: Mapping[str, ExplicitTable], names: Sequence[str]) -> None:
        self.calls: list[str] = []
        self.arguments: list[Expression] = []
        self.names: list[str] = []
        self._tables = tables
        self._taken = set(names)
        self._seen: dict[Call, Variable] = {}

    def without_calls(self, root: Expression) -> Expression:
        """The formula with variables in the place of calls."""
        return root.fold(self._node)

    def _node(self, node: Expression, operands: tuple[Expression, ...]) -> Expression:
        result = node.with_operands(operands)
        if not isinstance(result, Call) or not result.variables:
            return result
        operator = get_operator(result.operator)
        if operator.name in self._tables or self._is_exact(result):
            return result
        if operator.hls_math is not None:
            return self._call(result, operator.hls_math)
        return _rewritten(result, operator).fold(self._node)

    @staticmethod
    def _is_exact(call: Call) -> bool:
        """Whether the datapath computes it without a function."""
        last = call.operands[-1]
        if call.operator == "/":
            return not last.variables
        return get_operator(call.operator).is_exact and not (
            call.operator == "pow" and isinstance(last, Constant) and last.value < 0
        )

    def _call(self, call: Call, function: str) -> Variable:
        if call not in self._seen:
            name = f"f{len(self.names)}"
            while name in self._taken:
                name += "_"
            self._taken.add(name)
            self._seen[call] = Variable(name)
            self.calls.append(function)
            self.arguments.append(call.operands[0])
            self.names.append(name)
        return self._seen[call]


def _rewritten(call: Call, operator: Operator) -> Expression:
    """A call in terms of other operators."""
    if operator.name == "/":
        numerator, denominator = call.operands
        return Call("*", (numerator, Call("inv", (denominator,))))
    if operator.name == "pow":
        base, exponent = call.operands
        assert isinstance(exponent, Constant)
        return Call("inv", (Call("pow", (base, Constant(-exponent.value))),))
    if isinstance(operator, UserOperator):
        return expand_user_operators(call, unary=True)
    if operator.julia_body is None:
        raise OperatorError(
            f"hls_math.h has no {operator.name}; give a table for it in tables={{{operator.name!r}: ...}}"
        )
    return parse(operator.julia_body, OPERAND_NAMES).substitute(
        dict(zip(OPERAND_NAMES, call.operands, strict=False))
    )


def _input_formats(
    names: Sequence[str], precision: Precision, given: Mapping[str, Precision | str]
) -> tuple[Precision, ...]:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InputError(f"input_precisions names {', '.join(unknown)}; the inputs are {', '.join(names)}")
    formats = {name: Precision.parse(given.get(name, precision)) for name in names}
    for name, own in formats.items():
        if own.lsb < precision.lsb or own.minimum < precision.minimum or own.maximum > precision.maximum:
            raise PrecisionError(
                f"the format {own} of {name} does not lie within {precision}; give a precision that holds it"
            )
    return tuple(formats.values())
