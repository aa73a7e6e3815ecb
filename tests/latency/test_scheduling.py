import pytest

from lat_sr import lower, parse
from lat_sr.circuit import trace
from lat_sr.costs import load_library
from lat_sr.errors import InputError
from lat_sr.latency.scheduling import schedule

LIBRARY = load_library()
MULTIPLY_PS = 2823.0
REGISTER_PS = 303.0


def circuit(formula, precision="ap_fixed<16,6>", **options):
    return trace(lower(parse(formula), precision, **options))


# Delays of single-stage circuits, as yosys 0.70 mapped and timed them.
MAPPED_PS = {
    ("x0 + (x4 - x1)", "ap_fixed<16,6>"): 1721,
    ("x0*x1", "ap_fixed<16,6>"): 2823,
    ("(x1 - x2) * abs(square(x1))", "ap_fixed<16,6>"): 5646,
    ("square(abs(x0)) - neg(0.741)", "ap_fixed<12,6>"): 5156,
    ("x5 + 0.134", "ap_fixed<16,6>"): 1197,
}


@pytest.mark.parametrize(("formula", "precision"), MAPPED_PS)
def test_single_stages_take_what_the_tool_measured(formula, precision):
    plan = schedule(circuit(formula, precision), LIBRARY, available_ps=1e6)
    assert plan.stages == 1
    assert plan.worst_ps == pytest.approx(MAPPED_PS[formula, precision], rel=0.02)


def test_two_products_need_two_stages_at_5_ns():
    plan = schedule(circuit("x0*x1*x2"), LIBRARY, available_ps=5000.0)
    assert plan.stage_delay_ps == (MULTIPLY_PS, REGISTER_PS + MULTIPLY_PS)
    assert plan.fits
    assert plan.dsp == 2
    # The first product, 27 of whose bits reach the second multiplier, the waiting input, and the output.
    assert plan.ff == 27 + 16 + 16


def test_a_longer_clock_takes_both_products_in_one_stage():
    plan = schedule(circuit("x0*x1*x2"), LIBRARY, available_ps=2 * MULTIPLY_PS)
    assert plan.stage_delay_ps == (2 * MULTIPLY_PS,)


def test_an_operation_longer_than_the_clock_is_told():
    plan = schedule(circuit("x0*x1"), LIBRARY, available_ps=2500.0)
    assert not plan.fits
    assert plan.worst_ps == REGISTER_PS + MULTIPLY_PS or plan.worst_ps == MULTIPLY_PS


def test_given_stages_are_balanced():
    adders = circuit("(((x0 + 0.5*x1)*x2 + x3)*x4 + x5)*x6 + x7")
    fewest = schedule(adders, LIBRARY, available_ps=5000.0)
    balanced = schedule(adders, LIBRARY, available_ps=5000.0, stages=fewest.stages)
    assert balanced.stages == fewest.stages
    assert balanced.worst_ps <= fewest.worst_ps
    more = schedule(adders, LIBRARY, available_ps=5000.0, stages=fewest.stages + 1)
    assert more.worst_ps <= balanced.worst_ps


def test_a_limit_that_a_register_sets_takes_the_time_of_its_reset_input():
    # Each step of 1/x0 chooses by the sign of a difference; yosys 0.70 makes the one before the first registers their
    # reset and times that path at 2475 ps.
    plan = schedule(circuit("1/x0"), LIBRARY, available_ps=1e6, stages=4)
    assert plan.worst_ps == pytest.approx(2475, rel=0.002)


def test_operations_follow_their_operands():
    comb = circuit(
        "sin(x0)*x1 + exp(x2)/x3", ranges={"x0": (-4, 4), "x1": (-4, 4), "x2": (-2, 2), "x3": (1, 4)}
    )
    plan = schedule(comb, LIBRARY, available_ps=3500.0)
    assert plan.stages > 1
    for operation, stage in zip(comb.ops, plan.stage, strict=True):
        assert all(plan.stage[operand] <= stage for operand in operation.addr)
    assert max(plan.stage) == plan.stages - 1


def test_a_bit_waits_in_one_register_for_a_stage():
    # Of the product the eight bits that reach the output wait, and x2, whose sign is one flip-flop however often used.
    plan = schedule(circuit("x0*x1 + x2", "ap_fixed<8,4>"), LIBRARY, available_ps=3200.0)
    assert plan.stages == 2
    assert plan.ff == 8 + 8 + 8


def test_a_sum_of_four_shares_one_chain():
    plan = schedule(circuit("x0 + x1 + x2 + x3"), LIBRARY, available_ps=1e6)
    assert plan.worst_ps < 1.35 * schedule(circuit("x0 + x1 + x2"), LIBRARY, available_ps=1e6).worst_ps


@pytest.mark.parametrize("options", [{"available_ps": 0.0}, {"available_ps": 5000.0, "stages": 0}])
def test_nonsense_is_refused(options):
    with pytest.raises(InputError, match="expected"):
        schedule(circuit("x0 + x1"), LIBRARY, **options)
