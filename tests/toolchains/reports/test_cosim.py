from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_reports import VERSIONS, cosim

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import parse_cosim, read_cosim

cycles = st.integers(0, 10**9)


@given(st.sampled_from(VERSIONS), st.tuples(cycles, cycles, cycles), st.tuples(cycles, cycles, cycles))
def test_figures_are_those_of_the_file(
    version: str, latency: tuple[int, int, int], interval: tuple[int, int, int]
) -> None:
    report = parse_cosim(cosim(version, latency=latency, interval=interval))
    assert (report.latency_best, report.latency_average, report.latency_worst) == latency
    assert (report.interval_min, report.interval_max) == (interval[0], interval[2])
    assert (report.step, report.passed) == ("co_simulation", True)


@pytest.mark.parametrize("version", ["2018.2", "2024.2"])
def test_a_failure_and_what_is_not_known(version: str) -> None:
    report = parse_cosim(cosim(version, status="Fail", latency=("NA",) * 3, interval=("NA",) * 3))
    assert report.passed is False
    assert report.latency_worst is None and report.interval_min is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cosim.rpt is empty"),
        ("C/RTL co-simulation failed\n", "no complete table of results"),
        (cosim(unit="ns"), r"gives 'Latency\(ns\) min'; the known unit is Clock Cycles"),
        (cosim(status="Maybe"), "has the status 'Maybe'; known are Pass, Fail"),
        (cosim(status="NA"), "holds 0 simulations of 2 where one is expected"),
        (cosim(vhdl="Pass"), "holds 2 simulations"),
        (cosim(latency=(3, 4, "five")), "holds 'five' for Latency"),
        (cosim(latency=(3, 4, 5.5)), "where a whole number is expected"),
        (cosim().replace("Latency", "Slowing"), "no column Latency avg, Latency max, Latency min"),
        (cosim().replace("|      Pass|", "|"), "no complete table"),
    ],
)
def test_other_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ToolFailedError, match=message) as caught:
        parse_cosim(text, "first line\nlast line")
    assert str(caught.value).endswith("last line")


@pytest.mark.parametrize("version", ["2018.2", "2024.2"])
def test_a_cut_file_is_never_read(version: str) -> None:
    text = cosim(version).rstrip()
    for length in range(len(text)):
        with pytest.raises(ToolFailedError):
            parse_cosim(text[:length])


def test_files(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"ended without writing myproject_cosim\.rpt"):
        read_cosim(tmp_path / "myproject_cosim.rpt")
    (tmp_path / "myproject_cosim.rpt").write_text(cosim())
    assert read_cosim(tmp_path / "myproject_cosim.rpt").latency_worst == 5
