from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lat_sr.datapath import ExplicitTable
from lat_sr.errors import InputError, PrecisionError, ToolFailedError
from lat_sr.expression import define_operator, evaluate, parse, undefine_operator
from lat_sr.operators import OPERATORS
from lat_sr.precision import Precision
from lat_sr.toolchains.hls.math import hls4ml_datapath, write_hls4ml_project
from lat_sr.toolchains.hls.project import compile_hls_project, cpp_function_body

hls4ml = pytest.importorskip("hls4ml")

P = Precision.parse("ap_fixed<18,8>")
FUNCTIONS = [name for name, operator in OPERATORS.items() if operator.arity == 1 and not operator.is_exact]
# Arguments inside of every function's domain.
DOMAINS = {"acosh": (1.0, 8.0), "asin": (-1, 1), "acos": (-1, 1), "atanh": (-0.9, 0.9), "tan": (-1.4, 1.4)}
DOMAINS |= dict.fromkeys(("sqrt", "log", "log2", "log10", "log1p", "inv", "log_abs", "sqrt_abs"), (0.1, 8.0))


@pytest.fixture(scope="module")
def headers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An include directory as the vendor has it."""
    include = tmp_path_factory.mktemp("vendor") / "include"
    shutil.copytree(Path(hls4ml.__file__).parent / "templates" / "vivado" / "ap_types", include)
    shutil.copy(Path(__file__).parent / "hls_math.h", include / "hls_math.h")
    return include


def body(*texts: str, **options: object) -> str:
    return cpp_function_body(*hls4ml_datapath(list(texts), P, **options))  # type: ignore[arg-type]


@pytest.mark.slow
def test_every_function_compiles_and_gives_its_value(tmp_path: Path, headers: Path) -> None:
    rng = np.random.default_rng(0)
    X = np.stack([P.quantize(rng.uniform(*DOMAINS.get(name, (-3, 3)), 1000)) for name in FUNCTIONS], axis=1)
    names = [f"x{number}" for number in range(len(FUNCTIONS))]
    texts = [f"{function}({name})" for function, name in zip(FUNCTIONS, names, strict=True)]
    model = write_hls4ml_project(texts, tmp_path, P, input_names=names, headers=headers)
    found = compile_hls_project(model).predict(np.ascontiguousarray(X))
    for number, text in enumerate(texts):
        wanted = evaluate(parse(text), X, tuple(names))
        np.testing.assert_allclose(found[:, number], wanted, atol=3 * P.lsb, err_msg=text)


@pytest.mark.slow
def test_formulas_around_functions(tmp_path: Path, headers: Path) -> None:
    texts = [
        "sin(x0*x1) + exp(sin(x0)) * 0.25",
        "x0 / (x1 + 5)",
        "(x0 + 6) ^ -2",
        "max(x0, cos(x1)) - abs(x0)/4",
        "log(x0 + 5)*sin(x0) + 1.5",
    ]
    X = P.quantize(np.random.default_rng(1).uniform(-2, 2, (1000, 2)))
    found = compile_hls_project(write_hls4ml_project(texts, tmp_path, P, headers=headers)).predict(X)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(found[:, number], evaluate(parse(text), X), atol=0.02, err_msg=text)


def test_what_hls4ml_prints_badly() -> None:
    assert "hls::sqrt<18, 8>(" in body("sqrt(x0)")
    assert "hls::recip<18, 8>(" in body("x0^-2") and "pow" not in body("x0^-2")
    assert "hls::log<18, 8>(" in body("log_abs(x0)")
    # A division by a number is a product.
    assert "hls::" not in body("x0/3")


def test_equal_calls_are_one() -> None:
    assert body("sin(x0 + 1) * x1", "sin(x0 + 1) + sin(x0)").count("hls::sin") == 2


def test_arguments_saturate() -> None:
    assert "hls::sin<18, 8>(ap_fixed<18, 8>(ap_fixed<18, 8, AP_TRN, AP_SAT>(v" in body("sin(x0*x1)")


@pytest.mark.slow
def test_tables_and_polynomials_equal_the_datapath(tmp_path: Path) -> None:
    tables = {
        "sin": ExplicitTable(-4, 4, 512),
        "exp": ExplicitTable(-8, 3, 1408),
        "inv": ExplicitTable(0.5, 8, 480),
    }
    texts = ["sin(x0*x1)*x2 - 0.5", "exp(x0 - x1)/8", "x2 / (x0^2 + 1)", "x0*x1*x2 - x0 + 0.375*x1"]
    datapath, interface = hls4ml_datapath(texts, "ap_fixed<16,6>", tables=tables)
    assert interface.calls == ()
    model = write_hls4ml_project(texts, tmp_path, "ap_fixed<16,6>", tables=tables, backend="Vivado")
    X = datapath.precision.quantize(np.random.default_rng(2).uniform(-6, 6, (2000, 3)))
    np.testing.assert_array_equal(
        compile_hls_project(model).predict(np.ascontiguousarray(X)), datapath.evaluate(X)
    )


@pytest.mark.slow
def test_formats_of_single_ports(tmp_path: Path) -> None:
    options = {
        "input_precisions": {"x1": "ap_fixed<10,4>"},
        "result_precision": "ap_fixed<12,8,AP_RND,AP_SAT>",
    }
    model = write_hls4ml_project("x0*x1", tmp_path, "ap_fixed<16,6>", **options)
    X = np.random.default_rng(3).uniform(-7, 7, (1000, 2))
    ports = np.stack(
        [
            Precision.parse(text).quantize(x)
            for text, x in zip(("ap_fixed<16,6>", "ap_fixed<10,4>"), X.T, strict=True)
        ],
        1,
    )
    wanted = Precision.parse("ap_fixed<12,8,AP_RND,AP_SAT>").quantize(ports[:, 0] * ports[:, 1])
    np.testing.assert_array_equal(compile_hls_project(model).predict(X)[:, 0], wanted)
    defines = (tmp_path / "firmware" / "defines.h").read_text()
    assert "typedef ap_fixed<16,6> input_t;" in defines
    assert "typedef ap_fixed<12,8,AP_RND,AP_SAT,0> result_t;" in defines


def test_operators_of_the_users_own() -> None:
    define_operator("softsign", "x / (1 + abs(x))")
    try:
        assert "hls::recip" in body("softsign(x0)")
        assert "hls::" not in body("softsign(x0)", tables={"softsign": ExplicitTable(-8, 8, 256)})
    finally:
        undefine_operator("softsign")


def test_without_the_vendors_headers_it_does_not_compile(tmp_path: Path) -> None:
    model = write_hls4ml_project("log(x0)", tmp_path, P)
    with pytest.raises(ToolFailedError, match="log"):
        compile_hls_project(model)


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="finer than the last bit"):
        body("sin(x0)", tables={"sin": ExplicitTable(-1, 1, 4096)})
    with pytest.raises(PrecisionError, match="takes signed numbers"):
        hls4ml_datapath("sin(x0)", "ap_ufixed<16,6>")
    with pytest.raises(InputError, match="names z; the inputs are x0"):
        body("x0", input_precisions={"z": "ap_fixed<8,4>"})
    with pytest.raises(PrecisionError, match="does not lie within"):
        body("x0", input_precisions={"x0": "ap_fixed<20,8>"})
