"""Operators of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression.expansion import expand_user_operators
from lat_sr.operators.declaration import CALL, OPERAND_NAMES, Domain, Notation, Operator
from lat_sr.operators.table import OPERATORS, TABLE, add_operator, get_operator, is_taken, remove_operator

if TYPE_CHECKING:
    from lat_sr.expression.tree import Expression

__all__ = ["define_operator", "undefine_operator"]


def define_operator(name: str, expression: Any) -> Operator:
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
    Operator
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
    from lat_sr.expression import printing, tree
    from lat_sr.expression import sympy as algebra
    from lat_sr.expression.parsing import parse

    if not isinstance(name, str) or not (name.isidentifier() and name.isascii()):
        raise OperatorError(
            f"{name!r} cannot name an operator: use ASCII letters, digits and underscores, "
            "not starting with a digit"
        )
    if is_taken(name) or name in OPERAND_NAMES:
        removable = name in OPERATORS and OPERATORS[name].is_user_defined
        raise OperatorError(
            f"the operator name {name!r} is taken: choose another one"
            + (", or remove it first with undefine_operator" if removable else "")
        )
    try:
        if isinstance(expression, tree.Expression):
            body = expression
        elif isinstance(expression, str):
            body = parse(expression)
        else:
            body = algebra.from_sympy(expression)
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
    arity = len(variables)
    inside = ", ".join(f"{{{i}}}" for i in range(arity))
    typeset = name.replace("_", r"\_")

    def numpy(*operands: ArrayLike) -> NDArray[Any]:
        arrays = np.broadcast_arrays(*(np.asarray(o, dtype=np.float64) for o in operands))
        columns = np.stack([a.ravel() for a in arrays], axis=1)
        return tree.evaluate(body, columns, variables).reshape(arrays[0].shape)

    def sympy(*operands: Any) -> Any:
        from sympy import Symbol

        symbols = [Symbol(v) for v in variables]
        return algebra.to_sympy(body).xreplace(dict(zip(symbols, operands, strict=True)))

    operator = Operator(
        name=name,
        arity=arity,
        numpy=numpy,
        sympy=sympy,
        derivative=tuple(str(tree.differentiate(body, v)) for v in variables),
        implementations=TABLE,
        latex=Notation(rf"\operatorname{{{{{typeset}}}}}\left({inside}\right)", CALL, (0,) * arity),
        domain=(Domain(),) * arity,
        julia=f"{name}({', '.join(variables)}) = {printing.julia_body(body)}",
        expansion=body,
    )
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
    if not get_operator(name).is_user_defined:
        raise OperatorError(f"{name!r} is built in and cannot be removed")
    remove_operator(name)


def _fold_constants(expression: Expression) -> Expression:
    """Compute the parts without variables, so that Julia's integers never meet a function of floats."""
    from lat_sr.expression.tree import Call, Constant

    def fold(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        values = [operand.value for operand in operands if isinstance(operand, Constant)]
        if isinstance(node, Call) and len(values) == len(operands):
            return Constant(float(get_operator(node.operator).numpy(*values)))
        return node.with_operands(operands)

    return expression.fold(fold)
