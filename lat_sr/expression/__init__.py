"""Formulas as immutable trees: parsing, printing, sympy, LaTeX and values in floating point."""

from __future__ import annotations

from lat_sr.expression.outputs import equation_of, only_expression, parse_equation
from lat_sr.expression.parsing import parse
from lat_sr.expression.printing import to_latex
from lat_sr.expression.sympy import from_sympy, to_sympy
from lat_sr.expression.tree import (
    Call,
    Constant,
    Expression,
    Variable,
    evaluate,
)
from lat_sr.expression.user_operators import (
    UserOperator,
    define_operator,
    expand_user_operators,
    undefine_operator,
)

__all__ = [
    "Call",
    "Constant",
    "Expression",
    "UserOperator",
    "Variable",
    "define_operator",
    "equation_of",
    "evaluate",
    "expand_user_operators",
    "from_sympy",
    "only_expression",
    "parse",
    "parse_equation",
    "to_latex",
    "to_sympy",
    "undefine_operator",
]
