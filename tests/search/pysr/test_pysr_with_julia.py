"""PySR's searches in real Julia, where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lat_sr import from_pysr, load_profile
from lat_sr.cli.doctor import examine
from lat_sr.datapath import ExplicitTable, lower
from lat_sr.expression import evaluate, parse
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.search import SearchProblem
from lat_sr.search.pysr.engine import PySREngine
from lat_sr.search.pysr.julia_tables import julia_table_function

pytestmark = [
    pytest.mark.julia,
    pytest.mark.slow,
    pytest.mark.skipif(
        not next(finding.found for finding in examine() if finding.name == "Julia"),
        reason="Julia is not installed",
    ),
]

PROFILE = load_profile("ap_fixed<16,6>", toolchain="open")
PUBLISHED = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
X = np.random.default_rng(0).uniform(-2, 2, (300, 2)).astype(np.float32)


def problem(**changes: Any) -> SearchProblem:
    settings: dict[str, Any] = {"operators": ("+", "*", "sin"), "timeout": 20.0, "threads": 1, "maxsize": 12}
    cost = uniform_cost_model(2, functions=("sin", "exp", "gauss", "log_abs", "inv"))
    return SearchProblem(X=X, y=np.sin(X[:, 0]) * X[:, 1], cost=cost, **{**settings, **changes})


@pytest.mark.parametrize("latency_model", ["additive", "critical_path", "scheduled"])
def test_a_search_finds_the_formula(latency_model: str, tmp_path: Path) -> None:
    profile = PROFILE if latency_model == "scheduled" else PUBLISHED
    engine = PySREngine(profile, latency_model, {"output_directory": str(tmp_path), "run_id": "run"})
    budget = {"additive": None, "critical_path": 10, "scheduled": 3}[latency_model]
    found = engine.search(problem(max_latency=budget, weights=np.ones(300)))
    assert min(point.loss for point in found.points) < 1e-3
    for point in found.points:
        assert np.isfinite(evaluate(point.expression, X, ("x0", "x1"))).all()
    assert len(from_pysr(tmp_path / "run").equations_)


def test_the_budget_keeps_functions_out() -> None:
    found = PySREngine(PUBLISHED, "critical_path").search(problem(max_latency=4, timeout=10.0))
    assert all("sin" not in str(point.expression) for point in found.points)


def test_a_search_with_tables() -> None:
    engine = PySREngine(PROFILE, tables={"sin": ExplicitTable(-4, 4, 256)})
    found = engine.search(problem(guesses=("sin(x0) * x1",)))
    best = min(found.points, key=lambda point: point.loss)
    assert "sin(" in str(best.expression) and best.loss < 1e-3


def test_table_functions_give_the_circuits_integers() -> None:
    from juliacall import Main

    table = ExplicitTable(-4, 4, 256)
    function = Main.seval(julia_table_function("sin", "ap_fixed<16,6>", table))
    datapath = lower(parse("sin(x0)"), "ap_fixed<16,6>", implementations={"sin": table})
    x = np.linspace(-6, 6, 500)
    found = [function(float(value)) for value in x]
    np.testing.assert_array_equal(found, datapath.evaluate(x[:, None])[:, 0])
