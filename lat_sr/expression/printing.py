"""Formulas as text: infix that parses back to the same tree, Julia, LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable

from lat_sr.expression.expansion import expand_user_operators
from lat_sr.expression.tree import Call, Constant, Expression, Variable
from lat_sr.operators import Notation, Operator, get_operator
from lat_sr.operators.declaration import CALL, OPERAND_NAMES, PREFIX, PRODUCT

__all__ = ["to_julia", "to_latex", "to_text"]

# Text and how tightly it binds.
_Written = tuple[str, int]


def _write(
    expression: Expression,
    leaf: Callable[[Expression], _Written],
    notation: Callable[[Operator], Notation],
    brackets: str,
) -> str:
    def write(node: Expression, operands: tuple[_Written, ...]) -> _Written:
        if not isinstance(node, Call):
            return leaf(node)
        how = notation(get_operator(node.operator))
        texts = []
        for operand, (text, precedence), least in zip(node.operands, operands, how.operands, strict=True):
            # neg(2) is not the constant -2: without brackets the sign would become the number's.
            sign_of_number = node.operator == "neg" and isinstance(operand, Constant)
            texts.append(brackets.format(text) if precedence < least or sign_of_number else text)
        return how.template.format(*texts), how.precedence

    return expression.fold(write)[0]


def to_text(expression: Expression) -> str:
    """Write as infix text with the fewest brackets; `parse` gives the same tree back.

    Parameters
    ----------
    expression : Expression
        Any expression.

    Returns
    -------
    str
        As ``str(expression)`` gives it.
    """
    exponents = {
        id(n.operands[1]) for n in expression._distinct() if isinstance(n, Call) and n.operator == "pow"
    }

    def leaf(node: Expression) -> _Written:
        if isinstance(node, Variable):
            return node.name, CALL
        assert isinstance(node, Constant)
        text = repr(node.value)
        if id(node) in exponents and text.endswith(".0"):
            text = text[:-2]
        return text, PREFIX if text.startswith("-") else CALL

    return _write(expression, leaf, lambda operator: operator.text, "({})")


def to_julia(expression: Expression) -> str:
    """Write as Julia code, as PySR takes it in ``guesses``.

    Parameters
    ----------
    expression : Expression
        Any expression; operators of the user's own with two operands are expanded.

    Returns
    -------
    str
        Code that uses the operators' names; `Operator.julia` defines those which PySR does not have.

    Examples
    --------
    >>> from lat_sr.expression import parse
    >>> to_julia(parse("Abs(x)**2 - 1"))
    'abs(x) ^ 2 - 1.0'
    """
    return to_text(expand_user_operators(expression))


def julia_body(expression: Expression) -> str:
    """Write the value of a definition: Julia's Base only, NaN instead of a DomainError, no float literal.

    A float literal would turn a Float32 search into Float64, so constants take the type of ``x``.
    """

    def leaf(node: Expression) -> _Written:
        if isinstance(node, Variable):
            return node.name, CALL
        assert isinstance(node, Constant)
        if node.value.is_integer() and abs(node.value) < 2**31:
            text = str(int(node.value))
            return text, PREFIX if text.startswith("-") else CALL
        return f"oftype(x, {node.value!r})", CALL

    def notation(operator: Operator) -> Notation:
        if operator.infix is not None or operator.name == "neg":
            return operator.text
        names = OPERAND_NAMES[: operator.arity]
        body = operator.julia_body or f"{operator.name}({', '.join(names)})"
        if operator.domain[0].is_everywhere or operator.name not in body:
            if operator.julia_body is None:
                return operator.text
            return Notation(f"(x -> {body})({{0}})", CALL, (0,))
        condition = operator.domain[0].julia("x")
        return Notation(f"(x -> {condition} ? {body} : oftype(x, NaN))({{0}})", CALL, (0,))

    return _write(expression, leaf, notation, "({})")


def to_latex(expression: Expression, digits: int | None = None) -> str:
    r"""Typeset in LaTeX (without math delimiters).

    Parameters
    ----------
    expression : Expression
        Any expression.
    digits : int, optional
        Significant digits of constants; all by default.

    Returns
    -------
    str
        For math mode.

    Examples
    --------
    >>> from lat_sr.expression import parse
    >>> print(to_latex(parse("sin(x0) * 0.358372 + -1.5"), digits=3))
    \sin\left(x_{0}\right) \cdot 0.358 - 1.5
    """

    def leaf(node: Expression) -> _Written:
        if isinstance(node, Variable):
            return _latex_name(node.name), CALL
        assert isinstance(node, Constant)
        return _latex_number(node.value, digits)

    return _write(expression.fold(_subtract_negatives), leaf, lambda o: o.latex, r"\left({}\right)")


def _subtract_negatives(node: Expression, operands: tuple[Expression, ...]) -> Expression:
    """Turn ``a + -b`` into ``a - b``, which is how a reader would write it."""
    if isinstance(node, Call) and node.operator in ("+", "-"):
        left, right = operands
        opposite = "-" if node.operator == "+" else "+"
        if isinstance(right, Constant) and right.value < 0:
            return Call(opposite, (left, Constant(-right.value)))
        if isinstance(right, Call) and right.operator == "neg":
            return Call(opposite, (left, right.operands[0]))
    return node.with_operands(operands)


def _latex_name(name: str) -> str:
    indexed = re.fullmatch(r"([^\W\d_])_?(\d+)", name)
    if indexed:
        return f"{indexed[1]}_{{{indexed[2]}}}"
    if len(name) == 1:
        return name
    escaped = name.replace("_", r"\_")
    return rf"\mathrm{{{escaped}}}"


def _latex_number(value: float, digits: int | None) -> _Written:
    text = repr(value) if digits is None else f"{value:.{digits}g}"
    mantissa, _, exponent = text.removesuffix(".0").partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT
    return mantissa, PREFIX if mantissa.startswith("-") else CALL
