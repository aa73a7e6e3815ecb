"""Formulas as immutable trees: parsing, printing, sympy, LaTeX and values in floating point."""

from __future__ import annotations

from lat_sr.expression.algebra import from_sympy, to_sympy
from lat_sr.expression.outputs import equation_of, only_expression, parse_equation
from lat_sr.expression.parsing import parse
from lat_sr.expression.printing import to_julia, to_latex
from lat_sr.expression.tree import (
    Call,
    Constant,
    Expression,
    Variable,
    differentiate,
    evaluate,
)

__all__ = [
    "Call",
    "Constant",
    "Expression",
    "Variable",
    "differentiate",
    "equation_of",
    "evaluate",
    "from_sympy",
    "only_expression",
    "parse",
    "parse_equation",
    "to_julia",
    "to_latex",
    "to_sympy",
]
