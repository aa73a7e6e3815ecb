import json

import pytest

from lat_sr.costs import load_library
from lat_sr.datapath import lower
from lat_sr.errors import ToolFailedError
from lat_sr.expression import parse
from lat_sr.files import operator_profiles_directory
from lat_sr.profiling.delays import CHECKS, accuracy, cell_arcs, cell_timing

LIBRARY = load_library()


def test_the_shipped_library_has_the_delays_of_the_installed_tool():
    timing = cell_timing()
    assert timing["lut"] == LIBRARY.lut
    assert timing["carry"] == LIBRARY.carry
    assert timing["flipflop"] == LIBRARY.flipflop


def test_arcs_of_a_cell():
    text = """
module INV(output O, input I); specify (I => O) = 7; endspecify endmodule
module MUX(output [1:0] O, input [1:0] I, input S);
  specify
    (I[0] => O[1]) = 12; // a comment with (X => Y) of no number
    (S *> O) = 34;
  endspecify
endmodule
"""
    assert cell_arcs(text, "MUX") == {("I[0]", "O[1]"): 12.0, ("S", "O"): 34.0}


def test_a_missing_cell_is_named():
    with pytest.raises(ToolFailedError, match="LUT9"):
        cell_arcs("module LUT2(); endmodule", "LUT9")
    with pytest.raises(ToolFailedError, match="no delays of LUT2"):
        cell_arcs("module LUT2(); endmodule", "LUT2")


def test_accuracy_is_the_error_against_the_tool():
    datapath = lower(parse("x0*x1"), "ap_fixed<16,6>")
    found = accuracy(LIBRARY, [(datapath, 2823.0), (datapath, 2823.0 / 1.5)])
    assert (found.designs, found.mean_error, found.mean_absolute_error, found.worst_error) == (
        2,
        0.25,
        0.25,
        0.5,
    )


@pytest.mark.parametrize("formula", CHECKS)
def test_every_check_can_be_lowered(formula):
    datapath = lower(
        parse(formula), "ap_fixed<16,6>", ranges=dict.fromkeys(("x0", "x1", "x2", "x3"), (-4.0, 4.0))
    )
    assert len(datapath.outputs) == 1


def test_the_newest_version_of_the_tool_is_taken(tmp_path, monkeypatch):
    shipped = operator_profiles_directory() / "xcvu9p-flga2577-2-e" / "open-0.70" / "primitives.json"
    for version in ("0.70", "0.100", "0.9"):
        document = json.loads(shipped.read_text()) | {"date": version}
        path = tmp_path / "operator_profiles" / "some-part" / f"open-{version}" / "primitives.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(document))
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path))
    assert load_library(part="some-part").date == "0.100"
