"""Conversion to and from sympy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression.parsing import parse
from lat_sr.expression.tree import Call, Constant, Expression, Variable
from lat_sr.operators import get_operator

__all__ = ["from_sympy", "to_sympy"]

# Integers up to here are exact in float64.
_EXACT_INTEGERS = 2.0**53

# Compositions for which there is one operator.
_FUSED = {("sqrt", "abs"): "sqrt_abs", ("log", "abs"): "log_abs"}


def to_sympy(expression: Expression) -> Any:
    """Convert to sympy, which simplifies some of it on the way.

    Parameters
    ----------
    expression : Expression
        Any expression.

    Returns
    -------
    sympy.Expr
        With plain symbols of the variables' names. Integer-valued constants become integers.

    Raises
    ------
    ExpressionError
        The expression is too deep for sympy.

    Examples
    --------
    >>> to_sympy(parse("square(x) + x * -0.5"))
    x**2 - 0.5*x
    """
    import sympy

    def convert(node: Expression, operands: tuple[Any, ...]) -> Any:
        if isinstance(node, Variable):
            return sympy.Symbol(node.name)
        if isinstance(node, Constant):
            exact = node.value.is_integer() and abs(node.value) < _EXACT_INTEGERS
            return sympy.Integer(int(node.value)) if exact else sympy.Float(node.value)
        assert isinstance(node, Call)
        return get_operator(node.operator).sympy(*operands)

    try:
        return expression.fold(convert)
    except RecursionError:
        raise _too_deep() from None


def from_sympy(expression: Any) -> Expression:
    """Convert from sympy, or from its text.

    Sums and products become chains of two-operand calls, powers become ``square``, ``cube``, ``pow``, ``inv``
    and ``sqrt``, numbers become constants.

    Parameters
    ----------
    expression : sympy.Expr or str
        Real, with the functions of `lat_sr.operators.OPERATORS`.

    Returns
    -------
    Expression
        Equal in value.

    Raises
    ------
    ExpressionError
        It is not a finite real formula, or too deep.
    OperatorError
        It uses a function that is not in the operator table.

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> print(from_sympy(sympy.exp(-x**2) / sympy.sqrt(y)))
    exp(-square(x)) / sqrt(y)
    """
    import sympy

    if isinstance(expression, str):
        return parse(expression)
    try:
        expression = sympy.sympify(expression)
    except (sympy.SympifyError, TypeError, AttributeError):
        raise ExpressionError(f"{expression!r} is not a sympy expression") from None
    try:
        return _convert(expression)
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> ExpressionError:
    return ExpressionError(
        f"the expression is too deep for sympy, which recurses (Python's limit is {sys.getrecursionlimit()} "
        "calls); raise it with sys.setrecursionlimit"
    )


def _convert(e: Any) -> Expression:
    if e.is_Symbol:
        return Variable(e.name)
    if getattr(e, "is_number", False):
        return Constant(_number(e))
    for test, convert in _STRUCTURES:
        if getattr(e, test, False):
            return convert(e)
    return _function(e)


def _number(e: Any) -> float:
    value = e if e.is_Float or e.is_Integer else e.evalf(20)
    try:
        return Constant(float(value)).value
    except (TypeError, OverflowError, ExpressionError):
        raise ExpressionError(f"{e} is not a finite real number: formulas must be real") from None


def _chain(operator: str, terms: Iterable[Expression]) -> Expression:
    return reduce(lambda a, b: Call(operator, (a, b)), terms)


def _sum(e: Any) -> Expression:
    plus: list[Expression] = []
    minus: list[Expression] = []
    constant = 0.0
    for term in e.as_ordered_terms():
        coefficient, _ = term.as_coeff_Mul()
        if term.is_number:
            constant += _number(term)
        elif coefficient.is_negative:
            minus.append(_convert(-term))
        else:
            plus.append(_convert(term))
    if constant != 0.0 and (constant > 0 or not plus):
        plus.append(Constant(constant))
    elif constant != 0.0:
        minus.append(Constant(-constant))
    if not plus:
        return Call("neg", (_chain("+", minus),)) if minus else Constant(constant)
    return reduce(lambda a, b: Call("-", (a, b)), minus, _chain("+", plus))


def _product(e: Any) -> Expression:
    coefficient = 1.0
    above: list[Expression] = []
    below: list[Expression] = []
    for factor in e.as_ordered_factors():
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, None)
        if factor.is_number:
            coefficient *= _number(factor)
        elif exponent is not None and exponent.is_number and exponent.is_negative:
            below.append(_convert(base**-exponent))
        else:
            above.append(_convert(factor))
    negative = coefficient == -1.0 and bool(above or below)
    if not negative and (coefficient != 1.0 or not above + below) and (above or coefficient != 1.0):
        above.insert(0, Constant(coefficient))
    if not above:
        result: Expression = Call("inv", (_chain("*", below),))
    elif below:
        result = Call("/", (_chain("*", above), _chain("*", below)))
    else:
        result = _chain("*", above)
    return Call("neg", (result,)) if negative else result


def _power(e: Any) -> Expression:
    base, exponent = e.as_base_exp()
    if not exponent.is_number:
        raise ExpressionError(
            f"the exponent in {e} must be a constant: write exp({exponent} * log({base})) for a variable one"
        )
    value = _number(exponent)
    if value < 0:
        return Call("inv", (_convert(base**-exponent),))
    if not (2 * value).is_integer():
        raise ExpressionError(
            f"the exponent in {e} must be an integer or a half: write exp({value:g} * log({base}))"
        )
    operand = _convert(base)
    if not value.is_integer():
        operand, value = _apply("sqrt", [operand]), 2 * value
    if value == 1:
        return operand
    named = {2.0: "square", 3.0: "cube"}.get(value)
    return Call(named, (operand,)) if named else Call("pow", (operand, Constant(value)))


def _apply(name: str, operands: list[Expression]) -> Expression:
    inner = operands[0]
    fused = _FUSED.get((name, inner.operator)) if isinstance(inner, Call) else None
    return Call(fused, inner.operands) if fused else Call(name, operands)


def _extremum(name: str, operands: Iterable[Any]) -> Expression:
    numbers = [a for a in operands if a.is_number]
    others = [_convert(a) for a in operands if not a.is_number]
    if name == "max" and len(others) == 1 and [_number(a) for a in numbers] == [0.0]:
        return Call("relu", others)
    return _chain(name, [*others, *(Constant(_number(a)) for a in numbers)])


def _piecewise(e: Any) -> Expression:
    """Recognise relu, which PySR gives to sympy as a piecewise function."""
    if len(e.args) == 2:
        (low, condition), (high, _) = e.args
        if low.is_zero and condition.is_Relational and condition.lts == high and condition.gts.is_zero:
            return Call("relu", (_convert(high),))
    raise OperatorError(
        f"{e} is not supported: of the piecewise functions only relu, min and max are operators"
    )


def _function(e: Any) -> Expression:
    name = getattr(e.func, "__name__", str(e.func))
    operator = get_operator(name)
    if operator.name in ("min", "max"):
        return _extremum(operator.name, e.args)
    return _apply(operator.name, [_convert(a) for a in e.args])


_STRUCTURES: tuple[tuple[str, Callable[[Any], Expression]], ...] = (
    ("is_Add", _sum),
    ("is_Mul", _product),
    ("is_Pow", _power),
    ("is_Piecewise", _piecewise),
)
