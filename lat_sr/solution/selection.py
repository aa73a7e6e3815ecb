"""Which points of a front matter: those that none beats, the one to predict with, a few that stand for all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral

import numpy as np

from lat_sr.errors import InputError
from lat_sr.solution.point import FrontPoint

__all__ = ["MODEL_SELECTION", "non_dominated", "scores", "select_point", "spread"]


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
    """Row of the point that a model predicts with.

    Parameters
    ----------
    points : sequence of FrontPoint
        At least one.
    selection : {"accuracy", "best", "score"} or int
        Smallest loss; highest score among the losses up to 1.5 times the smallest; highest score; or a row,
        counted from the end where it is negative.

    Returns
    -------
    int

    Raises
    ------
    InputError
        There is no such row or rule.
    """
    if isinstance(selection, str) and selection in MODEL_SELECTION:
        return MODEL_SELECTION[selection](points)
    if isinstance(selection, Integral) and -len(points) <= selection < len(points):
        return int(selection) % len(points)
    raise InputError(
        f"there is no row {selection!r}: the front has {len(points)} points; "
        f"give 0 to {len(points) - 1}, or one of {', '.join(MODEL_SELECTION)}"
    )


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
