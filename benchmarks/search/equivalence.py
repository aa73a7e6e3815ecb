"""Whether a formula that was found is the one that made the data.

Both are brought to one fraction by sympy, for positive variables. They are equal where no coefficient of their
difference exceeds a thousandth of the largest: constants are good to three digits. Sympy may never come to an end with
a formula, so this happens in a process of its own, which is ended after some seconds.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import sympy

from lat_sr import parse
from lat_sr.errors import LatSrError
from lat_sr.expression import Expression, to_sympy

# Starts its processes without a copy of this one, whose threads a copy would lack.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])

_TOLERANCE = 1e-3
# Of a coefficient in the argument of a function; variables are of the order of one.
_REMNANT = 1e-6


def first_recovered(texts: Sequence[str], truth: str, seconds: float) -> tuple[str | None, list[str]]:
    """The first of some formulas that is the truth.

    Parameters
    ----------
    texts : sequence of str
    truth : str
    seconds : float
        For each formula.

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
        process = _PROCESSES.Process(target=_answer, args=(theirs, left, truth), daemon=True)
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


def _answer(answers: Connection, texts: Sequence[str], truth: str) -> None:
    expected = parse(truth)
    for text in texts:
        try:
            equal = recovered(parse(text), expected)
        except (LatSrError, TypeError, ValueError, RecursionError):
            equal = False  # not comparable: complex values, or no polynomial
        answers.send(equal)


def recovered(found: Expression, truth: Expression) -> bool:
    """Whether two formulas are equal for positive variables, with constants good to three digits.

    Parameters
    ----------
    found, truth : Expression

    Returns
    -------
    bool
    """
    ours, theirs = _normal_form(found), _normal_form(truth)
    # The numerator of a difference has the factors of both denominators, and so has that of the sum.
    difference, both = (
        sympy.expand(sympy.fraction(sympy.together(value))[0]) for value in (ours - theirs, ours + theirs)
    )
    largest = max(abs(coefficient) for coefficient in both.as_coefficients_dict().values())
    return all(
        abs(coefficient) <= _TOLERANCE * largest for coefficient in difference.as_coefficients_dict().values()
    )


def _normal_form(expression: Expression) -> Any:
    """A sum of products, so that equal functions are equal factors."""
    formula = to_sympy(expression)
    formula = formula.subs(
        {symbol: sympy.Symbol(symbol.name, positive=True) for symbol in formula.free_symbols}
    )
    # Before constants are rounded, as sin(x + c) takes the exact sine of c with it.
    formula = sympy.expand_trig(sympy.expand(formula))
    formula = formula.replace(_is_root, _normal_root).replace(_is_function, _with_rounded_argument)
    return sympy.expand(sympy.expand_trig(formula))


def _is_root(part: Any) -> bool:
    return bool(part.is_Pow and part.exp.is_number and not part.exp.is_Integer)


def _is_function(part: Any) -> bool:
    return isinstance(part, sympy.exp | sympy.sin | sympy.cos)


def _normal_root(part: Any) -> Any:
    """The same power of one fraction in factors: sqrt(4*x + 4*y) is 2*sqrt(x + y), sqrt(x*x + 2*x + 1) is x + 1."""
    above, below = sympy.fraction(sympy.together(part.base))
    return _power_of_sum(above, part.exp) * _power_of_sum(below, -part.exp)


def _power_of_sum(total: Any, exponent: Any) -> Any:
    terms = _without_remnants(total)
    if not terms:
        return sympy.S.Zero**exponent
    first = sympy.Float(abs(terms[min(terms, key=sympy.default_sort_key)]))
    rest = _rounded({term: value / first for term, value in terms.items()})
    return first**exponent * sympy.factor(rest) ** exponent


def _with_rounded_argument(part: Any) -> Any:
    return part.func(_rounded(_without_remnants(part.args[0])))


def _without_remnants(total: Any) -> dict[Any, Any]:
    """Coefficients of a sum, without those that are zero but for the fitting of constants."""
    terms = sympy.expand(total).as_coefficients_dict()
    least = max(_REMNANT, _TOLERANCE * max(abs(value) for value in terms.values()))
    return {term: value for term, value in terms.items() if abs(value) > least}


def _rounded(terms: Mapping[Any, Any]) -> Any:
    """The sum, its coefficients with three digits."""
    return sympy.Add(*(sympy.Rational(f"{float(value):.2e}") * term for term, value in terms.items()))
