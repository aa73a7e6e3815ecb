"""Whether a formula that was found is the one that made the data.

Both are brought to one fraction by sympy, for positive variables. They are equal where no coefficient of their
difference exceeds a thousandth of the largest: constants are good to three digits, or to as many as are asked for.
Sympy may never come to an end with a formula, so a process of its own does it, which is ended after some seconds.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import sympy

from lat_sr import parse
from lat_sr.errors import LatSrError
from lat_sr.expression import Expression, to_sympy

# Starts its processes without a copy of this one, whose threads a copy would lack.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])

# Of a coefficient in the argument of a function; variables are of the order of one.
_REMNANT = 1e-6


def first_recovered(
    texts: Sequence[str], truth: str, seconds: float, digits: int = 3
) -> tuple[str | None, list[str]]:
    """The first of some formulas that is the truth.

    Parameters
    ----------
    texts : sequence of str
    truth : str
    seconds : float
        For each formula.
    digits : int
        Of the constants.

    Returns
    -------
    found : str or None
    undecided : list of str
        Those before it for which the time was too short.
    """
    undecided: list[str] = []
    left = list(texts)
    while left:
        ours, theirs = _PROCESSES.Pipe(duplex=False)
        process = _PROCESSES.Process(target=_answer, args=(theirs, left, truth, digits), daemon=True)
        process.start()
        theirs.close()
        try:
            while left and ours.poll(seconds):
                equal = ours.recv()
                text = left.pop(0)
                if equal:
                    return text, undecided
        except EOFError:  # the process broke down, as for want of memory
            pass
        finally:
            process.kill()
            process.join()
            ours.close()
        undecided += left[:1]
        left = left[1:]
    return None, undecided


def _answer(answers: Connection, texts: Sequence[str], truth: str, digits: int) -> None:
    expected = parse(truth)
    for text in texts:
        try:
            equal = recovered(parse(text), expected, digits)
        except (LatSrError, TypeError, ValueError, RecursionError):
            equal = False  # not comparable: complex values, or no polynomial
        answers.send(equal)


def recovered(found: Expression, truth: Expression, digits: int = 3) -> bool:
    """Whether two formulas are equal for positive variables.

    Parameters
    ----------
    found, truth : Expression
    digits : int
        To which constants must be good.

    Returns
    -------
    bool
    """
    form = _Form(digits)
    ours, theirs = form.normal(found), form.normal(truth)
    # The numerator of a difference has the factors of both denominators, and so has that of the sum.
    difference, both = (
        sympy.expand(sympy.fraction(sympy.together(value))[0]) for value in (ours - theirs, ours + theirs)
    )
    largest = max(abs(coefficient) for coefficient in both.as_coefficients_dict().values()) / 2
    return all(
        abs(coefficient) <= form.tolerance * largest
        for coefficient in difference.as_coefficients_dict().values()
    )


@dataclass(frozen=True)
class _Form:
    """Brings formulas to a form in which equal functions are equal factors, with constants of so many digits."""

    digits: int

    @property
    def tolerance(self) -> float:
        return 10.0**-self.digits

    def normal(self, expression: Expression) -> Any:
        """A sum of products."""
        formula = to_sympy(expression)
        formula = formula.subs(
            {symbol: sympy.Symbol(symbol.name, positive=True) for symbol in formula.free_symbols}
        )
        # Before constants are rounded, as sin(x + c) takes the exact sine of c with it.
        formula = sympy.expand_trig(sympy.expand(formula))
        formula = formula.replace(_is_root, self._root).replace(_is_function, self._function)
        return sympy.expand(sympy.expand_trig(formula))

    def _root(self, part: Any) -> Any:
        """The same power of a fraction in factors: sqrt(4*x + 4) is 2*sqrt(x + 1), sqrt(x*x + 2*x + 1) is x + 1."""
        above, below = sympy.fraction(sympy.together(part.base))
        return self._power(above, part.exp) * self._power(below, -part.exp)

    def _power(self, total: Any, exponent: Any) -> Any:
        terms = self._terms(total)
        if not terms:
            return sympy.S.Zero**exponent
        first = sympy.Float(abs(terms[min(terms, key=sympy.default_sort_key)]))
        rest = self._rounded({term: value / first for term, value in terms.items()})
        return first**exponent * sympy.factor(rest) ** exponent

    def _function(self, part: Any) -> Any:
        return part.func(self._rounded(self._terms(part.args[0])))

    def _terms(self, total: Any) -> dict[Any, Any]:
        """Coefficients of a sum, without those that are zero but for the fitting of constants."""
        terms = sympy.expand(total).as_coefficients_dict()
        least = max(_REMNANT, self.tolerance * max(abs(value) for value in terms.values()))
        return {term: value for term, value in terms.items() if abs(value) > least}

    def _rounded(self, terms: Mapping[Any, Any]) -> Any:
        return sympy.Add(
            *(sympy.Rational(f"{float(value):.{self.digits - 1}e}") * term for term, value in terms.items())
        )


def _is_root(part: Any) -> bool:
    return bool(part.is_Pow and part.exp.is_number and not part.exp.is_Integer)


def _is_function(part: Any) -> bool:
    return isinstance(part, sympy.exp | sympy.sin | sympy.cos)
