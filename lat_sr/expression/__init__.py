"""Formulas as immutable trees: parsing, printing, sympy, LaTeX and values in floating point."""

from __future__ import annotations

from lat_sr.expression.algebra import from_sympy, to_sympy
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
    "evaluate",
    "from_sympy",
    "parse",
    "to_julia",
    "to_latex",
    "to_sympy",
]
