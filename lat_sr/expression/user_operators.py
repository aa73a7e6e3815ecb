"""Operators of the user's own, which stand for formulas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression.parsing import parse
from lat_sr.expression.printing import julia_body
from lat_sr.expression.sympy import from_sympy, to_sympy
from lat_sr.expression.tree import Call, Constant, Expression, evaluate
from lat_sr.operators import Operator, declare
from lat_sr.operators.declaration import OPERAND_NAMES
from lat_sr.operators.table import OPERATORS, add_operator, get_operator, is_taken, remove_operator

__all__ = ["UserOperator", "define_operator", "expand_user_operators", "undefine_operator"]


@dataclass(frozen=True, kw_only=True)
class UserOperator(Operator):
    """An operator that was added with `define_operator`.

    Parameters
    ----------
    expansion : Expression
        What it stands for, in built-in operators of ``x`` and ``y``.
    """

    expansion: Expression


def define_operator(name: str, expression: Any) -> UserOperator:
    """Add an operator of the user's own.

    One with one operand is an operator like any other: the circuit computes it by one table. One with two
    operands stands for its expression, which takes its place before a circuit is made.

    Parameters
    ----------
    name : str
        A new name made of ASCII letters, digits and underscores.
    expression : str, sympy expression or Expression
        Its value in terms of ``x`` (and ``y`` for two operands) and known operators.

    Returns
    -------
    UserOperator
        The declaration, now part of `OPERATORS`.

    Raises
    ------
    OperatorError
        The name is taken or not a name; the expression has other variables or unknown functions.

    Examples
    --------
    >>> softsign = define_operator("softsign", "x / (1 + Abs(x))")
    >>> softsign.julia
    'softsign(x) = x / (1 + abs(x))'
    >>> undefine_operator("softsign")
    """
    if not isinstance(name, str) or not (name.isidentifier() and name.isascii()):
        raise OperatorError(
            f"{name!r} cannot name an operator: use ASCII letters, digits and underscores, "
            "not starting with a digit"
        )
    if is_taken(name) or name in OPERAND_NAMES:
        removable = isinstance(OPERATORS.get(name), UserOperator)
        raise OperatorError(
            f"the operator name {name!r} is taken: choose another one"
            + (", or remove it first with undefine_operator" if removable else "")
        )
    try:
        if isinstance(expression, Expression):
            body = expression
        elif isinstance(expression, str):
            body = parse(expression)
        else:
            body = from_sympy(expression)
    except (ExpressionError, OperatorError) as error:
        raise OperatorError(f"operator {name!r} cannot be defined: {error}") from error
    variables = tuple(sorted(body.variables))
    if variables not in (OPERAND_NAMES[:1], OPERAND_NAMES):
        raise OperatorError(
            f"operator {name!r} has the variables ({', '.join(variables)}): its expression must use x, "
            "or x and y, and no others"
        )
    try:
        body = _fold_constants(expand_user_operators(body, unary=True))
    except ExpressionError as error:
        raise OperatorError(f"operator {name!r} cannot be defined: {error}") from error

    def numpy(*operands: ArrayLike) -> NDArray[Any]:
        arrays = np.broadcast_arrays(*operands)
        columns = np.stack([a.ravel() for a in arrays], axis=1)
        return evaluate(body, columns, variables).reshape(arrays[0].shape)

    def sympy(*operands: Any) -> Any:
        from sympy import Symbol

        symbols = [Symbol(v) for v in variables]
        return to_sympy(body).xreplace(dict(zip(symbols, operands, strict=True)))

    plain = declare(name, numpy, sympy, arity=len(variables), julia_body=julia_body(body))
    operator = UserOperator(**{**vars(plain), "julia_body": None}, expansion=body)
    add_operator(operator)
    return operator


def undefine_operator(name: str) -> None:
    """Remove an operator that was added with `define_operator`.

    Parameters
    ----------
    name : str
        Its name.

    Raises
    ------
    OperatorError
        It is unknown, or built in.
    """
    remove_operator(name)


def expand_user_operators(expression: Expression, *, unary: bool = False) -> Expression:
    """Put what user-defined operators stand for in their place.

    Parameters
    ----------
    expression : Expression
        Any expression.
    unary : bool, default=False
        Whether operators with one operand, which circuits compute by a table, are expanded too.

    Returns
    -------
    Expression
        The same value, without user-defined operators of two operands.
    """

    def expand(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        if isinstance(node, Call):
            operator = get_operator(node.operator)
            if isinstance(operator, UserOperator) and (unary or operator.arity > 1):
                return operator.expansion.substitute(dict(zip(OPERAND_NAMES, operands, strict=False)))
        return node.with_operands(operands)

    return expression.fold(expand)


def built_in_operators(names: Iterable[str]) -> tuple[str, ...]:
    """Names of operators, those of the user replaced by the ones that their formulas are made of.

    Examples
    --------
    >>> _ = define_operator("softsign", "x / (1 + Abs(x))")
    >>> built_in_operators(["+", "softsign"])
    ('+', '/', 'abs')
    >>> undefine_operator("softsign")
    """
    found: dict[str, None] = {}
    for name in names:
        operator = get_operator(name)
        parts = (
            sorted(operator.expansion.operator_counts)
            if isinstance(operator, UserOperator)
            else [operator.name]
        )
        found.update(dict.fromkeys(parts))
    return tuple(found)


def user_definitions(expressions: Iterable[Expression]) -> dict[str, str]:
    """The user's operators in expressions: their names and what they stand for, as `define_missing` takes them."""
    used = {name for expression in expressions for name in expression.operator_counts}
    operators = (get_operator(name) for name in sorted(used))
    return {o.name: str(o.expansion) for o in operators if isinstance(o, UserOperator)}


def define_missing(definitions: Mapping[str, str]) -> None:
    """Define the operators that are not there yet.

    Parameters
    ----------
    definitions : mapping of str to str
        See `user_definitions`.

    Raises
    ------
    OperatorError
        A name means something else here.
    """
    for name, text in definitions.items():
        if name not in OPERATORS:
            define_operator(name, text)
            continue
        operator = OPERATORS[name]
        meaning = str(operator.expansion) if isinstance(operator, UserOperator) else "built in"
        if meaning != text:
            raise OperatorError(
                f"the model's operator {name} is {text}, but {name} is {meaning} here; undefine it first"
            )


def _fold_constants(expression: Expression) -> Expression:
    """Compute the parts without variables, so that Julia's integers never meet a function of floats."""

    def fold(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        values = [operand.value for operand in operands if isinstance(operand, Constant)]
        if isinstance(node, Call) and len(values) == len(operands):
            return Constant(float(get_operator(node.operator).numpy(*values)))
        return node.with_operands(operands)

    return expression.fold(fold)
