"""The operator table: one declaration per operator, and everything else looks here.

Names are those of PySR. `Operator.numpy` works in float64 and gives NaN, without a warning, outside of the
operator's domain. Operators of the user's own are added with `lat_sr.expression.define_operator`.
"""

from __future__ import annotations

from lat_sr.operators.declaration import Domain, Notation, Operator
from lat_sr.operators.table import OPERATORS, closest_names, get_operator

__all__ = [
    "OPERATORS",
    "Domain",
    "Notation",
    "Operator",
    "closest_names",
    "get_operator",
]
