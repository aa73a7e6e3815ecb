import pytest

from lat_sr.datapath import lower
from lat_sr.errors import BudgetError
from lat_sr.expression import parse
from lat_sr.solution import Budget, FrontPoint, PredictedCircuit, require_within

PLAIN = lower(parse("x0"), "ap_fixed<8,4>")


def point(loss, latency=1, lut=10, text="x0", dsp=0):
    return FrontPoint((parse(text),), loss, PredictedCircuit(PLAIN, latency, 1000.0, lut, 8, dsp))


def test_budget_keeps_what_fits_and_names_what_does_not():
    budget = Budget(max_latency=2, max_lut=50, max_dsp=0)
    fits, slow, large = point(0.3), point(0.2, latency=3), point(0.1, lut=51, dsp=1)
    assert require_within([fits, slow, large], budget) == [fits]
    assert budget.excess(3, 51, 1) == [
        "latency 3 > max_latency 2",
        "LUT 51 > max_lut 50",
        "DSP 1 > max_dsp 0",
    ]


def test_budget_that_none_meets_names_the_smallest():
    with pytest.raises(
        BudgetError, match=r"max_latency=0; the smallest that one meets is max_latency=1 \(for x0\)"
    ):
        require_within([point(0.1, latency=2, text="x0*x0"), point(0.3)], Budget(max_latency=0))
