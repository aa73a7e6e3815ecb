"""Points of a front: formulas with their loss and their circuit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from lat_sr.expression import Expression, equation_of, only_expression, parse_equation
from lat_sr.solution.cost import PredictedCircuit

__all__ = ["Front", "FrontPoint"]


def _read_formulas(value: Any, info: ValidationInfo) -> tuple[Expression, ...]:
    return parse_equation(value, (info.context or {})["input_names"]) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One formula of a front, or the formulas of several outputs that are one circuit.

    Parameters
    ----------
    expressions : tuple of Expression
        One for each output, over the input names of the circuit.
    loss : float
        Mean training loss in float64 arithmetic.
    circuit : PredictedCircuit
        The circuit of these formulas alone.
    """

    expressions: Annotated[
        tuple[Expression, ...],
        PlainValidator(_read_formulas),
        PlainSerializer(equation_of),
        Field(alias="equation"),
    ]
    loss: float
    circuit: PredictedCircuit

    @property
    def expression(self) -> Expression:
        """The formula of the only output; InputError where there are several."""
        return only_expression(self.expressions)

    @property
    def equation(self) -> str:
        """The formulas as text, with semicolons between them."""
        return equation_of(self.expressions)

    @property
    def complexity(self) -> int:
        """Nodes of the expression trees."""
        return sum(expression.size for expression in self.expressions)

    @property
    def latency_cycles(self) -> int:
        """Predicted clock cycles."""
        return self.circuit.latency_cycles

    @property
    def lut(self) -> int:
        """Predicted look-up tables."""
        return self.circuit.lut

    @property
    def dsp(self) -> int:
        """Predicted DSP slices."""
        return self.circuit.dsp


@dataclass(frozen=True, slots=True)
class Front:
    """What one search found, for one output or for all.

    Parameters
    ----------
    points : tuple of FrontPoint
        The non-dominated formulas within the budget, at least one.
    seed : int
        Seed of the search.
    evaluations : int
        Candidates whose loss was computed.
    seconds : float
        Time of the search.
    stop_reason : str
        Why it ended.
    """

    points: tuple[FrontPoint, ...]
    seed: int
    evaluations: int
    seconds: float
    stop_reason: str
