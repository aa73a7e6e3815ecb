"""The profile store: published figures, lookup, and a measurement that can be stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lat_sr.costs import OperatorCost, OperatorProfile, Provenance, load_profile, profile_path
from lat_sr.errors import FormatError, OperatorError, ProfileError, ProfileNotFoundError
from lat_sr.operators import OPERATORS
from lat_sr.precision import Precision
from lat_sr.profiling.operators import Subject, measure, subjects


def empty_profile() -> OperatorProfile:
    return OperatorProfile(
        part="xcvu9p-flga2577-2-e",
        toolchain="open",
        toolchain_version="0.0",
        clock_period=5.0,
        precision="ap_fixed<8,4>",
        provenance=Provenance(kind="measured"),
        operators={},
    )


@pytest.mark.parametrize(
    ("precision", "figures"),
    [
        (
            "ap_fixed<16,6>",
            {"+": 1, "-": 1, "*": 1, "log_abs": 4, "sin": 8, "tan": 48, "cosh": 8, "sinh": 9, "exp": 3},
        ),
        ("ap_fixed<12,6>", {"/": 21, "exp": 2, "tanh": 43, "acos": 78, "sqrt": 4, "sin": 7}),
    ],
)
def test_published_maps_hold_the_published_figures(precision: str, figures: dict[str, int]) -> None:
    published = load_profile(precision, toolchain="vivado_hls")
    assert published.provenance.kind == "published"
    assert published.provenance.citation
    complexity = published.complexity_map()
    assert {name: complexity[name] for name in figures} == figures
    assert min(complexity.values()) >= 1


def test_missing_profile_names_the_nearest() -> None:
    with pytest.raises(ProfileNotFoundError, match=r"ap_fixed_16_6 .* vivado_hls"):
        load_profile("ap_fixed<17,6>", toolchain="vivado_hls")
    with pytest.raises(ProfileNotFoundError, match="the nearest is"):
        load_profile("ap_fixed<16,6>", clock_period=3.21, part="xc7z020clg400-1")


def test_missing_operator_is_named() -> None:
    published = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
    with pytest.raises(ProfileError, match="gauss"):
        published.cost("gauss")


def test_every_operator_is_a_subject_and_lowers() -> None:
    wanted = subjects()
    assert {subject.operator for subject in wanted} == set(OPERATORS)
    for subject in wanted:
        datapath = subject.datapath(Precision.parse("ap_fixed<10,5>"))
        assert len(datapath.outputs) == 1, subject


def test_unknown_operator_is_refused() -> None:
    with pytest.raises(OperatorError):
        subjects(["sine"])


def test_a_stopped_measurement_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    wanted = [
        Subject("+", "exact"),
        Subject("sin", "table"),
        Subject("sin", "interp"),
        Subject("exp", "table"),
    ]
    calls: list[Subject] = []

    def stopped(subject: Subject) -> OperatorCost:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(subject)
        return OperatorCost(latency_cycles=len(calls), delay_ps=100.0 * len(calls))

    with pytest.raises(KeyboardInterrupt):
        measure(empty_profile(), wanted, stopped, path, n_jobs=1, progress=False)
    assert not path.exists()

    later: list[Subject] = []

    def measurer(subject: Subject) -> OperatorCost:
        later.append(subject)
        return OperatorCost(latency_cycles=7)

    result = measure(empty_profile(), wanted, measurer, path, n_jobs=1, progress=False)
    assert later == wanted[2:]
    assert result.cost("+").latency_cycles == 1
    assert OperatorProfile.load(path) == result
    assert list(tmp_path.iterdir()) == [path]


def test_a_measurement_stopped_before_its_last_write_is_finished(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    cost = OperatorCost(latency_cycles=3)

    def measurer(subject: Subject) -> OperatorCost:
        return cost

    measure(empty_profile(), [Subject("+", "exact")], measurer, path, n_jobs=1, progress=False)
    both = empty_profile().model_copy(update={"operators": {"sin": {"table": cost}, "+": {"exact": cost}}})
    both.save(tmp_path / "profile.partial.json")
    wanted = [Subject("+", "exact"), Subject("sin", "table")]
    result = measure(empty_profile(), wanted, measurer, path, n_jobs=1, progress=False)
    assert set(result.operators) == {"+", "sin"} and OperatorProfile.load(path) == result
    assert list(tmp_path.iterdir()) == [path]


def test_complete_profiles_are_not_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    wanted = [Subject("+", "exact")]
    measure(
        empty_profile(),
        wanted,
        lambda subject: OperatorCost(latency_cycles=3),
        path,
        n_jobs=1,
        progress=False,
    )

    def never(subject: Subject) -> OperatorCost:
        raise AssertionError(subject)

    assert (
        measure(empty_profile(), wanted, never, path, n_jobs=1, progress=False).cost("+").latency_cycles == 3
    )


def test_path_in_the_store() -> None:
    path = profile_path("part", "open", "0.70", 2.5, "ap_ufixed<8,4>")
    assert path.as_posix() == "part/open-0.70/2.5ns/ap_ufixed_8_4.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "newer"),
        ({"schema": "lat_sr.model"}, "lat_sr.model"),
        ({"operators": {"+": {"exact": {"latency_cycles": -1}}}}, "latency_cycles"),
        ({"precision": "ap_fixed<x>"}, "precision"),
    ],
)
def test_other_documents_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "profile.json"
    empty_profile().save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(FormatError, match=message):
        OperatorProfile.load(path)
