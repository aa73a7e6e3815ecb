"""Putting what user-defined operators stand for in their place."""

from __future__ import annotations

from lat_sr.expression.tree import Call, Expression
from lat_sr.operators import get_operator
from lat_sr.operators.declaration import OPERAND_NAMES

__all__ = ["expand_user_operators"]


def expand_user_operators(expression: Expression, *, unary: bool = False) -> Expression:
    """Put what user-defined operators stand for in their place.

    Parameters
    ----------
    expression : Expression
        Any expression.
    unary : bool
        Whether operators with one operand, which circuits compute by a table, are expanded too.

    Returns
    -------
    Expression
        The same value, without user-defined operators of two operands.
    """

    def expand(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        if isinstance(node, Call):
            declaration = get_operator(node.operator)
            if declaration.expansion is not None and (unary or declaration.arity > 1):
                return declaration.expansion.substitute(dict(zip(OPERAND_NAMES, operands, strict=False)))
        return node.with_operands(operands)

    return expression.fold(expand)
