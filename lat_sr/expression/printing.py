"""Formulas as Julia code and as LaTeX; their infix text is `str`."""

from __future__ import annotations

import re

from lat_sr.expression.tree import Call, Constant, Expression, Variable, Written, write
from lat_sr.operators import Notation, Operator
from lat_sr.operators.declaration import CALL, OPERAND_NAMES, PREFIX, PRODUCT

__all__ = ["julia_body", "to_latex"]


def julia_body(expression: Expression) -> str:
    """Write the value of a definition: Julia's Base only, NaN instead of a DomainError, no float literal.

    A float literal would turn a Float32 search into Float64, so constants take the type of ``x``.
    """

    def leaf(node: Expression) -> Written:
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

    return write(expression, leaf, notation, "({})")


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

    def leaf(node: Expression) -> Written:
        if isinstance(node, Variable):
            return _latex_name(node.name), CALL
        assert isinstance(node, Constant)
        return _latex_number(node.value, digits)

    return write(expression.fold(_subtract_negatives), leaf, lambda o: o.latex, r"\left({}\right)")


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


def _latex_number(value: float, digits: int | None) -> Written:
    text = repr(value) if digits is None else f"{value:.{digits}g}"
    mantissa, _, exponent = text.removesuffix(".0").partition("e")
    if exponent:
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", PRODUCT
    return mantissa, PREFIX if mantissa.startswith("-") else CALL
