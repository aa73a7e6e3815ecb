from __future__ import annotations

from pathlib import Path

import pytest
from csynth_reports import DIALECTS, csynth
from hypothesis import given
from hypothesis import strategies as st

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import parse_csynth, read_csynth

counts = st.integers(0, 10**7)


@given(st.sampled_from(sorted(DIALECTS)), counts, counts, counts, counts, st.integers(0, 500))
def test_figures_are_those_of_the_file(
    version: str, lut: int, ff: int, dsp: int, bram: int, worst: int
) -> None:
    report = parse_csynth(csynth(version, lut=lut, ff=ff, dsp=dsp, bram=bram, worst=worst))
    assert (report.lut, report.ff, report.dsp, report.bram) == (lut, ff, dsp, bram)
    assert (report.latency_best, report.latency_average, report.latency_worst) == (3, 4, worst)
    assert (report.interval_min, report.interval_max) == (1, 1)
    assert (report.clock_ns, report.clock_uncertainty_ns, report.critical_path_ns) == (5.0, 0.62, 4.316)
    assert (report.version, report.part, report.top) == (version, "xcvu9p-flga2577-2-e", "myproject")
    assert report.uram == (1 if DIALECTS[version]["uram"] else 0)


def test_units_are_read() -> None:
    report = parse_csynth(csynth(unit="us", clock="0.005", uncertainty="0.00062", estimated="0.004316"))
    assert report.clock_ns == pytest.approx(5.0)
    assert report.critical_path_ns == pytest.approx(4.316)
    with pytest.raises(ToolFailedError, match="in 'lightyears'; known units are ps, ns"):
        parse_csynth(csynth(unit="lightyears"))
    with pytest.raises(ToolFailedError, match="in 'ns' where 'clock cycles' is expected"):
        parse_csynth(csynth().replace("clock cycles", "ns"))


@pytest.mark.parametrize("unknown", ["undef", "?", "-"])
def test_a_latency_that_depends_on_data_is_not_a_number(unknown: str) -> None:
    report = parse_csynth(csynth(best=unknown, worst=unknown))
    assert report.latency_best is None
    assert report.latency_worst is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("<html><body/></html>", "<html> where <profile> is expected"),
        ("ERROR: license", "cut off or damaged"),
        (csynth().replace("EstimatedClockPeriod", "Estimate"), "has no .*EstimatedClockPeriod"),
        (csynth().replace("<LUT>", "<LUTS>").replace("</LUT>", "</LUTS>"), "has no LUT in AreaEstimates"),
        (csynth().replace("DSP>", "CELLS>"), "has no DSP or DSP48E or DSP58"),
        (csynth(lut="many"), "holds 'many' for AreaEstimates/Resources/LUT"),
        (csynth(lut="-3"), "where a number >= 0 is expected"),
        (csynth(ff="1.5"), "where a whole number is expected"),
        (csynth(estimated="nan"), "where a number >= 0 is expected"),
    ],
)
def test_other_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ToolFailedError, match=message) as caught:
        parse_csynth(text, "first line\nlast line")
    assert str(caught.value).endswith("last line")


def test_a_cut_file_is_never_read() -> None:
    text = csynth().rstrip()
    for length in range(len(text)):
        with pytest.raises(ToolFailedError):
            parse_csynth(text[:length])


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"ended without writing csynth\.xml"):
        read_csynth(tmp_path / "csynth.xml")
    (tmp_path / "csynth.xml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ToolFailedError, match="cannot be read"):
        read_csynth(tmp_path / "csynth.xml")
    (tmp_path / "csynth.xml").write_text(csynth())
    assert read_csynth(tmp_path / "csynth.xml").lut == 1234
