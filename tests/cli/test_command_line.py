"""The command line, from data to a verified front, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from lat_sr import LatencyAwareRegressor
from lat_sr.cli import app

pytestmark = pytest.mark.toolchain


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.uniform(-2, 2, (300, 2)), columns=["a", "b"])
    frame["y"] = frame.a * frame.b + 0.5
    path = tmp_path_factory.mktemp("data") / "samples.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def fitted(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    result = run(
        *("fit", str(samples), "--target", "y", "--precision", "ap_fixed<12,6>", "--max-latency", "2"),
        *("--timeout", "2", "--random-state", "1", "--out", str(out), "--json"),
    )
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)
    return out


def test_fit_leaves_a_run_directory(fitted: Path) -> None:
    front = pd.read_csv(fitted / "front.csv")
    assert {"equation", "loss", "complexity", "latency_predicted", "lut_predicted"} <= set(front.columns)
    assert front.latency_predicted.max() <= 2
    assert front.loss.min() < 0.01
    assert json.loads((fitted / "run.json").read_text())["schema_version"] == 1
    model = LatencyAwareRegressor.load(fitted / "model.json")
    X = np.array([[1.0, 1.5], [-0.5, 0.25]])
    assert np.abs(model.predict(X) - (X[:, 0] * X[:, 1] + 0.5)).max() < 0.3
    assert np.abs(model.predict(X, arithmetic="fixed") - model.predict(X)).max() < 0.3


def test_verify_builds_the_front(fitted: Path) -> None:
    result = run("verify", str(fitted), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["passed"] is True
    table = pd.read_csv(fitted / "verification.csv")
    wanted = (
        "equation latency_predicted latency_actual lut_predicted lut_actual ff dsp bram clock_ns slack_ns"
    )
    assert set(wanted.split()) | {"timing_source", "vectors", "bit_exact"} <= set(table.columns)
    assert table.bit_exact.all()
    assert (table.slack_ns >= 0).all()
    assert (table.vectors >= 1000).all()
    assert ((table.latency_actual - table.latency_predicted).abs() <= 1).all()


def test_report_and_export_of_a_run(fitted: Path, tmp_path: Path) -> None:
    assert run("report", str(fitted)).exit_code == 0
    page = next(fitted.glob("*.html")).read_text()
    assert "data:image/png;base64" in page
    result = run("export", str(fitted), "--out", str(tmp_path / "rtl"))
    assert result.exit_code == 0, result.output
    assert any((tmp_path / "rtl").rglob("*.v"))


def test_estimate_and_build_speak_json() -> None:
    formula = "sin(x0)*x1 - 0.5"
    estimate = run("estimate", formula, "--precision", "ap_fixed<10,5>", "--json")
    assert estimate.exit_code == 0, estimate.output
    assert json.loads(estimate.stdout)["latency_predicted"] >= 1
    built = run("build", formula, "--precision", "ap_fixed<10,5>", "--json")
    assert built.exit_code == 0, built.output
    figures = json.loads(built.stdout)
    assert figures["bit_exact"] is True
    assert abs(figures["latency_actual"] - figures["latency_predicted"]) <= 1
    assert run("estimate", formula).exit_code == 0


def test_stored_profile_is_shown() -> None:
    result = run("profile", "ap_fixed<16,6>", "--stored", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["complexity_map"]["+"] == 1
    assert run("profile", "ap_fixed<16,6>", "--stored").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "sine(x0)"),
        ("estimate", "sin(x0)", "--precision", "ap_fixed<99,6>"),
        ("profile", "ap_fixed<17,3>", "--stored"),
        ("verify", "no/such/run"),
        ("fit", "no_such_file.csv", "--target", "y", "--out", "run"),
    ],
)
def test_bad_input_ends_with_an_exit_code_of_its_own(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = run(*arguments)
    assert result.exit_code in (2, 3)  # bad input; what the machine lacks
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_a_budget_that_nothing_meets_names_the_smallest(samples: Path, tmp_path: Path) -> None:
    result = run("fit", str(samples), "--target", "y", "--max-latency", "0", "--out", str(tmp_path / "run"))
    assert result.exit_code == 2
    assert not (tmp_path / "run" / "model.json").exists()
