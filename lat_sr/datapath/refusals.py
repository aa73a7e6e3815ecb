"""Why the core puts a formula into no datapath, as sentences: what is wrong, what is allowed, and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lat_sr import _engine
from lat_sr.datapath.graph import MAXIMUM_WIDTH
from lat_sr.datapath.width_limits import WidthLimits
from lat_sr.errors import ExpressionError, LatSrError
from lat_sr.precision import Precision

__all__ = ["refusal_error"]

# From what was refused, the part of the formula and the limits to the sentence.
_SENTENCES: Mapping[str, Callable[[_engine.Refused, str, WidthLimits], str]] = {
    "a constant is not finite": lambda refused, part, limits: (
        f"the constant {refused.value:g} of {part} is beyond fixed point; remove it, or scale the data so that "
        "constants are smaller"
    ),
    "a constant needs too many bits": lambda refused, part, limits: (
        f"the constant {refused.value:g} of {part} needs more than {limits.node} bits; scale the data so that "
        "constants are smaller"
    ),
    "a factor leaves no bits for its operand": lambda refused, part, limits: (
        f"a factor in {part} needs so many bits that none of the {limits.node} is left for its operand; scale the "
        "operand down"
    ),
    "a value needs too many bits": lambda refused, part, limits: (
        f"a value of {part} needs {refused.bits} bits; at most {MAXIMUM_WIDTH} are exact; scale its inputs down"
    ),
    "division by zero or infinity": lambda refused, part, limits: (
        f"division by {refused.value:g} in {part}; remove it from the expression"
    ),
    "the exponent of a power is not a whole number": lambda refused, part, limits: (
        f"the exponent of {part} must be an integer constant"
    ),
    "a function has no finite value on the range of its argument": lambda refused, part, limits: (
        f"a function of {part} has no finite value on the range of its argument; check the ranges of the inputs"
    ),
    "exp of values that no table holds": lambda refused, part, limits: (
        f"exp of values up to {refused.value:g} in {part} does not fit any table; scale its argument down"
    ),
}


def refusal_error(refused: _engine.Refused, part: str, limits: WidthLimits) -> LatSrError:
    """The error that a refusal is reported by.

    Parameters
    ----------
    refused : lat_sr._engine.Refused
    part : str
        The part of the formula that it is about.
    limits : WidthLimits

    Returns
    -------
    LatSrError
    """
    sentence = _SENTENCES.get(refused.reason)
    if sentence is not None:
        return ExpressionError(sentence(refused, repr(part), limits))
    try:
        Precision(refused.bits, int(refused.value))
    except LatSrError as error:
        return error
    return ExpressionError(f"{part!r} cannot be put into fixed point: {refused.reason}")
