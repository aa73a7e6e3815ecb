from __future__ import annotations

import json

import pytest

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.open import yosys

TIMING = r"""
19. Executing STA pass (static timing analysis).
Warning: Cell type '$scopeinfo' not recognised! Ignoring.
Latest arrival time in 'top' is 1631:
    1631 $auto$ff.cc:337:slice$1560 (FDRE.D)
           $abc$21995$aiger$o115
     541 $abc$21995$lut$aiger$o6 (LUT2.I0->O)
           \model_inp [43]
       0   \clk (<primary input>)

Arrival histogram:
 legend: * represents 1 endpoint(s)
(  1640,   1558] |*+
"""

CELLS = {
    "$scopeinfo": 4,
    "LUT2": 16,
    "LUT6": 3,
    "INV": 1,
    "CARRY4": 4,
    "FDRE": 96,
    "FDSE": 1,
    "DSP48E2": 2,
    "MUXF7": 9,
}


def test_timing_report() -> None:
    delay, path = yosys.parse_timing(TIMING)
    assert delay == 1631
    assert [step.split()[0] for step in path] == ["1631", "541", "0"]
    assert path[0].endswith("(FDRE.D)")


def test_a_design_of_wires_has_no_path() -> None:
    assert yosys.parse_timing("Executing STA pass\nNo timing paths found.\n") == (0, ())


def test_cells_without_timing_are_not_passed_over() -> None:
    text = "Warning: Module 'RAMB18E2' has no timing arcs!\n" + TIMING
    with pytest.raises(ToolFailedError, match="no timing for RAMB18E2"):
        yosys.parse_timing(text)


def test_a_truncated_timing_report() -> None:
    with pytest.raises(ToolFailedError, match="timing report of yosys is incomplete"):
        yosys.parse_timing(TIMING[:90])


def test_resource_counts() -> None:
    stat = json.dumps({"modules": {}, "design": {"num_cells_by_type": CELLS}})
    design = yosys.mapped_designs({"one.sta": TIMING, "one.stat": stat})["one"]
    assert design.critical_path_ps == 1631
    assert (design.lut, design.carry, design.ff, design.dsp, design.bram) == (20, 4, 97, 2, 0)
    assert "$scopeinfo" not in design.cells


@pytest.mark.parametrize(
    "text", ["", '{"design": ', "{}", "[]", '{"design": {"num_cells_by_type": {"LUT2": "x"}}}']
)
def test_a_broken_resource_report(text: str) -> None:
    with pytest.raises(ToolFailedError, match="resource report of yosys is incomplete"):
        yosys.parse_cells(text)


def test_plan_maps_every_design_in_one_session() -> None:
    plan = yosys.synthesis_plan(
        {"two": {"top.v": "module top; endmodule"}, "one": {"top.v": "", "static/a.v": ""}}
    )
    script = plan.files["synthesis.ys"]
    assert len(plan.commands) == 1
    assert script.count("design -load library") == 2
    assert script.index("two/top.v") < script.index("two.sta") < script.index("one/static/a.v")
    assert set(plan.results) == {"one.sta", "one.stat", "two.sta", "two.stat"}
    assert {"one/top.v", "one/static/a.v", "two/top.v", "dsp48e2.v"} < set(plan.files)
    assert (
        plan.digest()
        == yosys.synthesis_plan(
            {"two": {"top.v": "module top; endmodule"}, "one": {"top.v": "", "static/a.v": ""}}
        ).digest()
    )
