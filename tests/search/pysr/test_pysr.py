from __future__ import annotations

import ast
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tree_sitter
import tree_sitter_julia
from hypothesis import given
from hypothesis import strategies as st

from lat_sr import LatencyAwareRegressor, load_profile
from lat_sr.datapath import ExplicitTable
from lat_sr.errors import InputError, MissingToolError
from lat_sr.expression import define_operator, undefine_operator
from lat_sr.latency.cost_model import uniform_cost_model
from lat_sr.losses import LOSSES
from lat_sr.operators import OPERATORS
from lat_sr.search import SearchProblem
from lat_sr.search.pysr.engine import PySREngine, known_options, plan

FUNCTIONS = tuple(
    name for name, operator in OPERATORS.items() if operator.arity == 1 and not operator.is_exact
)
PROFILE = load_profile("ap_fixed<16,6>", toolchain="open")
PUBLISHED = load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
X = np.random.default_rng(0).uniform(-1, 1, (50, 2)).astype(np.float32)


def problem(**changes: Any) -> SearchProblem:
    settings = {"operators": ("+", "*", "sin", "log_abs"), "timeout": 5.0, **changes}
    return SearchProblem(
        X=X, y=np.sign(X[:, 0]), cost=uniform_cost_model(2, functions=(*FUNCTIONS, "inv")), **settings
    )


def is_julia(code: str) -> bool:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    return not parser.parse(code.encode()).root_node.has_error


class StandInRegressor:
    """Keeps its keywords; its front has the columns of PySR's."""

    last: StandInRegressor
    calls = 0
    formulas = ("0.1", "x0", "sin(x0) * 1.5", "x0 ^ x1")

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords
        type(self).last = self

    def fit(self, X: Any, y: Any, **keywords: Any) -> None:
        type(self).calls += 1
        self.X = X
        self.fitted = keywords
        self.equations_ = pd.DataFrame(
            {
                "complexity": range(1, len(self.formulas) + 1),
                "loss": [1.0 / (n + 1) for n in range(len(self.formulas))],
                "equation": self.formulas,
                "score": 0.0,
            }
        )


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandInRegressor]:
    module = types.ModuleType("pysr")
    module.PySRRegressor = StandInRegressor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pysr", module)
    return StandInRegressor


def test_options_are_read_without_starting_julia() -> None:
    before = "juliacall" in sys.modules
    options = known_options()
    assert {"niterations", "cluster_manager", "guesses", "output_directory", "batching"} <= set(options)
    assert ("juliacall" in sys.modules) == before


def test_additive_gives_the_complexity_map() -> None:
    keywords = plan(problem(maxsize=20), PUBLISHED, latency_model="additive").regressor
    assert keywords["complexity_of_operators"] == {"+": 1, "*": 1, "sin": 8, "log_abs": 4}
    assert keywords["maxsize"] == 20
    assert keywords["elementwise_loss"] == "L2DistLoss()"
    assert "loss_function" not in keywords


def test_what_constants_and_variables_cost_can_be_said_besides() -> None:
    costs = {"complexity_of_constants": 2, "complexity_of_variables": 3}
    keywords = plan(problem(), PUBLISHED, latency_model="additive", options=costs).regressor
    assert costs.items() <= keywords.items() and "complexity_of_operators" in keywords


def test_without_a_budget_the_loss_is_a_plain_one() -> None:
    keywords = plan(problem(loss="l2_margin")).regressor
    assert keywords["elementwise_loss"] == "L2MarginLoss()"
    assert set(keywords) <= set(known_options())


def test_the_budget_is_in_the_loss_function() -> None:
    cycles = plan(problem(max_latency=9), PUBLISHED, latency_model="critical_path").regressor["loss_function"]
    assert "branch.degree == 1 ? (8, 4,)[branch.op] : (1, 1,)[branch.op]" in cycles
    assert "path > 9 && return L(Inf)" in cycles
    picoseconds = plan(problem(max_latency=3), PROFILE, latency_model="scheduled").regressor["loss_function"]
    assert "path > 15000 && return L(Inf)" in picoseconds
    delay = PROFILE.cost("sin").delay_ps
    assert delay is not None and f"({round(delay)}, " in picoseconds


@given(
    st.sampled_from(sorted(name for name, loss in LOSSES.items() if not loss.classes)),
    st.lists(
        st.sampled_from([name for name in OPERATORS if name != "pow"]), min_size=1, max_size=8, unique=True
    ),
    st.sampled_from(["critical_path", "scheduled"]),
    st.integers(1, 50),
)
def test_all_code_is_julia(loss: str, operators: list[str], model: str, budget: int) -> None:
    wanted = plan(
        problem(loss=loss, operators=tuple(operators), max_latency=budget), PROFILE, latency_model=model
    ).regressor
    assert is_julia(wanted["loss_function"])
    for text in wanted.get("unary_operators", []):
        assert is_julia(text)
    assert set(wanted.get("extra_sympy_mappings", {})) == {
        n for n in operators if OPERATORS[n].julia is not None
    }
    assert not is_julia(wanted["loss_function"][:-5])


def test_limits_and_settings_are_handed_on() -> None:
    wanted = plan(
        problem(
            operators=("+", "pow", "sin", "exp"),
            constraints={"sin": 5, "+": (3, -1)},
            nested_constraints={"sin": {"sin": 0, "exp": 1}},
            maxdepth=6,
            max_evaluations=1000,
            seed=7,
            n_jobs=1,
            target_loss=0.01,
        ),
        options={"output_directory": "runs", "extra_sympy_mappings": {"other": abs}},
    ).regressor
    assert wanted["binary_operators"] == ["+", "^"]
    assert wanted["constraints"] == {"sin": 5, "+": (3, -1), "^": (-1, 1)}
    assert wanted["nested_constraints"] == {"sin": {"sin": 0, "exp": 1}}
    assert (wanted["maxdepth"], wanted["max_evals"], wanted["random_state"]) == (6, 1000, 7)
    assert wanted["parallelism"] == "serial"
    assert wanted["deterministic"] is True
    assert wanted["early_stop_condition"] == 0.01
    assert wanted["output_directory"] == "runs"
    assert wanted["extra_sympy_mappings"] == {"other": abs}
    assert set(wanted) <= set(known_options())


@pytest.mark.parametrize(
    ("threads", "options", "parallelism"),
    [
        (1, {}, "serial"),
        (None, {}, None),
        (1, {"parallelism": "multithreading"}, "multithreading"),
        (1, {"cluster_manager": "slurm", "procs": 64}, "multiprocessing"),
        (4, {"procs": 4}, "multiprocessing"),
        (4, {"procs": 4, "parallelism": "multithreading"}, "multithreading"),
    ],
)
def test_parallelism(threads: int | None, options: dict[str, Any], parallelism: str | None) -> None:
    wanted = plan(problem(n_jobs=threads), options=options).regressor
    assert wanted.get("parallelism") == parallelism
    assert ("deterministic" in wanted) == (parallelism == "serial")
    assert options.items() <= wanted.items()


def test_everything_handed_to_fit_is_known_there() -> None:
    found = importlib.util.find_spec("pysr")
    assert found is not None and found.origin is not None
    tree = ast.parse((Path(found.origin).parent / "sr.py").read_text())
    (fit,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "fit"]
    known = {argument.arg for argument in fit.args.kwonlyargs}
    wanted = plan(problem(weights=np.ones(50)))
    assert set(wanted.fit) <= known
    assert wanted.fit["variable_names"] == ["x0", "x1"]


def test_guesses_are_written_for_julia() -> None:
    wanted = plan(
        problem(operators=("+", "-", "*", "pow", "sin"), guesses=("-x0 + sin(x1)", "x0^2 - 1.5*x1")),
        PROFILE,
        tables={"sin": (-4.0, 4.0)},
    ).regressor
    assert wanted["guesses"] == ["-1.0 * x0 + sin_table(x1)", "x0 ^ 2 - 1.5 * x1"]
    assert plan(problem(operators=("+", "neg"), guesses=("-x0",))).regressor["guesses"] == ["-x0"]
    with pytest.warns(
        UserWarning, match=r"the guess sqrt\(x0\) is left out: sqrt is not among the operators"
    ):
        wanted = plan(problem(guesses=("sqrt(x0)", "sin(x0)"))).regressor
    assert wanted["guesses"] == ["sin(x0)"]


def test_operators_of_the_users_own_are_defined() -> None:
    define_operator("pull", "x / (1 + abs(y))")
    try:
        wanted = plan(problem(operators=("+", "pull"))).regressor
    finally:
        undefine_operator("pull")
    assert wanted["binary_operators"] == ["+", "pull(x, y) = x / (1 + abs(y))"]
    assert set(wanted["extra_sympy_mappings"]) == {"pull"}


def test_tables_take_the_place_of_functions_everywhere() -> None:
    wanted = plan(
        problem(
            operators=("+", "sin", "exp"),
            constraints={"sin": 5},
            nested_constraints={"sin": {"sin": 0, "exp": 0}},
            max_latency=4,
        ),
        PUBLISHED,
        tables={"sin": ExplicitTable(-4, 4, 64)},
        latency_model="additive",
    ).regressor
    definition, exp = wanted["unary_operators"]
    assert "global sin_table(x)" in definition and exp == "exp"
    assert is_julia(definition)
    assert wanted["extra_sympy_mappings"]["sin_table"] is OPERATORS["sin"].sympy
    assert wanted["constraints"] == {"sin_table": 5}
    assert wanted["nested_constraints"] == {"sin_table": {"sin_table": 0, "exp": 0}}
    assert wanted["complexity_of_operators"] == {"+": 1, "sin_table": 8, "exp": 3}


def test_tables_that_are_refused() -> None:
    with pytest.raises(InputError, match="tables are given for cos, which the search does not use"):
        plan(problem(), PROFILE, tables={"cos": (-1, 1)})
    with pytest.raises(InputError, match="format of tables; give a profile"):
        plan(problem(), tables={"sin": (-1, 1)})
    with pytest.raises(InputError, match="finer than the last bit"):
        plan(problem(), PROFILE, tables={"sin": ExplicitTable(-1, 1, 4096)})
    with pytest.raises(InputError, match="maxsize is 5; PySR takes 7 or more"):
        plan(problem(maxsize=5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"guesses": ["x0"]}, "is the parameter guesses"),
        ({"warm_start": True}, "is the parameter warm_start"),
        ({"niteration": 3}, "no option 'niteration'.*niterations"),
        ({"unary_operators": ["sin"]}, "is the parameter unary_operators"),
        ({"loss_function": "f"}, "is the parameter loss and max_latency"),
    ],
)
def test_options_that_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        plan(problem(), options=options)


def test_a_profile_is_needed_for_costs() -> None:
    with pytest.raises(InputError, match="give a profile"):
        plan(problem(), latency_model="additive")
    with pytest.raises(InputError, match=r"max_latency.*give a profile"):
        plan(problem(max_latency=3))
    with pytest.raises(InputError, match="allowed are additive"):
        plan(problem(), latency_model="sum")


def test_the_front_comes_back_within_the_budgets(stand_in: type[StandInRegressor]) -> None:
    result = PySREngine(PROFILE).search(problem(max_latency=3, weights=np.ones(50)))
    assert [str(point.expression) for point in result.points] == ["0.1", "x0", "sin(x0) * 1.5"]
    assert stand_in.last.fitted["variable_names"] == ["x0", "x1"]
    assert stand_in.last.fitted["weights"].shape == (50,)
    tight = PySREngine(PROFILE).search(problem(max_latency=1, max_lut=0))
    assert [str(point.expression) for point in tight.points] == ["0.1", "x0"]


def test_formulas_with_tables_come_back_as_functions(
    stand_in: type[StandInRegressor], monkeypatch: Any
) -> None:
    monkeypatch.setattr(stand_in, "formulas", ("x0", "sin_table(x0 + x1) * x0"))
    found = PySREngine(PROFILE, tables={"sin": (-4.0, 4.0)}).search(problem())
    assert [str(point.expression) for point in found.points] == ["x0", "sin(x0 + x1) * x0"]


def test_a_run_that_is_there_is_not_overwritten(stand_in: type[StandInRegressor], tmp_path: Path) -> None:
    (tmp_path / "jets").mkdir()
    engine = PySREngine(options={"output_directory": str(tmp_path), "run_id": "jets"})
    engine.search(problem())
    assert stand_in.last.keywords["run_id"] == "jets_2"


def test_features_weights_and_warm_starts(stand_in: type[StandInRegressor], monkeypatch: Any) -> None:
    monkeypatch.setattr(stand_in, "formulas", ("0.1", "mass"))
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.uniform(-1, 1, (200, 3)), columns=["noise", "mass", "more"])
    model = LatencyAwareRegressor(
        engine="pysr", select_k_features=1, warm_start=True, timeout=1.0, unary_operators=["sin"]
    )
    weights = np.linspace(1, 2, 200)
    model.fit(frame, frame["mass"], sample_weight=weights)
    assert stand_in.last.X.shape == (200, 1)
    assert stand_in.last.fitted["variable_names"] == ["mass"]
    np.testing.assert_allclose(stand_in.last.fitted["weights"], weights, rtol=1e-6)
    assert "guesses" not in stand_in.last.keywords
    model.fit(frame, frame["mass"], sample_weight=weights)
    # The constant costs no less.
    assert stand_in.last.keywords["guesses"] == ["mass"]


def test_each_output_is_a_search_of_its_own(stand_in: type[StandInRegressor]) -> None:
    before = stand_in.calls
    model = LatencyAwareRegressor(
        engine="pysr", guesses=[["x0"], ["x1 * x0"]], timeout=1.0, unary_operators=["sin"]
    ).fit(X, np.stack([X[:, 0], X[:, 0] * 1.5], axis=1))
    assert stand_in.calls == before + 2
    assert stand_in.last.keywords["guesses"] == ["x1 * x0"]
    assert len(model.fronts_) == 2


def test_an_estimator_searches_with_it(stand_in: type[StandInRegressor]) -> None:
    model = LatencyAwareRegressor(
        engine="pysr", max_latency=3, engine_options={"populations": 5}, timeout=1.0, unary_operators=["sin"]
    ).fit(X, np.sin(X[:, 0]) * 1.5)
    assert stand_in.last.keywords["populations"] == 5
    assert "path > 15000" in stand_in.last.keywords["loss_function"]
    assert model.equations_["loss"].min() < 1e-9


def test_without_julia_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysr", None)
    with pytest.raises(MissingToolError, match=r"install Julia 1\.10.*engine='native'"):
        PySREngine().search(problem())
