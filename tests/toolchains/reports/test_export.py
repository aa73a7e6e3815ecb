from __future__ import annotations

from pathlib import Path

import pytest
from csynth_reports import csynth
from hypothesis import given
from hypothesis import strategies as st
from vendor_reports import VERSIONS, export, timing_summary, utilization

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import Step, parse_export, read_export

counts = st.integers(0, 10**7)


@given(st.sampled_from(VERSIONS), counts, counts, counts, counts, st.integers(1, 20_000))
def test_figures_are_those_of_the_file(
    version: str, lut: int, ff: int, dsp: int, bram: int, achieved_ps: int
) -> None:
    achieved = f"{achieved_ps / 1000:.3f}"
    report = parse_export(
        export(version, lut=lut, ff=ff, dsp=dsp, bram=bram, achieved=achieved), "implementation"
    )
    assert report.resources() == {"lut": lut, "ff": ff, "dsp": dsp, "bram": bram}
    assert (report.clock_ns, report.critical_path_ns) == (5.0, achieved_ps / 1000)
    assert report.slack_ns == pytest.approx(5.0 - achieved_ps / 1000)
    assert report.version == ("" if version <= "2020.1" else version)


def test_a_unit_that_is_named_is_read() -> None:
    text = export(period="0.005", achieved="0.003311").replace("<TargetC", "<unit>us</unit><TargetC")
    report = parse_export(text, "implementation")
    assert (report.clock_ns, report.critical_path_ns) == (pytest.approx(5.0), pytest.approx(3.311))
    with pytest.raises(ToolFailedError, match="in 'MHz'; known units are ps, ns, us, ms"):
        parse_export(text.replace("<unit>us", "<unit>MHz"), "implementation")


def test_the_step_is_the_one_that_was_asked_for() -> None:
    assert parse_export(export(run="synth"), "synthesis").step == "synthesis"
    with pytest.raises(ToolFailedError, match="is of the flow 'synth' where 'impl' was asked for"):
        parse_export(export(run="synth"), "implementation")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "export_impl.xml is empty"),
        (csynth(), "has no TimingReport/AchievedClockPeriod"),
        ("<xml/>", "<xml> where <profile> is expected"),
        (export(achieved="NA"), "no achieved clock period"),
        (export(routed="NA"), "no achieved clock period: no path of the circuit was timed"),
        (export(achieved="-1"), "where a number >= 0 is expected"),
        (export(lut="many"), "holds 'many' for AreaReport/Resources/LUT"),
        (export().replace("BRAM", "RAM"), "has no BRAM in AreaReport/Resources"),
    ],
)
def test_other_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ToolFailedError, match=message) as caught:
        parse_export(text, "implementation", "first line\nlast line")
    assert str(caught.value).endswith("last line")


@pytest.mark.parametrize("version", ["2018.2", "2024.2"])
def test_a_cut_file_is_never_read(version: str) -> None:
    text = export(version).rstrip()
    for length in range(len(text)):
        with pytest.raises(ToolFailedError):
            parse_export(text[:length], "implementation")


@pytest.mark.parametrize("language", ["verilog", "vhdl"])
@pytest.mark.parametrize("name", ["export_impl.xml", "myproject_export.xml"])
def test_where_the_tools_put_it(tmp_path: Path, language: str, name: str) -> None:
    with pytest.raises(ToolFailedError, match=r"without writing export_impl\.xml or myproject_export\.xml"):
        read_export(tmp_path, "myproject", "implementation")
    directory = tmp_path / "report" / language
    directory.mkdir(parents=True)
    (directory / name).write_text(export())
    alone = read_export(tmp_path, "myproject", "implementation")
    assert (alone.lut, alone.carry, alone.hold_slack_ns) == (1234, None, None)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("step", "run", "stage", "state"),
    [("synthesis", "synth", "synth", "Synthesized"), ("implementation", "impl", "routed", "Routed")],
)
def test_what_only_the_reports_of_vivado_say_is_added(
    tmp_path: Path, version: str, step: Step, run: str, stage: str, state: str
) -> None:
    tool, vivado = tmp_path / "report" / "verilog", tmp_path / "verilog" / "report"
    for directory in (tool, vivado):
        directory.mkdir(parents=True)
    (tool / "myproject_export.xml").write_text(export(version, run=run, lut=100))
    # Where both know a figure, it is the tool's.
    (vivado / f"myproject_utilization_{stage}.rpt").write_text(
        utilization(version, state=state, lut=107, carry=3)
    )
    (vivado / f"myproject_timing_{stage}.rpt").write_text(timing_summary(version, hold="0.012"))
    found = read_export(tmp_path, "myproject", step)
    assert (found.lut, found.carry, found.hold_slack_ns) == (100, 6, 0.012)
    assert found.slack_ns == pytest.approx(5.0 - 3.311)
    (vivado / f"myproject_timing_{stage}.rpt").write_text(timing_summary(version)[:1200])
    with pytest.raises(ToolFailedError, match="has no complete section"):
        read_export(tmp_path, "myproject", step)
    (vivado / f"myproject_timing_{stage}.rpt").write_text(
        timing_summary(version, period="4.000", frequency="250.000")
    )
    with pytest.raises(ToolFailedError, match="different clocks: 5 ns and 4 ns"):
        read_export(tmp_path, "myproject", step)
