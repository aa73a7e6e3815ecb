from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_reports import VERSIONS, timing_summary, utilization

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import parse_timing_summary, read_timing_summary

picoseconds = st.integers(-99_999, 99_999)


@given(st.sampled_from(VERSIONS), picoseconds, picoseconds, picoseconds)
def test_figures_are_those_of_the_file(version: str, setup: int, hold: int, pulse_width: int) -> None:
    met = min(setup, hold, pulse_width) >= 0
    report = parse_timing_summary(
        timing_summary(
            version,
            setup=f"{setup / 1000:.3f}",
            hold=f"{hold / 1000:.3f}",
            pulse_width=f"{pulse_width / 1000:.3f}",
            verdict="All user specified timing constraints are met."
            if met
            else "Timing constraints are not met.",
        )
    )
    assert report.slack_ns == min(setup, pulse_width) / 1000
    assert report.hold_slack_ns == hold / 1000
    assert (report.clock_ns, report.version, report.part) == (5.0, version, "xcvu9p-flga2577")


def test_units_are_read() -> None:
    report = parse_timing_summary(
        timing_summary(unit="ps", period="5000", frequency="200.000", setup="521", pulse_width="2225")
    )
    assert (report.clock_ns, report.slack_ns) == (pytest.approx(5.0), pytest.approx(0.521))
    with pytest.raises(ToolFailedError, match="gives WNS in 's'; known units are ps, ns"):
        parse_timing_summary(timing_summary(unit="s"))


def test_how_far_the_design_is() -> None:
    assert parse_timing_summary(timing_summary()).step == "implementation"
    assert parse_timing_summary(timing_summary(state="Synthesized")).step == "synthesis"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("Timing Summary Report\n", "is no report of Vivado"),
        (utilization(), "has no complete section 'Design Timing Summary'"),
        (timing_summary(setup="NA"), "no path of the design is constrained"),
        (timing_summary(setup="fast"), "holds 'fast' for WNS where a number is expected"),
        (timing_summary(setup="inf"), "holds 'inf' for WNS"),
        (timing_summary(verdict=""), "no complete design timing summary"),
        (timing_summary(verdict="There are no user specified timing constraints."), "without a clock"),
        (timing_summary(period="50.000"), "a period of 50 ns and 200 MHz"),
        (timing_summary().replace("Frequency(MHz)", "Frequency(GHz)"), "clock summary of an unknown format"),
        (timing_summary().replace("clk    {", "slow   {0 5} 10.000 100.000\nclk    {"), "holds 2 clocks"),
    ],
)
def test_other_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ToolFailedError, match=message) as caught:
        parse_timing_summary(text, "first line\nlast line")
    assert str(caught.value).endswith("last line")


WHOLE = timing_summary()


def test_a_cut_file_is_never_read_as_other_numbers() -> None:
    for length in range(len(WHOLE)):
        with suppress(ToolFailedError):
            assert parse_timing_summary(WHOLE[:length]) == parse_timing_summary(WHOLE)


def test_files(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"without writing timing\.rpt"):
        read_timing_summary(tmp_path / "timing.rpt")
    (tmp_path / "timing.rpt").write_text(WHOLE)
    assert read_timing_summary(tmp_path / "timing.rpt").slack_ns == 0.521
