"""Loss at a latency, over time: what the comparison of searches looks at, and its table.

A curve is a list of moments, ``[seconds, losses]``, one for each change: ``losses[0]`` is the loss without a budget
and ``losses[n]`` that within n clock cycles, None where there is no such formula. The formula within a budget is chosen
by its loss on the training rows; what counts is its loss on rows that no search has seen.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks import NAMES, Task

from lat_sr import parse

BUDGETS = (1, 2, 3, 4, 5, 6)
# Corner of the hypervolume: the loss of a formula that says nothing, and more cycles than any budget.
WORST_LOSS, WORST_CYCLES = 1.0, 10

Losses = list[float | None]
Curve = list[tuple[float, Losses]]


@dataclass(frozen=True)
class Score:
    """A formula's losses, None where infinite, and its clock cycles, None where no circuit meets the clock."""

    training: float | None
    held_out: float | None
    latency: int | None


class Judge:
    """Scores formulas, each text once."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.scores: dict[str, Score] = {}

    def curve(self, fronts: Iterable[tuple[float, Sequence[str]]]) -> Curve:
        """Losses at every moment at which they change."""
        curve: Curve = []
        for seconds, texts in fronts:
            losses = self._losses(texts)
            if not curve or losses != curve[-1][1]:
                curve.append((round(seconds, 2), losses))
        return curve

    def front(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """Every formula with its scores."""
        self._score(texts)
        return [{"formula": text, **vars(self.scores[text])} for text in texts]

    def _score(self, texts: Sequence[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self.scores]
        formulas = [parse(text, NAMES) for text in new]
        costs = self.task.circuit.costs(formulas, NAMES)
        for text, formula, cost in zip(new, formulas, costs, strict=True):
            self.scores[text] = Score(
                _finite(self.task.training_loss(formula)),
                _finite(self.task.held_out_loss(formula)),
                None if cost is None else cost.latency_cycles,
            )

    def _losses(self, texts: Sequence[str]) -> Losses:
        self._score(texts)
        scores = [self.scores[text] for text in texts]
        built = [(score.latency, score) for score in scores if score.latency is not None]
        within = [
            [score for latency, score in built if latency <= cycles] for cycles in range(1, WORST_CYCLES)
        ]
        return [_chosen(scores), *map(_chosen, within)]


def _finite(loss: float) -> float | None:
    return float(f"{loss:.6g}") if math.isfinite(loss) else None


def _chosen(scores: Sequence[Score]) -> float | None:
    trained = [(score.training, score) for score in scores if score.training is not None]
    best = min(trained, key=lambda entry: entry[0], default=None)
    return None if best is None else best[1].held_out


def losses_after(curve: Curve, seconds: float) -> Losses | None:
    """The losses at a moment, with a hundredth of it as grace."""
    known = [losses for at, losses in curve if at <= 1.01 * seconds]
    return known[-1] if known else None


def loss_after(curve: Curve, seconds: float, cycles: int = 0) -> float | None:
    """The loss at a moment within so many cycles, or without a budget."""
    losses = losses_after(curve, seconds)
    return None if losses is None else losses[cycles]


def hypervolume(curve: Curve, seconds: float) -> float | None:
    """The part of (loss, cycles) below the corner that the front of a moment dominates."""
    losses = losses_after(curve, seconds)
    if losses is None:
        return None
    return sum(max(0.0, WORST_LOSS - loss) for loss in losses[1:] if loss is not None)


def seconds_to(curve: Curve, loss: float | None, cycles: int = 0) -> float | None:
    """When a loss was reached within so many cycles, or without a budget."""
    reached = (
        at
        for at, losses in curve
        if loss is not None and (found := losses[cycles]) is not None and found <= loss
    )
    return next(reached, None)


def median(values: Iterable[float | None]) -> float | None:
    """Of those that are known, if they are more than half."""
    every = list(values)
    known = _known(every)
    return statistics.median(known) if len(known) * 2 > len(every) else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def tables(
    results: Mapping[str, Sequence[Mapping[str, Any]]],
    peers: Sequence[str],
    seconds: float,
    peer_seconds: float,
) -> str:
    """Markdown: what the systems reach, and when they reach what the best peer has after `seconds`.

    Parameters
    ----------
    results : mapping of str to sequence of mapping
        The runs of every system, one for each seed.
    peers : sequence of str
        Those systems that are not ours.
    seconds, peer_seconds : float
        Ours and theirs.
    """
    early, half = seconds / 6, seconds / 2
    budgets = (0, *BUDGETS)
    limits = ["", *(f"≤ {cycles}" for cycles in BUDGETS)]

    def medians(name: str, measure: Any, *arguments: Any) -> float | None:
        return median(measure(run["curve"], *arguments) for run in results[name])

    theirs = [name for name in results if name in peers]
    best_peer = {
        cycles: min(_known(medians(name, loss_after, seconds, cycles) for name in theirs), default=None)
        for cycles in budgets
    }
    reach = _markdown(
        [
            "system",
            *(f"loss, {moment:g} s" for moment in (early, seconds, peer_seconds)),
            *(f"{limit} cycles, {seconds:g} s" for limit in limits[1:]),
            *(f"hypervolume, {moment:g} s" for moment in (half, peer_seconds)),
        ],
        {
            name: [
                *(medians(name, loss_after, moment) for moment in (early, seconds)),
                medians(name, loss_after, peer_seconds) if name in peers else None,
                *(medians(name, loss_after, seconds, cycles) for cycles in BUDGETS),
                medians(name, hypervolume, half),
                medians(name, hypervolume, peer_seconds) if name in peers else None,
            ]
            for name in results
        },
    )
    when = _markdown(
        [
            "seconds to the best peer's",
            f"loss after {seconds:g} s",
            *(f"{limit} cycles" for limit in limits[1:]),
        ],
        {
            "(that loss)": [best_peer[cycles] for cycles in budgets],
            **{
                name: [medians(name, seconds_to, best_peer[cycles], cycles) for cycles in budgets]
                for name in results
            },
        },
    )
    return f"{reach}\n\n{when}"


def _markdown(head: Sequence[str], rows: Mapping[str, Sequence[float | None]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, cells in rows.items():
        texts = ("–" if cell is None else f"{cell:.4g}" for cell in cells)
        lines.append(f"| {name} | " + " | ".join(texts) + " |")
    return "\n".join(lines)
