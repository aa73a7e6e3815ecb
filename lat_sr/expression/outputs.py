"""Formulas of several outputs, which are one text with semicolons between them."""

from __future__ import annotations

from collections.abc import Sequence

from lat_sr.errors import InputError
from lat_sr.expression.parsing import parse
from lat_sr.expression.tree import Expression

_SEPARATOR = ";"


def equation_of(expressions: Sequence[Expression]) -> str:
    """Text of the formulas of all outputs, read back by `parse_equation`.

    Parameters
    ----------
    expressions : sequence of Expression
        One for each output.

    Returns
    -------
    str
        ``"x0 + 1; x0 * x1"``.
    """
    return f"{_SEPARATOR} ".join(str(expression) for expression in expressions)


def parse_equation(text: str, names: Sequence[str] | None = None) -> tuple[Expression, ...]:
    """Inverse of `equation_of`.

    Parameters
    ----------
    text : str
    names : sequence of str, optional
        The variables that are allowed; see `lat_sr.parse`.

    Returns
    -------
    tuple of Expression
        One for each output.

    Raises
    ------
    ExpressionError
        One of the formulas cannot be read.

    Examples
    --------
    >>> from lat_sr.expression import parse_equation
    >>> [str(formula) for formula in parse_equation("x0 + 1; 2 * x0")]
    ['x0 + 1.0', '2.0 * x0']
    """
    return tuple(parse(part, names) for part in text.split(_SEPARATOR))


def only_expression(expressions: Sequence[Expression]) -> Expression:
    """The formula, where there is one output.

    Raises
    ------
    InputError
        There are several.
    """
    if len(expressions) != 1:
        raise InputError(f"there are {len(expressions)} outputs; take their formulas from expressions")
    return expressions[0]
