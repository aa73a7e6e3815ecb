from __future__ import annotations

import json
from pathlib import Path

import pytest

from lat_sr.errors import FormatError
from lat_sr.toolchains.base import BuildReport, Toolchain
from lat_sr.toolchains.open.toolchain import OpenToolchain


def report(**changes: object) -> BuildReport:
    fields: dict[str, object] = {
        "toolchain": "open",
        "tool_versions": {"yosys": "0.70"},
        "part": "xcvu9p-flga2577-2-e",
        "clock_ns": 5.0,
        "clock_uncertainty_ns": 0.0,
        "timing_derate": 1.0,
        "latency_cycles": 2,
        "slack_ns": 0.5,
        "critical_path_ps": 4500.0,
        "lut": 10,
        "carry": 2,
        "ff": 8,
        "dsp": 1,
        "bram": 0,
        "timing_source": "a test",
        "stages_tried": [(2, 4500.0)],
        "seconds": 1.5,
        "digest": "0" * 64,
    }
    return BuildReport(**(fields | changes))  # type: ignore[arg-type]


def test_round_trip(tmp_path: Path) -> None:
    original = report(bit_exact=True, vectors=1024)
    original.save(tmp_path / "report.json")
    assert BuildReport.load(tmp_path / "report.json") == original
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "lat_sr.build_report"


def test_the_clock_is_met_without_negative_slack() -> None:
    assert report(slack_ns=0.0).meets_clock
    assert not report(slack_ns=-0.001).meets_clock


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "written by a newer lat_sr"),
        ({"schema": "model"}, "holds a 'model' document"),
        ({"lut": "many"}, "lut: "),
        ({"surprise": 1}, "surprise: "),
    ],
)
def test_other_documents_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report().to_dict() | change))
    with pytest.raises(FormatError, match=message):
        BuildReport.load(path)


def test_the_open_toolchain_is_one() -> None:
    assert isinstance(OpenToolchain(), Toolchain)
