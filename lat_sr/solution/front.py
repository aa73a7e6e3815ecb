"""The front of a fitted model: formulas with their loss, their circuit and what the circuit is predicted to cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lat_sr.errors import BudgetError, FormatError, InputError

if TYPE_CHECKING:
    from lat_sr.datapath import Datapath
    from lat_sr.expression import Expression

__all__ = [
    "MODEL_SELECTION",
    "Budget",
    "FrontPoint",
    "PredictedCircuit",
    "non_dominated",
    "require_within",
    "scores",
    "select_point",
    "spread",
]


@dataclass(frozen=True, slots=True)
class PredictedCircuit:
    """A datapath and what its circuit is predicted to cost.

    Parameters
    ----------
    datapath : Datapath
        What the circuit computes.
    latency_cycles : int
        Clock cycles.
    delay_ps : float
        Longest register-to-register delay in picoseconds.
    lut, ff, dsp : int
        Resources.
    """

    datapath: Datapath
    latency_cycles: int
    delay_ps: float
    lut: int
    ff: int
    dsp: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description, read back by `from_dict`."""
        return {**{name: getattr(self, name) for name in _FIGURES}, "datapath": self.datapath.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PredictedCircuit:
        """Inverse of `to_dict`.

        Raises
        ------
        FormatError
            The description lacks something or does not fit together.
        """
        from lat_sr.datapath import Datapath

        try:
            figures = {name: kind(data[name]) for name, kind in _FIGURES.items()}
            return cls(datapath=Datapath.from_dict(data["datapath"]), **figures)
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(f"a circuit is damaged ({error!r}); fit and save the model again") from error


_FIGURES: Mapping[str, Callable[[Any], Any]] = {
    "latency_cycles": int,
    "delay_ps": float,
    "lut": int,
    "ff": int,
    "dsp": int,
}


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

    expressions: tuple[Expression, ...]
    loss: float
    circuit: PredictedCircuit

    @property
    def expression(self) -> Expression:
        """The formula of the only output; InputError where there are several."""
        from lat_sr.expression import only_expression

        return only_expression(self.expressions)

    @property
    def equation(self) -> str:
        """The formulas as text, with semicolons between them."""
        from lat_sr.expression import equation_of

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

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready description, read back by `from_dict`."""
        return {"equation": self.equation, "loss": self.loss, "circuit": self.circuit.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FrontPoint:
        """Inverse of `to_dict`.

        Raises
        ------
        FormatError
            The description lacks something or does not fit together.
        """
        from lat_sr.expression import parse_equation

        try:
            circuit = PredictedCircuit.from_dict(data["circuit"])
            expressions = parse_equation(data["equation"], circuit.datapath.input_names)
            return cls(expressions, float(data["loss"]), circuit)
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(
                f"a front point is damaged ({error!r}); fit and save the model again"
            ) from error


# The field of a point that each limit is about.
_COSTS = {"max_latency": "latency_cycles", "max_lut": "lut", "max_dsp": "dsp"}


@dataclass(frozen=True, slots=True)
class Budget:
    """What a circuit may cost at most; None is no limit.

    Parameters
    ----------
    max_latency : int or None
        Clock cycles.
    max_lut, max_dsp : int or None
        Look-up tables and DSP slices.
    """

    max_latency: int | None = None
    max_lut: int | None = None
    max_dsp: int | None = None

    def excess(self, latency_cycles: int, lut: int | None, dsp: int | None) -> list[str]:
        """Name what goes over the budget.

        Parameters
        ----------
        latency_cycles : int
            Latency of a circuit.
        lut, dsp : int or None
            Its resources; None, where they are not known, is over no limit.

        Returns
        -------
        list of str
            Empty when the circuit fits.

        Examples
        --------
        >>> from lat_sr.solution.front import Budget
        >>> Budget(max_latency=2).excess(latency_cycles=3, lut=900, dsp=0)
        ['latency 3 > max_latency 2']
        """
        checks = (
            ("latency", latency_cycles, "max_latency", self.max_latency),
            ("LUT", lut, "max_lut", self.max_lut),
            ("DSP", dsp, "max_dsp", self.max_dsp),
        )
        return [
            f"{what} {value} > {name} {limit}"
            for what, value, name, limit in checks
            if limit is not None and value is not None and value > limit
        ]

    def fits(self, point: FrontPoint) -> bool:
        """Whether a point is within the budget."""
        return not self.excess(point.latency_cycles, point.lut, point.dsp)


def require_within(points: Sequence[FrontPoint], budget: Budget) -> list[FrontPoint]:
    """Points that fit the budget.

    Parameters
    ----------
    points : sequence of FrontPoint
        At least one.
    budget : Budget
        The limits.

    Returns
    -------
    list of FrontPoint
        At least one.

    Raises
    ------
    BudgetError
        None fits. The message names the smallest budget that one of them meets.
    """
    fitting = [point for point in points if budget.fits(point)]
    if fitting:
        return fitting
    asked = [name for name in _COSTS if getattr(budget, name) is not None]

    def cost(point: FrontPoint) -> tuple[int, ...]:
        excess = budget.excess(point.latency_cycles, point.lut, point.dsp)
        return (len(excess), *(getattr(point, _COSTS[name]) for name in asked))

    least = min(points, key=cost)
    raise BudgetError(
        f"no expression meets the budget {', '.join(f'{name}={getattr(budget, name)}' for name in asked)}; "
        "the smallest that one meets is "
        f"{', '.join(f'{name}={getattr(least, _COSTS[name])}' for name in asked)} (for {least.equation})"
    )


def non_dominated(points: Iterable[FrontPoint]) -> list[FrontPoint]:
    """Points that no other one beats in loss, latency and LUT at once.

    Parameters
    ----------
    points : iterable of FrontPoint
        Those with a loss that is not finite are left out.

    Returns
    -------
    list of FrontPoint
        Sorted by latency, then LUT, then falling loss; of equal points the simplest.
    """
    ordered = sorted(
        (point for point in points if math.isfinite(point.loss)),
        key=lambda point: (
            point.loss,
            point.latency_cycles,
            point.lut,
            point.complexity,
            point.equation,
        ),
    )
    kept: list[FrontPoint] = []
    for point in ordered:
        if not any(other.latency_cycles <= point.latency_cycles and other.lut <= point.lut for other in kept):
            kept.append(point)
    return sorted(kept, key=lambda point: (point.latency_cycles, point.lut, -point.loss))


def scores(points: Sequence[FrontPoint]) -> list[float]:
    """PySR's score: the drop of log(loss) for each node added, against the best simpler formula.

    Parameters
    ----------
    points : sequence of FrontPoint
        In any order.

    Returns
    -------
    list of float
        One for each point; 0 for a point that a simpler one equals or beats, infinite for a loss of 0.
    """
    result = [0.0] * len(points)
    best: FrontPoint | None = None
    for position in sorted(range(len(points)), key=lambda i: (points[i].complexity, points[i].loss)):
        point = points[position]
        if best is None:
            best = point
        elif point.loss < best.loss:
            if point.complexity > best.complexity:
                drop = math.inf if point.loss <= 0.0 else math.log(best.loss / point.loss)
                result[position] = drop / (point.complexity - best.complexity)
            best = point
    return result


def _most_accurate(points: Sequence[FrontPoint]) -> int:
    return min(range(len(points)), key=lambda i: (points[i].loss, points[i].latency_cycles, points[i].lut))


def _highest_score(points: Sequence[FrontPoint], among: Iterable[int] | None = None) -> int:
    score = scores(points)
    return max(range(len(points)) if among is None else among, key=lambda i: (score[i], -points[i].loss))


def _best(points: Sequence[FrontPoint]) -> int:
    # PySR's rule: the highest score among the formulas within 1.5 times the smallest loss.
    limit = 1.5 * min(point.loss for point in points)
    return _highest_score(points, [i for i, point in enumerate(points) if point.loss <= limit])


#: How one point of a front is chosen, by name.
MODEL_SELECTION: Mapping[str, Callable[[Sequence[FrontPoint]], int]] = {
    "accuracy": _most_accurate,
    "best": _best,
    "score": _highest_score,
}


def select_point(points: Sequence[FrontPoint], selection: str | int) -> int:
    """Position of the point that a model predicts with.

    Parameters
    ----------
    points : sequence of FrontPoint
        At least one.
    selection : {"accuracy", "best", "score"} or int
        Smallest loss; highest score among the losses up to 1.5 times the smallest; highest score; or a
        position.

    Returns
    -------
    int

    Raises
    ------
    InputError
        The position does not exist.
    """
    if isinstance(selection, str):
        return MODEL_SELECTION[selection](points)
    if not -len(points) <= selection < len(points):
        raise InputError(
            f"model_selection is {selection} but the front has {len(points)} points; "
            f"give 0 to {len(points) - 1}, or one of {', '.join(MODEL_SELECTION)}"
        )
    return int(selection) % len(points)


def spread(points: Sequence[FrontPoint], limit: int, always: Iterable[int] = ()) -> list[int]:
    """Positions of points that stand for a whole front.

    Parameters
    ----------
    points : sequence of FrontPoint
        The front.
    limit : int
        Most positions to give.
    always : iterable of int
        Positions that come first.

    Returns
    -------
    list of int
        In rising order: first those of `always`, then the most accurate point of each latency, then points
        evenly spread over the order of losses.
    """
    by_loss = sorted(range(len(points)), key=lambda i: points[i].loss)
    chosen = dict.fromkeys(always)
    fastest: dict[int, int] = {}
    for position in by_loss:
        fastest.setdefault(points[position].latency_cycles, position)
    chosen.update(dict.fromkeys(fastest.values()))
    missing = max(limit - len(chosen), 0)
    if missing:
        rest = [position for position in by_loss if position not in chosen]
        steps = np.linspace(0, len(rest) - 1, min(missing, len(rest))).round().astype(int)
        chosen.update(dict.fromkeys(rest[step] for step in steps))
    return sorted(list(chosen)[:limit])
