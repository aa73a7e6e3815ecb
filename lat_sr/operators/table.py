"""The table of the built-in operators, one declaration each, and the look-up by name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import OperatorError
from lat_sr.operators.declaration import (
    CALL,
    OPERAND_NAMES,
    POWER,
    PREFIX,
    PRODUCT,
    SUM,
    Derivative,
    Domain,
    Notation,
    Operator,
)

if TYPE_CHECKING:
    from lat_sr.expression.tree import Expression

__all__ = ["OPERATORS", "closest_names", "get_operator"]

EXACT: Final = ("exact",)
TABLE: Final = ("table", "interp")
EVERYWHERE: Final = Domain()


def _guarded(function: Callable[..., Any], domain: tuple[Domain, ...]) -> Callable[..., NDArray[np.float64]]:
    """Make a numpy function quiet, and NaN outside of its domain."""

    def values(*operands: ArrayLike) -> NDArray[np.float64]:
        arrays = [np.asarray(operand, dtype=np.float64) for operand in operands]
        with np.errstate(all="ignore"):
            result: NDArray[np.float64] = np.asarray(function(*arrays), dtype=np.float64)
        for d, array in zip(domain, arrays, strict=True):
            if not d.is_everywhere:
                result = np.where(d.contains(array), result, np.nan)
        return result

    return values


def _power(base: NDArray[np.float64], exponent: NDArray[np.float64]) -> NDArray[np.float64]:
    pole = (base == 0) & (exponent < 0)
    return np.where(pole, np.nan, np.power(base, exponent))


def _power_derivative(base: Expression, exponent: Expression) -> tuple[Expression, ...]:
    from lat_sr.expression.tree import Call, Constant

    assert isinstance(exponent, Constant)
    lowered = Call("pow", (base, Constant(exponent.value - 1.0)))
    return Call("*", (exponent, lowered)), Constant(0.0)


def _sympy(name: str, module: str = "sympy") -> Callable[..., Any]:
    """Give a function of sympy that is imported when first called."""

    def build(*operands: Any) -> Any:
        return getattr(import_module(module), name)(*operands)

    return build


def _function(
    name: str,
    numpy: Callable[..., Any],
    sympy: Callable[..., Any] | str,
    derivative: tuple[str, ...],
    *,
    latex: str | Notation,
    implementations: tuple[str, ...] = TABLE,
    domain: Domain = EVERYWHERE,
    aliases: tuple[str, ...] = (),
    julia_body: str | None = None,
    pysr_has: bool = True,
) -> Operator:
    """Declare an operator that is written as a function."""
    arity = len(derivative)
    operands = (0,) * arity
    if isinstance(latex, str):
        inside = ", ".join(f"{{{i}}}" for i in range(arity))
        latex = Notation(rf"{latex}\left({inside}\right)", CALL, operands)
    domains = (domain,) * arity
    return Operator(
        name=name,
        arity=arity,
        numpy=_guarded(numpy, domains),
        sympy=_sympy(sympy) if isinstance(sympy, str) else sympy,
        derivative=derivative,
        implementations=implementations,
        latex=latex,
        domain=domains,
        aliases=aliases,
        julia=None if pysr_has else f"{name}({', '.join(OPERAND_NAMES[:arity])}) = {julia_body}",
        julia_body=julia_body,
    )


def _infix(
    symbol: str,
    numpy: Callable[..., Any],
    sympy: Callable[..., Any],
    derivative: Derivative,
    precedence: int,
    *,
    name: str | None = None,
    latex: Notation,
    implementations: tuple[str, ...] = EXACT,
    domain: tuple[Domain, Domain] = (EVERYWHERE, EVERYWHERE),
    aliases: tuple[str, ...] = (),
) -> Operator:
    """Declare an operator that is written between its two operands."""
    return Operator(
        name=name or symbol,
        arity=2,
        numpy=_guarded(numpy, domain),
        sympy=sympy,
        derivative=derivative,
        implementations=implementations,
        latex=latex,
        domain=domain,
        aliases=aliases,
        infix=symbol,
        precedence=precedence,
    )


_CFUNCTIONS = "sympy.codegen.cfunctions"

_BUILT_IN: tuple[Operator, ...] = (
    _infix(
        "+", np.add, lambda x, y: x + y, ("1", "1"), SUM,
        latex=Notation("{0} + {1}", SUM, (SUM, SUM + 1)), aliases=("add", "plus"),
    ),
    _infix(
        "-", np.subtract, lambda x, y: x - y, ("1", "-1"), SUM,
        latex=Notation("{0} - {1}", SUM, (SUM, SUM + 1)), aliases=("sub", "subtract", "minus"),
    ),
    _infix(
        "*", np.multiply, lambda x, y: x * y, ("y", "x"), PRODUCT,
        latex=Notation(r"{0} \cdot {1}", PRODUCT, (PRODUCT, PREFIX + 1)), aliases=("mult", "mul", "multiply"),
    ),
    _infix(
        "/", np.divide, lambda x, y: x / y, ("1 / y", "-x / square(y)"), PRODUCT,
        latex=Notation(r"\frac{{{0}}}{{{1}}}", PREFIX + 1, (0, 0)), implementations=TABLE,
        domain=(EVERYWHERE, Domain(poles=(0.0,))), aliases=("div", "divide"),
    ),
    _infix(
        "^", _power, lambda x, y: x**y, _power_derivative, POWER, name="pow",
        latex=Notation("{0}^{{{1}}}", POWER, (CALL, 0)), aliases=("^", "**", "power", "safe_pow"),
    ),
    _function(
        "neg", np.negative, lambda x: -x, ("-1",),
        latex=Notation("-{0}", PREFIX, (PREFIX + 1,)), implementations=EXACT, aliases=("negative",),
    ),
    _function(
        "abs", np.abs, "Abs", ("sign(x)",),
        latex=Notation(r"\left|{0}\right|", CALL, (0,)), implementations=EXACT,
        aliases=("Abs", "fabs", "absolute"),
    ),
    _function(
        "square", np.square, lambda x: x**2, ("2 * x",),
        latex=Notation("{0}^{{2}}", POWER, (CALL,)), implementations=EXACT, julia_body="x ^ 2",
    ),
    _function(
        "cube", lambda x: x * x * x, lambda x: x**3, ("3 * square(x)",),
        latex=Notation("{0}^{{3}}", POWER, (CALL,)), implementations=EXACT, julia_body="x ^ 3",
    ),
    _function(
        "sqrt", np.sqrt, "sqrt", ("0.5 / sqrt(x)",),
        latex=Notation(r"\sqrt{{{0}}}", CALL, (0,)), domain=Domain(lower=0.0), aliases=("safe_sqrt",),
    ),
    _function(
        "sqrt_abs", lambda x: np.sqrt(np.abs(x)), lambda x: _sympy("sqrt")(abs(x)),
        ("0.5 * sign(x) / sqrt_abs(x)",),
        latex=Notation(r"\sqrt{{\left|{0}\right|}}", CALL, (0,)), julia_body="sqrt(abs(x))", pysr_has=False,
    ),
    _function("exp", np.exp, "exp", ("exp(x)",), latex=r"\exp"),
    _function(
        "log", np.log, "log", ("inv(x)",),
        latex=r"\log", domain=Domain(lower=0.0, lower_open=True), aliases=("ln", "safe_log"),
    ),
    _function(
        "log_abs", lambda x: np.log(np.abs(x)), lambda x: _sympy("log")(abs(x)), ("inv(x)",),
        latex=Notation(r"\log\left|{0}\right|", CALL, (0,)), domain=Domain(poles=(0.0,)),
        julia_body="log(abs(x))", pysr_has=False,
    ),
    _function(
        "log2", np.log2, _sympy("log2", _CFUNCTIONS), (f"inv({math.log(2.0)!r} * x)",),
        latex=r"\log_{{2}}", domain=Domain(lower=0.0, lower_open=True), aliases=("safe_log2",),
    ),
    _function(
        "log10", np.log10, _sympy("log10", _CFUNCTIONS), (f"inv({math.log(10.0)!r} * x)",),
        latex=r"\log_{{10}}", domain=Domain(lower=0.0, lower_open=True), aliases=("safe_log10",),
    ),
    _function(
        "log1p", np.log1p, _sympy("log1p", _CFUNCTIONS), ("inv(1 + x)",),
        latex=Notation(r"\log\left(1 + {0}\right)", CALL, (SUM + 1,)),
        domain=Domain(lower=-1.0, lower_open=True), aliases=("safe_log1p",),
    ),
    _function("sin", np.sin, "sin", ("cos(x)",), latex=r"\sin"),
    _function("cos", np.cos, "cos", ("-sin(x)",), latex=r"\cos"),
    _function("tan", np.tan, "tan", ("1 + square(tan(x))",), latex=r"\tan"),
    _function(
        "asin", np.arcsin, "asin", ("inv(sqrt(1 - square(x)))",),
        latex=r"\arcsin", domain=Domain(-1.0, 1.0), aliases=("arcsin", "safe_asin"),
    ),
    _function(
        "acos", np.arccos, "acos", ("-inv(sqrt(1 - square(x)))",),
        latex=r"\arccos", domain=Domain(-1.0, 1.0), aliases=("arccos", "safe_acos"),
    ),
    _function("atan", np.arctan, "atan", ("inv(1 + square(x))",), latex=r"\arctan", aliases=("arctan",)),
    _function("sinh", np.sinh, "sinh", ("cosh(x)",), latex=r"\sinh"),
    _function("cosh", np.cosh, "cosh", ("sinh(x)",), latex=r"\cosh"),
    _function("tanh", np.tanh, "tanh", ("1 - square(tanh(x))",), latex=r"\tanh"),
    _function(
        "asinh", np.arcsinh, "asinh", ("inv(sqrt(1 + square(x)))",),
        latex=r"\operatorname{{arsinh}}", aliases=("arcsinh",),
    ),
    _function(
        "acosh", np.arccosh, "acosh", ("inv(sqrt(square(x) - 1))",),
        latex=r"\operatorname{{arcosh}}", domain=Domain(lower=1.0), aliases=("arccosh", "safe_acosh"),
    ),
    _function(
        "atanh", np.arctanh, "atanh", ("inv(1 - square(x))",),
        latex=r"\operatorname{{artanh}}", domain=Domain(-1.0, 1.0, lower_open=True, upper_open=True),
        aliases=("arctanh", "safe_atanh"),
    ),
    _function(
        "gauss", lambda x: np.exp(-np.square(x)), lambda x: _sympy("exp")(-(x**2)), ("-2 * x * gauss(x)",),
        latex=Notation(r"\exp\left(-{0}^{{2}}\right)", CALL, (CALL,)),
        julia_body="exp(-(x ^ 2))", pysr_has=False,
    ),
    _function(
        "min", np.minimum, "Min", ("0.5 * (1 - sign(x - y))", "0.5 * (1 + sign(x - y))"),
        latex=r"\min", implementations=EXACT, aliases=("Min", "minimum"),
    ),
    _function(
        "max", np.maximum, "Max", ("0.5 * (1 + sign(x - y))", "0.5 * (1 - sign(x - y))"),
        latex=r"\max", implementations=EXACT, aliases=("Max", "maximum"),
    ),
    _function(
        "relu", lambda x: np.maximum(x, 0.0), lambda x: _sympy("Max")(0, x), ("0.5 * (1 + sign(x))",),
        latex=r"\operatorname{{relu}}", implementations=EXACT, julia_body="max(x, zero(x))",
    ),
    _function("sign", np.sign, "sign", ("0",), latex=r"\operatorname{{sign}}", implementations=EXACT),
    _function(
        "floor", np.floor, "floor", ("0",),
        latex=Notation(r"\left\lfloor {0} \right\rfloor", CALL, (0,)), implementations=EXACT,
    ),
    _function(
        "ceil", np.ceil, "ceiling", ("0",),
        latex=Notation(r"\left\lceil {0} \right\rceil", CALL, (0,)), implementations=EXACT,
        aliases=("ceiling",),
    ),
    _function(
        "inv", np.reciprocal, lambda x: 1 / x, ("-inv(square(x))",),
        latex=Notation(r"\frac{{1}}{{{0}}}", PREFIX + 1, (0,)), domain=Domain(poles=(0.0,)),
        aliases=("reciprocal",),
    ),
)  # fmt: skip

_registry: dict[str, Operator] = {operator.name: operator for operator in _BUILT_IN}
_aliases: dict[str, str] = {alias: operator.name for operator in _BUILT_IN for alias in operator.aliases}

OPERATORS: Final[Mapping[str, Operator]] = MappingProxyType(_registry)
"""Every operator by its canonical name, built in and the user's own (read-only)."""


def closest_names(name: str, names: Iterable[str]) -> str:
    """Say which names are nearest to a misspelt one.

    Parameters
    ----------
    name : str
        What was written.
    names : iterable of str
        What is allowed.

    Returns
    -------
    str
        The end of a sentence: ``"; did you mean a, b?"``, or a full stop when none is near.
    """
    candidates = {n.lower(): n for n in names}
    found = difflib.get_close_matches(name.lower(), candidates, n=3, cutoff=0.6)
    return f"; did you mean {', '.join(candidates[n] for n in found)}?" if found else "."


def get_operator(name: str) -> Operator:
    """Look an operator up by its name or one of its aliases.

    Parameters
    ----------
    name : str
        Such as ``"sin"``, ``"+"`` or ``"plus"``.

    Returns
    -------
    Operator
        Its declaration.

    Raises
    ------
    OperatorError
        The name is unknown; the message lists the nearest and all known names.

    Examples
    --------
    >>> get_operator("Abs").name
    'abs'
    """
    operator = _registry.get(_aliases.get(name, name))
    if operator is None:
        raise OperatorError(
            f"unknown operator {name!r}{closest_names(name, (*_registry, *_aliases))} "
            f"Known operators: {' '.join(_registry)}. "
            f"Another one can be added with lat_sr.expression.define_operator(name, expression)."
        )
    return operator


def is_taken(name: str) -> bool:
    """Tell whether a name already means an operator."""
    return name in _registry or name in _aliases


def add_operator(operator: Operator) -> None:
    """Put one more operator into `OPERATORS`."""
    _registry[operator.name] = operator


def remove_operator(name: str) -> None:
    """Take an operator out of `OPERATORS`."""
    del _registry[name]
