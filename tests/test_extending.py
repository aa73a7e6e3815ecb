"""What a user adds from outside of the package: an operator, a loss, a part, a toolchain. See CONTRIBUTING.md."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import sympy
from stand_ins import StandInToolchain

import lat_sr
from lat_sr.costs import load_library
from lat_sr.expression import evaluate, from_sympy, to_latex, to_sympy
from lat_sr.files import cache_directory, write_atomic
from lat_sr.operators import OPERATORS, Domain, add_operator, declare, remove_operator
from lat_sr.profiling import profile
from lat_sr.toolchains import get_toolchain, register_toolchain, registry
from lat_sr.toolchains.hls.math import hls4ml_datapath

PRECISION = "ap_fixed<16,6>"
X = np.random.default_rng(0).uniform(-3, 3, (400, 2))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def entropy() -> Iterator[str]:
    """``-x log x``, which is no operator of the package."""
    add_operator(
        declare(
            "entropy",
            lambda x: -x * np.log(x),
            lambda x: -x * sympy.log(x),
            domain=Domain(lower=0.0, lower_open=True),
            julia_body="-x * log(x)",
            aliases=("xlogx",),
        )
    )
    yield "entropy"
    remove_operator("entropy")


def test_an_operator_is_one_declaration(entropy: str) -> None:
    formula = lat_sr.parse("2 * xlogx(x0) - x1")
    assert str(formula) == "2.0 * entropy(x0) - x1"
    assert to_latex(formula) == r"2 \cdot \operatorname{entropy}\left(x_{0}\right) - x_{1}"
    rows = [[1.5, 0.25], [-1.0, 0.0]]
    values = evaluate(formula, rows)
    assert values[0] == pytest.approx(-3 * np.log(1.5) - 0.25)
    assert np.isnan(values[1])
    assert evaluate(from_sympy(to_sympy(formula)), rows)[0] == pytest.approx(values[0])
    assert OPERATORS[entropy].julia == "entropy(x) = -x * log(x)"


@pytest.mark.parametrize("implementation", ["table", "interp"])
def test_a_circuit_computes_it_by_a_table(entropy: str, implementation: str) -> None:
    inputs = np.abs(X) + 0.01
    datapath = lat_sr.lower(
        lat_sr.parse("2 * entropy(x0) - x1"), PRECISION, X=inputs, implementations=implementation
    )
    assert datapath.tables
    error = datapath.evaluate(inputs)[:, 0] - evaluate(lat_sr.parse("2 * entropy(x0) - x1"), inputs)
    assert np.sqrt(np.mean(error**2)) < 6 * 2.0**-10


def test_its_circuit_costs_what_its_table_costs_without_any_profile_of_it(entropy: str) -> None:
    stored = lat_sr.load_profile(PRECISION)
    assert entropy not in stored.operators
    predicted = lat_sr.estimate("entropy(x0)", stored, {"x0": (0.125, 4.0)})
    assert predicted.latency_cycles >= 1
    assert predicted.lut > 16


def test_a_profile_measures_it(entropy: str) -> None:
    measured = profile(PRECISION, operators=[entropy, "+"], toolchain="stand-in", progress=False)
    assert set(measured.operators) == {entropy, "+"}
    assert set(measured.operators[entropy]) == {"table", "interp"}
    assert lat_sr.estimate("entropy(x0) + x1", measured, model="critical_path").latency_cycles >= 1


def test_hls_math_has_it_by_what_it_is_in_julia(entropy: str) -> None:
    _, interface = hls4ml_datapath("entropy(x0)", PRECISION)
    assert interface.calls == ("log",)


def test_an_operator_of_built_in_ones_is_searched_by_the_native_engine() -> None:
    lat_sr.define_operator("softsign", "x / (1 + Abs(x))")
    try:
        model = lat_sr.LatencyAwareRegressor(
            precision=PRECISION,
            unary_operators=["softsign"],
            binary_operators=["+", "*"],
            max_evaluations=3000,
            timeout=None,
            random_state=0,
        )
        model.fit(X, X[:, 0] / (1 + np.abs(X[:, 0])))
    finally:
        lat_sr.undefine_operator("softsign")
    assert model.equations_["loss"].min() < 1e-6


def test_a_loss_is_a_function() -> None:
    def asymmetric(y, prediction, weights):
        error = prediction - y
        return float(np.average(np.where(error > 0, 9.0, 1.0) * np.abs(error), weights=weights))

    noise = np.random.default_rng(1).normal(size=len(X))
    model = lat_sr.LatencyAwareRegressor(
        precision=PRECISION,
        loss=asymmetric,
        unary_operators=[],
        max_evaluations=2000,
        timeout=None,
        random_state=0,
    ).fit(X, noise)
    # Too high costs nine times as much as too low: the best constant is the first decile, -1.28.
    assert np.mean(model.predict(X) > noise) < 0.25


def test_a_part_is_one_file_of_delays() -> None:
    known = load_library()
    slower = known.model_copy(
        update={
            "part": "xc-imagined-1",
            "lut": known.lut.model_copy(
                update={"pin_ps": tuple(tuple(3 * ps for ps in pins) for pins in known.lut.pin_ps)}
            ),
        }
    )
    place = cache_directory() / "operator_profiles" / slower.part / f"open-{slower.toolchain_version}"
    write_atomic(place / "primitives.json", slower.model_dump_json())
    target = lat_sr.Target("xc-imagined-1")
    report = lat_sr.build("x0*x1 + x0", PRECISION, toolchain=StandInToolchain(), target=target)
    usual = lat_sr.build("x0*x1 + x0", PRECISION, toolchain=StandInToolchain())
    assert report.part == "xc-imagined-1"
    assert report.critical_path_ps > usual.critical_path_ps or report.latency_cycles > usual.latency_cycles
    model = lat_sr.LatencyAwareRegressor(
        precision=PRECISION,
        part="xc-imagined-1",
        unary_operators=[],
        max_evaluations=500,
        timeout=None,
        random_state=0,
    ).fit(X, X[:, 0] + X[:, 1])
    assert model.target_.part == "xc-imagined-1"


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_TOOLCHAINS", dict(registry._TOOLCHAINS))
    register_toolchain("stand-in", StandInToolchain)


def test_a_toolchain_is_an_object_with_three_members() -> None:
    assert get_toolchain("stand-in").version() == "1.2"
    report = lat_sr.build("x0 + 1", PRECISION, toolchain="stand-in")
    assert (report.toolchain, report.bit_exact) == ("stand-in", True)
    model = lat_sr.LatencyAwareRegressor(
        precision=PRECISION,
        toolchain="stand-in",
        unary_operators=[],
        max_evaluations=500,
        timeout=None,
        random_state=0,
    ).fit(X, X[:, 0])
    assert model.verify().passed
    with pytest.raises(lat_sr.errors.InputError, match="the toolchain name 'open' is taken"):
        register_toolchain("open", StandInToolchain)
