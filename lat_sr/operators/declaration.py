"""What the operator table says of one operator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from lat_sr.expression.tree import Expression

__all__ = ["CALL", "OPERAND_NAMES", "POWER", "PREFIX", "PRODUCT", "SUM", "Domain", "Notation", "Operator"]

# How tightly each kind of text binds; a larger number binds tighter.
SUM: Final = 10
PRODUCT: Final = 20
PREFIX: Final = 30
POWER: Final = 40
CALL: Final = 50

OPERAND_NAMES: Final = ("x", "y")


@dataclass(frozen=True, slots=True)
class Domain:
    """The interval of an operand where an operator has a finite real value, less its poles.

    Parameters
    ----------
    lower, upper : float
        Ends of the interval.
    lower_open, upper_open : bool
        Whether that end lies outside of the domain.
    poles : tuple of float
        Single points inside the interval without a value.
    """

    lower: float = -math.inf
    upper: float = math.inf
    lower_open: bool = False
    upper_open: bool = False
    poles: tuple[float, ...] = ()

    @property
    def is_everywhere(self) -> bool:
        """Whether every real number lies in the domain."""
        return self.lower == -math.inf and self.upper == math.inf and not self.poles

    def contains(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Tell which values lie in the domain; NaN does not.

        Parameters
        ----------
        values : array_like of float
            Any shape.

        Returns
        -------
        ndarray of bool
            Of the shape of `values`.
        """
        v = np.asarray(values)
        inside = (v > self.lower) if self.lower_open else (v >= self.lower)
        inside &= (v < self.upper) if self.upper_open else (v <= self.upper)
        for pole in self.poles:
            inside &= v != pole
        return np.asarray(inside, dtype=np.bool_)

    def julia(self, operand: str) -> str:
        """Give the Julia condition that tests one operand, such as ``-1 <= x <= 1``."""
        conditions = []
        if self.lower > -math.inf:
            conditions.append(f"{operand} {'>' if self.lower_open else '>='} {self.lower:g}")
        if self.upper < math.inf:
            conditions.append(f"{operand} {'<' if self.upper_open else '<='} {self.upper:g}")
        conditions += [f"{operand} != {pole:g}" for pole in self.poles]
        return " && ".join(conditions)


@dataclass(frozen=True, slots=True)
class Notation:
    """How a call is written.

    Parameters
    ----------
    template : str
        For `str.format`; ``{0}``, ``{1}`` are the operands.
    precedence : int
        How tightly the written call binds.
    operands : tuple of int
        The least precedence each operand must have to need no brackets.
    """

    template: str
    precedence: int
    operands: tuple[int, ...]


Derivative = tuple[str, ...] | Callable[..., "tuple[Expression, ...]"]


@dataclass(frozen=True)
class Operator:
    """One operator.

    Parameters
    ----------
    name : str
        Canonical name, as in PySR.
    arity : int
        Number of operands, 1 or 2.
    numpy : callable
        Takes one array per operand (broadcast together), gives float64 values, NaN outside of the domain.
    sympy : callable
        The same on sympy expressions.
    derivative : tuple of str or callable
        For each operand the partial derivative as an expression of ``x`` and ``y``; a callable takes the
        operand expressions and gives the derivatives.
    implementations : tuple of str
        How the circuit can compute it: ``exact``, or ``table`` and ``interp``. `pow` is exact for exponents
        >= 0; negative ones go through the table of `inv`, as ``/`` does.
    latex : Notation
        How it is typeset.
    domain : tuple of Domain
        One per operand. An operator of the user's own has no stated domain, only NaN where it has no value.
    aliases : tuple of str
        Other names that mean the same: PySR's and Julia's, numpy's, sympy's.
    infix : str or None
        Symbol written between the operands.
    precedence : int
        How tightly its text binds.
    julia : str or None
        Definition in Julia; None when Julia or SymbolicRegression.jl has it built in.
    julia_body : str or None
        Value in terms of Julia's Base, where Base does not have the name.
    expansion : Expression or None
        For an operator of the user's own, what it stands for, in built-in operators of ``x`` and ``y``.
    """

    name: str
    arity: int
    numpy: Callable[..., NDArray[np.float64]] = field(repr=False)
    sympy: Callable[..., Any] = field(repr=False)
    derivative: Derivative
    implementations: tuple[str, ...]
    latex: Notation = field(repr=False)
    domain: tuple[Domain, ...]
    aliases: tuple[str, ...] = ()
    infix: str | None = None
    precedence: int = CALL
    julia: str | None = None
    julia_body: str | None = field(default=None, repr=False)
    expansion: Expression | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the circuit computes it without a table."""
        return "exact" in self.implementations

    @property
    def is_user_defined(self) -> bool:
        """Whether it was added with `define_operator`."""
        return self.expansion is not None

    @property
    def text(self) -> Notation:
        """How it is written in infix text."""
        if self.name == "neg":
            return Notation("-{0}", PREFIX, (PREFIX + 1,))
        if self.name == "pow":
            return Notation("{0} ^ {1}", POWER, (POWER + 1, PREFIX))
        if self.infix is not None:
            p = self.precedence
            return Notation(f"{{0}} {self.infix} {{1}}", p, (p, p + 1))
        operands = ", ".join(f"{{{i}}}" for i in range(self.arity))
        return Notation(f"{self.name}({operands})", CALL, (0,) * self.arity)
