"""The table of the built-in operators, one declaration each, and the look-up by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lat_sr.errors import OperatorError
from lat_sr.operators.declaration import (
    CALL,
    EVERYWHERE,
    EXACT,
    POWER,
    PREFIX,
    PRODUCT,
    SUM,
    TABLE,
    Domain,
    Notation,
    Operator,
    declare,
    guarded,
    sympy_function,
)

__all__ = ["OPERATORS", "add_operator", "closest_names", "get_operator", "remove_operator"]


def _power(base: NDArray[np.float64], exponent: NDArray[np.float64]) -> NDArray[np.float64]:
    pole = (base == 0) & (exponent < 0)
    return np.where(pole, np.nan, np.power(base, exponent))


def _infix(
    symbol: str,
    numpy: Callable[..., Any],
    sympy: Callable[..., Any],
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
        numpy=guarded(numpy, domain),
        sympy=sympy,
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
        "+", np.add, lambda x, y: x + y, SUM,
        latex=Notation("{0} + {1}", SUM, (SUM, SUM + 1)), aliases=("add", "plus"),
    ),
    _infix(
        "-", np.subtract, lambda x, y: x - y, SUM,
        latex=Notation("{0} - {1}", SUM, (SUM, SUM + 1)), aliases=("sub", "subtract", "minus"),
    ),
    _infix(
        "*", np.multiply, lambda x, y: x * y, PRODUCT,
        latex=Notation(r"{0} \cdot {1}", PRODUCT, (PRODUCT, PREFIX + 1)), aliases=("mult", "mul", "multiply"),
    ),
    _infix(
        "/", np.divide, lambda x, y: x / y, PRODUCT,
        latex=Notation(r"\frac{{{0}}}{{{1}}}", PREFIX + 1, (0, 0)), implementations=TABLE,
        domain=(EVERYWHERE, Domain(poles=(0.0,))), aliases=("div", "divide"),
    ),
    _infix(
        "^", _power, lambda x, y: x**y, POWER, name="pow",
        latex=Notation("{0}^{{{1}}}", POWER, (CALL, 0)), aliases=("^", "**", "power", "safe_pow"),
    ),
    declare(
        "neg", np.negative, lambda x: -x,
        latex=Notation("-{0}", PREFIX, (PREFIX + 1,)), implementations=EXACT, aliases=("negative",),
    ),
    declare(
        "abs", np.abs, "Abs",
        latex=Notation(r"\left|{0}\right|", CALL, (0,)), implementations=EXACT,
        aliases=("Abs", "fabs", "absolute"),
    ),
    declare(
        "square", np.square, lambda x: x**2,
        latex=Notation("{0}^{{2}}", POWER, (CALL,)), implementations=EXACT, julia_body="x ^ 2", pysr_has=True,
    ),
    declare(
        "cube", lambda x: x * x * x, lambda x: x**3,
        latex=Notation("{0}^{{3}}", POWER, (CALL,)), implementations=EXACT, julia_body="x ^ 3", pysr_has=True,
    ),
    declare(
        "sqrt", np.sqrt, "sqrt",
        latex=Notation(r"\sqrt{{{0}}}", CALL, (0,)), hls_math="sqrt", domain=Domain(lower=0.0), aliases=("safe_sqrt",),
    ),
    declare(
        "sqrt_abs", lambda x: np.sqrt(np.abs(x)), lambda x: sympy_function("sqrt")(abs(x)),
        latex=Notation(r"\sqrt{{\left|{0}\right|}}", CALL, (0,)), julia_body="sqrt(abs(x))",
    ),
    declare("exp", np.exp, "exp", latex=r"\exp", hls_math="exp"),
    declare(
        "log", np.log, "log",
        latex=r"\log", hls_math="log", domain=Domain(lower=0.0, lower_open=True), aliases=("ln", "safe_log"),
    ),
    declare(
        "log_abs", lambda x: np.log(np.abs(x)), lambda x: sympy_function("log")(abs(x)),
        latex=Notation(r"\log\left|{0}\right|", CALL, (0,)), domain=Domain(poles=(0.0,)),
        julia_body="log(abs(x))",
    ),
    declare(
        "log2", np.log2, sympy_function("log2", _CFUNCTIONS),
        latex=r"\log_{{2}}", hls_math="log2", domain=Domain(lower=0.0, lower_open=True), aliases=("safe_log2",),
    ),
    declare(
        "log10", np.log10, sympy_function("log10", _CFUNCTIONS),
        latex=r"\log_{{10}}", hls_math="log10", domain=Domain(lower=0.0, lower_open=True), aliases=("safe_log10",),
    ),
    declare(
        "log1p", np.log1p, sympy_function("log1p", _CFUNCTIONS),
        latex=Notation(r"\log\left(1 + {0}\right)", CALL, (SUM + 1,)), hls_math="log1p",
        domain=Domain(lower=-1.0, lower_open=True), aliases=("safe_log1p",),
    ),
    declare("sin", np.sin, "sin", latex=r"\sin", hls_math="sin"),
    declare("cos", np.cos, "cos", latex=r"\cos", hls_math="cos"),
    declare("tan", np.tan, "tan", latex=r"\tan", hls_math="tan"),
    declare(
        "asin", np.arcsin, "asin",
        latex=r"\arcsin", hls_math="asin", domain=Domain(-1.0, 1.0), aliases=("arcsin", "safe_asin"),
    ),
    declare(
        "acos", np.arccos, "acos",
        latex=r"\arccos", hls_math="acos", domain=Domain(-1.0, 1.0), aliases=("arccos", "safe_acos"),
    ),
    declare("atan", np.arctan, "atan", latex=r"\arctan", hls_math="atan", aliases=("arctan",)),
    declare("sinh", np.sinh, "sinh", latex=r"\sinh", hls_math="sinh"),
    declare("cosh", np.cosh, "cosh", latex=r"\cosh", hls_math="cosh"),
    declare("tanh", np.tanh, "tanh", latex=r"\tanh", hls_math="tanh"),
    declare(
        "asinh", np.arcsinh, "asinh",
        latex=r"\operatorname{{arsinh}}", hls_math="asinh", aliases=("arcsinh",),
    ),
    declare(
        "acosh", np.arccosh, "acosh",
        latex=r"\operatorname{{arcosh}}", hls_math="acosh", domain=Domain(lower=1.0), aliases=("arccosh", "safe_acosh"),
    ),
    declare(
        "atanh", np.arctanh, "atanh",
        latex=r"\operatorname{{artanh}}", hls_math="atanh", domain=Domain(-1.0, 1.0, lower_open=True, upper_open=True),
        aliases=("arctanh", "safe_atanh"),
    ),
    declare(
        "gauss", lambda x: np.exp(-np.square(x)), lambda x: sympy_function("exp")(-(x**2)),
        latex=Notation(r"\exp\left(-{0}^{{2}}\right)", CALL, (CALL,)),
        julia_body="exp(-(x ^ 2))",
    ),
    declare(
        "min", np.minimum, "Min", arity=2,
        latex=r"\min", implementations=EXACT, aliases=("Min", "minimum"),
    ),
    declare(
        "max", np.maximum, "Max", arity=2,
        latex=r"\max", implementations=EXACT, aliases=("Max", "maximum"),
    ),
    declare(
        "relu", lambda x: np.maximum(x, 0.0), lambda x: sympy_function("Max")(0, x),
        latex=r"\operatorname{{relu}}", implementations=EXACT, julia_body="max(x, zero(x))", pysr_has=True,
    ),
    declare("sign", np.sign, "sign", latex=r"\operatorname{{sign}}", implementations=EXACT),
    declare(
        "floor", np.floor, "floor",
        latex=Notation(r"\left\lfloor {0} \right\rfloor", CALL, (0,)), implementations=EXACT,
    ),
    declare(
        "ceil", np.ceil, "ceiling",
        latex=Notation(r"\left\lceil {0} \right\rceil", CALL, (0,)), implementations=EXACT,
        aliases=("ceiling",),
    ),
    declare(
        "inv", np.reciprocal, lambda x: 1 / x,
        latex=Notation(r"\frac{{1}}{{{0}}}", PREFIX + 1, (0,)), hls_math="recip", domain=Domain(poles=(0.0,)),
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
            "Another one can be added with lat_sr.expression.define_operator(name, expression)."
        )
    return operator


def is_taken(name: str) -> bool:
    """Tell whether a name already means an operator."""
    return name in _registry or name in _aliases


def add_operator(operator: Operator) -> None:
    """Put one more operator into `OPERATORS`, so that formulas may use it.

    Parameters
    ----------
    operator : Operator
        See `lat_sr.operators.declare`.

    Raises
    ------
    OperatorError
        Its name or one of its aliases is taken.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr.operators import add_operator, declare, remove_operator
    >>> add_operator(declare("sinc", lambda x: np.sinc(x / np.pi), "sinc", julia_body="x == 0 ? one(x) : sin(x) / x"))
    >>> OPERATORS["sinc"].implementations
    ('table', 'interp')
    >>> remove_operator("sinc")
    """
    for name in (operator.name, *operator.aliases):
        if is_taken(name):
            raise OperatorError(f"the operator name {name!r} is taken: choose another one")
    _registry[operator.name] = operator
    _aliases.update(dict.fromkeys(operator.aliases, operator.name))


def remove_operator(name: str) -> None:
    """Take an operator that was added out of `OPERATORS` again.

    Parameters
    ----------
    name : str
        Its name.

    Raises
    ------
    OperatorError
        It is unknown, or built in.
    """
    operator = get_operator(name)
    if operator in _BUILT_IN:
        raise OperatorError(f"{name!r} is built in and cannot be removed")
    del _registry[operator.name]
    for alias in operator.aliases:
        del _aliases[alias]
