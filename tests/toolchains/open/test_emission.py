"""Pipelines of every shape simulate like their datapaths."""

from __future__ import annotations

import pytest

from lat_sr import Target, lower, parse
from lat_sr.circuit import trace
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath
from lat_sr.latency.scheduling import schedule
from lat_sr.toolchains.open import verilator
from lat_sr.toolchains.open.emission import emit, latency_of, pipeline, rtl_sources
from lat_sr.toolchains.vectors import port_integers, stimuli


def simulate(datapath: Datapath, library: DelayLibrary, stages: int) -> tuple[int, verilator.Simulation]:
    circuit = trace(datapath)
    placed = schedule(circuit, library, available_ps=5000.0, stages=stages)
    fsm = pipeline(circuit, placed.stage, datapath.precision)
    X = stimuli(datapath, 300)
    outputs = port_integers(datapath, X)
    sources = rtl_sources(emit(fsm, Target()))
    latency = latency_of(fsm)
    return latency, verilator.simulate(sources, X, outputs, datapath.precision.width, latency, timeout=300)


@pytest.mark.toolchain
@pytest.mark.parametrize(
    ("precision", "stages"),
    [
        ("ap_fixed<16,6>", 3),
        ("ap_ufixed<3,5>", 1),  # no bit at the binary point
        ("ap_fixed<8,-1,AP_RND,AP_SAT>", 2),
        ("ap_fixed<10,14,AP_RND_CONV,AP_SAT_SYM>", 2),
    ],
)
def test_early_outputs_constants_and_unused_inputs(
    precision: str, stages: int, library: DelayLibrary
) -> None:
    texts = ["c*d + max(a, c)*0.6875", "a", "0", "d - d", "abs(c) - d", "1.5"]
    datapath = lower([parse(text) for text in texts], precision, input_names=["unused", "a", "b", "c", "d"])
    latency, simulation = simulate(datapath, library, stages)
    assert (simulation.latency, simulation.first_mismatch) == (latency, "")
    assert latency <= stages


@pytest.mark.toolchain
def test_a_circuit_without_inputs(library: DelayLibrary) -> None:
    datapath = lower([parse("-0.75"), parse("0")], "ap_fixed<8,4>", input_names=[])
    latency, simulation = simulate(datapath, library, 1)
    assert (simulation.latency, simulation.mismatches) == (latency, 0) == (1, 0)


def test_ports_are_as_wide_as_the_precision(library: DelayLibrary) -> None:
    datapath = lower([parse("floor(x1)"), parse("0.5")], "ap_fixed<12,5>", input_names=["x0", "x1"])
    circuit = trace(datapath)
    fsm = pipeline(circuit, [0] * len(circuit.ops), datapath.precision)
    top = emit(fsm, Target())["src/top.v"]
    assert "input wire [23:0] model_inp" in top
    assert "output reg [23:0] model_out" in top
