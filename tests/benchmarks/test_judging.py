"""What the comparison of searches reads from the fronts of a run."""

from __future__ import annotations

import numpy as np
import pytest
from gplearn_search import formula_of
from judging import Curve, Judge, hypervolume, loss_after, median, seconds_to, tables
from tasks import NAMES, TASKS, Task, load_task

from lat_sr import parse

CURVE: Curve = [
    (1.0, [0.9, None, 0.9, *[0.9] * 7]),
    (4.0, [0.5, 0.8, 0.6, *[0.5] * 7]),
]


def test_a_moment_has_the_last_losses_before_it() -> None:
    assert loss_after(CURVE, 0.5) is None
    assert loss_after(CURVE, 3.0) == 0.9
    assert loss_after(CURVE, 3.97, 2) == 0.6  # within the grace
    assert loss_after(CURVE, 3.0, 1) is None


def test_hypervolume_counts_what_is_below_the_corner() -> None:
    assert hypervolume(CURVE, 3.0) == pytest.approx(8 * 0.1)
    assert hypervolume(CURVE, 5.0) == pytest.approx(0.2 + 0.4 + 7 * 0.5)


def test_seconds_to_a_loss() -> None:
    assert seconds_to(CURVE, 0.6) == 4.0
    assert seconds_to(CURVE, 0.6, 1) is None
    assert seconds_to(CURVE, None) is None


def test_a_median_needs_more_than_half_of_the_seeds() -> None:
    assert median([1.0, None, 3.0]) == 2.0
    assert median([1.0, None]) is None


def test_tables_have_a_row_for_every_system() -> None:
    runs = {"ours": [{"curve": CURVE}], "theirs": [{"curve": CURVE}]}
    reach, when = tables(runs, ["theirs"], 6.0, 12.0).split("\n\n")
    assert [line.split(" | ")[1] for line in reach.splitlines()[2:]] == ["0.9", "0.9"]
    assert when.splitlines()[2:] == [
        "| (that loss) | 0.5 | 0.8 | 0.6 | 0.5 | 0.5 | 0.5 | 0.5 |",
        "| ours | 4 | 4 | 4 | 4 | 4 | 4 | 4 |",
        "| theirs | 4 | 4 | 4 | 4 | 4 | 4 | 4 |",
    ]


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("dimuon")


def test_the_formula_within_a_budget_is_chosen_on_the_training_rows(task: Task) -> None:
    texts = ["1.3", "x0*x3", "sqrt(x0*x3)"]
    (_, losses), *rest = Judge(task).curve([(1.0, texts), (2.0, texts)])
    assert not rest  # nothing changed
    scores = {row["formula"]: row for row in Judge(task).front(texts)}
    for text in texts:
        circuit = task.hardware.circuit([parse(text)], NAMES, task.X)
        assert scores[text]["latency"] == circuit.latency_cycles
    for cycles in range(1, 10):
        within = [row for row in scores.values() if row["latency"] <= cycles]
        best = min(within, key=lambda row: row["training"])
        assert losses[cycles] == pytest.approx(best["held_out"], rel=1e-5)


@pytest.mark.parametrize("name", TASKS)
def test_saying_nothing_costs_about_one(name: str) -> None:
    task = load_task(name)
    assert len(task.X) == len(task.y) == 8000
    assert np.abs(task.X).max() < 32  # the range of <16,6>
    assert np.mean(task.y**2 if name != "dimuon" else (task.y - task.y.mean()) ** 2) == pytest.approx(1.0)


def test_nested_calls_become_a_formula() -> None:
    assert (
        str(formula_of("add(mul(X0, -0.5), sqrt(sub(X1, sin(X2))))")) == "x0 * -0.5 + sqrt_abs(x1 - sin(x2))"
    )
