"""What the operator table says of one operator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CALL",
    "EVERYWHERE",
    "EXACT",
    "OPERAND_NAMES",
    "POWER",
    "PREFIX",
    "PRODUCT",
    "SUM",
    "TABLE",
    "Domain",
    "Notation",
    "Operator",
    "declare",
]

# How tightly each kind of text binds; a larger number binds tighter.
SUM: Final = 10
PRODUCT: Final = 20
PREFIX: Final = 30
POWER: Final = 40
CALL: Final = 50

OPERAND_NAMES: Final = ("x", "y")

# What `Operator.implementations` may be.
EXACT: Final = ("exact",)
TABLE: Final = ("table", "interp")


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


EVERYWHERE: Final = Domain()


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
    hls_math : str or None
        The function of ``hls_math.h`` with fixed-point arguments that computes it.
    """

    name: str
    arity: int
    numpy: Callable[..., NDArray[np.float64]] = field(repr=False)
    sympy: Callable[..., Any] = field(repr=False)
    implementations: tuple[str, ...]
    latex: Notation = field(repr=False)
    domain: tuple[Domain, ...]
    aliases: tuple[str, ...] = ()
    infix: str | None = None
    precedence: int = CALL
    julia: str | None = None
    julia_body: str | None = field(default=None, repr=False)
    hls_math: str | None = field(default=None, repr=False)

    @property
    def is_exact(self) -> bool:
        """Whether the circuit computes it without a table."""
        return "exact" in self.implementations

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


def declare(
    name: str,
    numpy: Callable[..., Any],
    sympy: Callable[..., Any] | str,
    *,
    arity: int = 1,
    latex: str | Notation | None = None,
    implementations: tuple[str, ...] = TABLE,
    domain: Domain = EVERYWHERE,
    aliases: tuple[str, ...] = (),
    julia_body: str | None = None,
    hls_math: str | None = None,
    pysr_has: bool = False,
) -> Operator:
    r"""Declare an operator that is written as a function.

    Parameters
    ----------
    name : str
        Canonical name.
    numpy : callable
        Takes one float64 array per operand; what it gives, or warns of, outside of the domain does not matter.
    sympy : callable or str
        The same on sympy expressions, or the name of a function of sympy.
    arity : int, default=1
        Number of operands, 1 or 2.
    latex : str or Notation, optional
        Name of the function in LaTeX, as a template of `str.format`, or how the whole call is typeset;
        ``\operatorname`` with the name by default.
    implementations : tuple of str, default=("table", "interp")
        How the circuit can compute it; see `Operator`. An ``exact`` one needs a rule in the lowering besides.
    domain : Domain, optional
        Where every operand must lie; everywhere by default.
    aliases : tuple of str, optional
        Other names that mean the same.
    julia_body : str, optional
        Value in terms of Julia's Base, of ``x`` (and ``y``); not needed where Base has the name.
    hls_math : str, optional
        The function of ``hls_math.h`` that computes it.
    pysr_has : bool, default=False
        Whether SymbolicRegression.jl defines the name already, though Base does not.

    Returns
    -------
    Operator

    Examples
    --------
    >>> import numpy as np
    >>> cbrt = declare("cbrt", np.cbrt, "cbrt")
    >>> float(cbrt.numpy(27.0))
    3.0
    """
    operands = OPERAND_NAMES[:arity]
    if latex is None:
        typeset = name.replace("_", r"\_")
        latex = rf"\operatorname{{{{{typeset}}}}}"
    if isinstance(latex, str):
        inside = ", ".join(f"{{{i}}}" for i in range(arity))
        latex = Notation(rf"{latex}\left({inside}\right)", CALL, (0,) * arity)
    domains = (domain,) * arity
    return Operator(
        name=name,
        arity=arity,
        numpy=guarded(numpy, domains),
        sympy=sympy_function(sympy) if isinstance(sympy, str) else sympy,
        implementations=implementations,
        latex=latex,
        domain=domains,
        aliases=aliases,
        julia=None if julia_body is None or pysr_has else f"{name}({', '.join(operands)}) = {julia_body}",
        julia_body=julia_body,
        hls_math=hls_math,
    )


def guarded(function: Callable[..., Any], domain: tuple[Domain, ...]) -> Callable[..., NDArray[np.float64]]:
    """Make a numpy function quiet, and NaN outside of its domain."""

    def values(*operands: ArrayLike) -> NDArray[np.float64]:
        arrays = [np.asarray(operand, dtype=np.float64) for operand in operands]
        with np.errstate(all="ignore"):
            result: NDArray[np.float64] = np.asarray(function(*arrays), dtype=np.float64)
        for d, array in zip(domain, arrays, strict=True):
            if not d.is_everywhere:
                result = np.where(d.contains(array), result, np.nan)
        return result

    return values


def sympy_function(name: str, module: str = "sympy") -> Callable[..., Any]:
    """Give a function of sympy that is imported when first called."""

    def build(*operands: Any) -> Any:
        return getattr(import_module(module), name)(*operands)

    return build
