from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_reports import VERSIONS, timing_summary, utilization

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import parse_utilization, read_utilization

counts = st.integers(0, 10**7)


@given(
    st.sampled_from(VERSIONS),
    st.booleans(),
    st.fixed_dictionaries(dict.fromkeys(("lut", "ff", "dsp"), counts)),
)
def test_figures_are_those_of_the_file(version: str, series7: bool, figures: dict[str, int]) -> None:
    report = parse_utilization(utilization(version, series7=series7, **figures))
    assert report.resources() == {**figures, "bram": 2 * 1 + 2}
    assert report.carry == (11 if series7 else 22)
    assert (report.version, report.part, report.top) == (version, "xcvu9p-flga2577-2-e", "top")


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("Synthesized", "synthesis"),
        ("Fully Placed", "implementation"),
        ("Physopt postRoute", "implementation"),
        ("Routed", "implementation"),
    ],
)
def test_how_far_the_design_is(state: str, step: str) -> None:
    assert parse_utilization(utilization(state=state)).step == step


def test_families_without_a_site() -> None:
    assert parse_utilization(utilization(uram=3)).uram == 3
    assert parse_utilization(utilization(series7=True)).uram == 0
    versal = utilization().replace("CLB Registers", "Registers    ").replace("DSPs      ", "DSP Slices")
    versal = versal.replace("RAMB36/FIFO*", "RAMB36E5*   ").replace("  RAMB18  ", "  RAMB18E5")
    assert parse_utilization(versal).bram == 4
    assert (parse_utilization(versal).ff, parse_utilization(versal).dsp) == (321, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("module top; endmodule\n", "is no report of Vivado"),
        (timing_summary(), "its last section '1. checking no_clock"),
        (utilization(lut="many"), "holds 'many' for CLB LUTs"),
        (utilization(ramb18="1.5"), "where a whole number is expected"),
        (utilization(dsp="<1"), "holds '<1' for DSPs"),
        (utilization().replace("CLB LUTs", "CLB Lots"), r"has no row \(Slice\|CLB\) LUTs"),
        (utilization().replace("Ref Name", "Reference"), "no table of primitives"),
    ],
)
def test_other_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ToolFailedError, match=message) as caught:
        parse_utilization(text, "first line\nlast line")
    assert str(caught.value).endswith("last line")


WHOLE = utilization()


def test_a_cut_file_is_never_read_as_other_numbers() -> None:
    for length in range(len(WHOLE)):
        with suppress(ToolFailedError):
            assert parse_utilization(WHOLE[:length]) == parse_utilization(WHOLE)


def test_files(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"without writing utilization\.rpt"):
        read_utilization(tmp_path / "utilization.rpt")
    (tmp_path / "utilization.rpt").write_text(WHOLE)
    assert read_utilization(tmp_path / "utilization.rpt").lut == 1234
