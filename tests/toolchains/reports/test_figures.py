from __future__ import annotations

import pytest

from lat_sr.errors import ToolFailedError
from lat_sr.toolchains.reports import Figures
from lat_sr.toolchains.reports.figures import same_part


def test_two_reports_of_one_run_are_joined() -> None:
    timing = Figures(step="implementation", version="2022.1", part="xcvu9p-flga2577", slack_ns=0.0)
    resources = Figures(step="implementation", version="2022.1", part="xcvu9p-flga2577-2-e", lut=0, top="top")
    both = timing.joined(resources)
    assert (both.slack_ns, both.lut, both.part, both.top) == (0.0, 0, "xcvu9p-flga2577", "top")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": "synthesis"}, "one has step implementation, one synthesis"),
        ({"version": "2020.1"}, "one has version 2022.1, one 2020.1"),
        ({"top": "other"}, "one has top top, one other"),
        ({"part": "xc7z020clg400-1"}, "of different parts"),
        ({"clock_ns": 4.0}, "for different clocks: 5 ns and 4 ns"),
    ],
)
def test_reports_of_different_runs_are_refused(change: dict[str, object], message: str) -> None:
    one = Figures(step="implementation", version="2022.1", part="xcvu9p-flga2577", top="top", clock_ns=5.0)
    with pytest.raises(ToolFailedError, match=message):
        one.joined(one.model_copy(update=change))


def test_resources_must_be_known() -> None:
    with pytest.raises(ToolFailedError, match="the reports of synthesis do not say dsp, bram"):
        Figures(step="synthesis", lut=1, ff=2).resources()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("xc7z020clg400-1", "7z020clg400-1", True),
        ("xcvu9p-flga2577-2-e", "xcvu9pflga2577-2", True),
        ("xcvu9p-flga2577-2-e", "xcvu9p-flga2104", False),
        ("xcvu9p", "", False),
    ],
)
def test_names_of_parts(one: str, other: str, same: bool) -> None:
    assert same_part(one, other) is same_part(other, one) is same
