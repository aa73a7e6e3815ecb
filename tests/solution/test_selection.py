import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.datapath import lower
from lat_sr.errors import InputError
from lat_sr.expression import parse
from lat_sr.solution import (
    FrontPoint,
    PredictedCircuit,
    non_dominated,
    scores,
    select_point,
    spread,
)

PLAIN = lower(parse("x0"), "ap_fixed<8,4>")


def point(loss, latency=1, lut=10, text="x0", dsp=0):
    return FrontPoint((parse(text),), loss, PredictedCircuit(PLAIN, latency, 1000.0, lut, 8, dsp))


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.2, 0.3, math.nan, math.inf]), st.integers(1, 4), st.integers(1, 4)),
        max_size=12,
    )
)
def test_front_keeps_exactly_the_points_that_none_beats(values):
    points = [point(*value) for value in values]
    keys = {(p.loss, p.latency_cycles, p.lut) for p in points if math.isfinite(p.loss)}
    expected = {
        k for k in keys if not any(o != k and all(a <= b for a, b in zip(o, k, strict=True)) for o in keys)
    }
    kept = [(p.loss, p.latency_cycles, p.lut) for p in non_dominated(points)]
    assert set(kept) == expected
    assert len(kept) == len(expected)
    assert [k[1] for k in kept] == sorted(k[1] for k in kept)


def test_front_keeps_the_simplest_of_equal_points():
    assert str(non_dominated([point(0.1, text="x0 + x0"), point(0.1)])[0].expression) == "x0"


def test_scores_are_drops_of_log_loss_for_each_node():
    points = [
        point(0.25, text="x0 + x0 + x0"),
        point(1.0),
        point(0.5, text="x0 * x0"),
        point(0.6, text="-x0"),
    ]
    # sizes 5, 1, 3, 2
    expected = [math.log(0.5 / 0.25) / 2, 0.0, math.log(0.6 / 0.5) / 1, math.log(1 / 0.6)]
    np.testing.assert_allclose(scores(points), expected)
    assert scores([point(1.0), point(0.0, text="x0*x0")])[1] == math.inf
    assert scores([point(0.1), point(0.2, text="x0*x0")]) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("selection", "chosen"), [("accuracy", 2), ("score", 1), ("best", 2), (0, 0), (-1, 2)]
)
def test_selection(selection, chosen):
    points = [point(1.0), point(0.5, text="-x0"), point(0.3, text="x0 * x0 + x0")]
    assert select_point(points, selection) == chosen


def test_best_prefers_the_score_among_the_nearly_best():
    points = [point(1.0), point(0.35, text="-x0"), point(0.3, text="x0 * x0 + x0")]
    assert select_point(points, "best") == 1


def test_selection_of_an_absent_position():
    with pytest.raises(InputError, match="the front has 1 points"):
        select_point([point(1.0)], 3)


def test_spread_holds_the_selected_and_every_latency():
    points = [point(1.0 - 0.01 * i, latency=1 + i // 5, lut=10 + i) for i in range(20)]
    chosen = spread(points, 8, always=[7])
    assert len(chosen) == 8
    assert chosen == sorted(chosen)
    assert {7, 4, 9, 14, 19} <= set(chosen)
    assert spread(points, 40) == list(range(20))
    assert spread(points, 2, always=[7]) == [7, 19]
