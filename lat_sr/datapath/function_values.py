"""Values of functions for tables and constants, in double precision.

They are the C++ core's, except for powers beyond its exponents. Those of numpy differ from them, and from one version
and processor to the next, in the last bits; where a value lies halfway between two entries of a table, these decide.
"""

from __future__ import annotations

import numpy as np

from lat_sr import _engine
from lat_sr.datapath.functions import Function
from lat_sr.datapath.graph import Floats
from lat_sr.expression import Call, Expression, Variable, evaluate
from lat_sr.expression.postfix import tree_of

__all__ = ["constant_value", "exp2", "function_of", "operator_function"]


def function_of(expression: Expression, name: str) -> Function:
    """An expression of one variable as a function of arrays.

    Parameters
    ----------
    expression : Expression
    name : str
        The variable.

    Returns
    -------
    callable
        Takes and gives float64, shape (n,); NaN outside of the domain.

    Examples
    --------
    >>> from lat_sr import parse
    >>> function_of(parse("2 * x0 - log(x0)"), "x0")(np.array([1.0, -1.0]))
    array([ 2., nan])
    """
    try:
        tree = tree_of(expression, (name,))
    except ValueError:  # an exponent beyond the core's

        def of_numpy(x: Floats) -> Floats:
            return evaluate(expression, x[:, None], (name,))

        return of_numpy

    def of_core(x: Floats) -> Floats:
        return _engine.function_values(tree, np.ascontiguousarray(x))

    return of_core


def operator_function(name: str) -> Function:
    """A unary operator as a function of arrays; see `function_of`."""
    return function_of(Call(name, (Variable("x"),)), "x")


def constant_value(expression: Expression) -> float:
    """Value of an expression without variables; NaN outside of the domain."""
    return float(function_of(expression, "x")(np.zeros(1))[0])


def exp2(x: Floats) -> Floats:
    """Powers of two, shape (n,)."""
    return _engine.exp2(np.ascontiguousarray(x))
