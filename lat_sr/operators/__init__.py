"""The operator table: one declaration per operator, and everything else looks here.

Names are those of PySR. `Operator.numpy` works in float64 and gives NaN, without a warning, outside of the
operator's domain. An operator of your own is declared with `declare` and added with `add_operator`, or, where it
stands for a formula, with `lat_sr.expression.define_operator`.
"""

from __future__ import annotations

from lat_sr.operators.declaration import Domain, Notation, Operator, declare
from lat_sr.operators.table import OPERATORS, add_operator, closest_names, get_operator, remove_operator

__all__ = [
    "OPERATORS",
    "Domain",
    "Notation",
    "Operator",
    "add_operator",
    "closest_names",
    "declare",
    "get_operator",
    "remove_operator",
]
