"""Expressions as the C++ core takes them: postfix lists of (name, value)."""

from __future__ import annotations

from collections.abc import Sequence

from lat_sr import _engine
from lat_sr.errors import ExpressionError, OperatorError
from lat_sr.expression.tree import Call, Constant, Expression, Variable
from lat_sr.operators import OPERATORS

Postfix = list[tuple[str, float]]


def postfix_of(expression: Expression, names: Sequence[str], defined: Sequence[str] = ()) -> Postfix:
    """Write an expression in postfix order.

    Parameters
    ----------
    expression : Expression
    names : sequence of str
        The variables, in the order of the columns.
    defined : sequence of str, optional
        Functions of the user's own, in the order of their numbers.

    Returns
    -------
    list of (str, float)
        ``("constant", value)``, ``("variable", column)``, ``("pow", exponent)``, ``("defined", number)`` or
        ``(operator, 0)``.

    Raises
    ------
    ExpressionError
        An unknown variable, or a power to something else than a whole constant.
    OperatorError
        An operator that the core does not have.
    """
    known = set(_engine.operator_names())
    result: Postfix = []
    for node in expression.walk("post"):
        if isinstance(node, Call) and node.operator == "pow":
            exponent = result.pop()
            if exponent[0] != "constant" or exponent[1] != int(exponent[1]):
                raise ExpressionError(f"the exponent of {node} must be a whole constant")
            result.append(("pow", exponent[1]))
        elif isinstance(node, Constant):
            result.append(("constant", float(node.value)))
        elif isinstance(node, Variable):
            if node.name not in names:
                raise ExpressionError(f"unknown variable {node.name}; the inputs are {list(names)}")
            result.append(("variable", float(list(names).index(node.name))))
        elif isinstance(node, Call):
            if node.operator in defined:
                result.append(("defined", float(list(defined).index(node.operator))))
                continue
            if node.operator not in known:
                raise OperatorError(
                    f"the native engine has no operator {node.operator}; expand its definition"
                )
            result.append((node.operator, 0.0))
    return result


def tree_of(
    expressions: Expression | Sequence[Expression], names: Sequence[str], defined: Sequence[str] = ()
) -> _engine.Tree:
    """Hand an expression, or those of several outputs, to the C++ core; see `postfix_of`."""
    outputs = [expressions] if isinstance(expressions, Expression) else expressions
    return _engine.Tree(
        [node for output in outputs for node in postfix_of(output, names, defined)], len(outputs)
    )


def expression_of(
    postfix: Sequence[tuple[str, float]], names: Sequence[str], defined: Sequence[str] = ()
) -> Expression:
    """Inverse of `postfix_of`.

    Parameters
    ----------
    postfix : sequence of (str, float)
    names : sequence of str

    Returns
    -------
    Expression
    """
    (expression,) = expressions_of(postfix, names, defined)
    return expression


def expressions_of(
    postfix: Sequence[tuple[str, float]], names: Sequence[str], defined: Sequence[str] = ()
) -> tuple[Expression, ...]:
    """The expressions of several outputs, whose nodes follow each other; see `expression_of`."""
    stack: list[Expression] = []
    for name, value in postfix:
        if name == "constant":
            stack.append(Constant(value))
        elif name == "variable":
            stack.append(Variable(names[int(value)]))
        elif name == "pow":
            stack.append(Call("pow", (stack.pop(), Constant(value))))
        elif name == "defined":
            stack.append(Call(defined[int(value)], (stack.pop(),)))
        else:
            arity = OPERATORS[name].arity
            operands = tuple(stack[-arity:])
            del stack[-arity:]
            stack.append(Call(name, operands))
    return tuple(stack)
