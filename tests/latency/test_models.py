"""Latency models of formulas over published and measured figures."""

from __future__ import annotations

import pytest

import lat_sr
from lat_sr.costs import OperatorCost, OperatorProfile
from lat_sr.errors import InputError, ProfileError


@pytest.fixture(scope="module")
def published() -> OperatorProfile:
    return lat_sr.load_profile("ap_fixed<16,6>", toolchain="vivado_hls")


def test_additive_counts_every_operator(published: OperatorProfile) -> None:
    # * 1, sin 8 twice, + 1
    assert lat_sr.estimate("sin(x0)*sin(x0) + x1", published, model="additive").latency_cycles == 18


def test_critical_path_takes_the_longest_branch(published: OperatorProfile) -> None:
    # sin 8 beside exp 3, then + 1
    assert lat_sr.estimate("sin(x0) + exp(x1)", published, model="critical_path").latency_cycles == 9


def test_operators_chain_inside_the_clock(published: OperatorProfile) -> None:
    costs = {
        "+": {"exact": OperatorCost(latency_cycles=1, delay_ps=1500.0)},
        "*": {"exact": OperatorCost(latency_cycles=1, delay_ps=3000.0)},
        "sin": {"table": OperatorCost(latency_cycles=2, delay_ps=7000.0)},
    }
    profile = published.model_copy(update={"operators": costs})
    cycles = {
        formula: lat_sr.estimate(formula, profile).latency_cycles
        for formula in ("x0", "x0 + x1 + x2", "x0*x1 + x2", "x0*x1 + x2 + x3", "sin(x0) + x1", "sin(x0*x1)")
    }
    assert cycles == {
        "x0": 1,
        "x0 + x1 + x2": 1,  # 3.0 ns
        "x0*x1 + x2": 1,  # 4.5 ns
        "x0*x1 + x2 + x3": 2,  # 6.0 ns
        "sin(x0) + x1": 3,
        "sin(x0*x1)": 3,
    }


def test_an_operator_longer_than_the_clock_is_told(published: OperatorProfile) -> None:
    slow = OperatorCost(latency_cycles=1, delay_ps=6000.0, meets_clock=False)
    profile = published.model_copy(update={"operators": {**published.operators, "*": {"exact": slow}}})
    assert not lat_sr.estimate("x0*x1 + x2", profile, model="critical_path").meets_clock
    assert lat_sr.estimate("x1 + x2", profile, model="critical_path").meets_clock


def test_scheduled_estimate_shares_and_counts_one_circuit() -> None:
    open_profile = OperatorProfile(
        part="xcvu9p-flga2577-2-e",
        toolchain="open",
        toolchain_version="0",
        clock_period=5.0,
        precision="ap_fixed<16,6>",
        provenance={"kind": "measured"},
        operators={},
    )
    one = lat_sr.estimate("x0*x1", open_profile)
    two = lat_sr.estimate(["x0*x1", "x1*x0 + x2"], open_profile)
    assert one.dsp == two.dsp == 1
    assert 0 < one.delay_ps <= two.delay_ps <= 5000
    assert lat_sr.estimate("x0*x1*x2*x3", open_profile).latency_cycles > one.latency_cycles == 1


def test_errors_name_the_cause(published: OperatorProfile) -> None:
    with pytest.raises(ProfileError, match="gauss"):
        lat_sr.estimate("gauss(x0)", published)
    with pytest.raises(InputError, match="critical_path"):
        lat_sr.estimate("x0", published, model="fastest")
