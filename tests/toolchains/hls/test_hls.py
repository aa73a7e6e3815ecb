"""hls4ml's compiled C++ as an independent oracle of the datapath."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy

from lat_sr.datapath import Kind, WidthLimits, lower
from lat_sr.errors import InputError, ToolFailedError
from lat_sr.expression import Call, Constant, Expression, Variable, from_sympy, parse
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.hls.project import (
    HlsInterface,
    compile_hls_project,
    cpp_function_body,
    write_hls_project,
)

pytest.importorskip("hls4ml")


def random_polynomial(rng: np.random.Generator, leaves: int) -> Expression:
    if leaves == 1:
        if rng.random() < 0.7:
            return Variable(f"x{rng.integers(3)}")
        return Constant(float(rng.integers(-24, 24)) / 16)
    left = int(rng.integers(1, leaves))
    operator = str(rng.choice(["+", "-", "*"]))
    return Call(operator, (random_polynomial(rng, left), random_polynomial(rng, leaves - left)))


def on_grid(expression: Expression, fraction: int) -> bool:
    constants = [node.value for node in expression.walk() if isinstance(node, Constant)]
    return all((value * 2**fraction).is_integer() for value in constants)


@pytest.mark.slow
def test_polynomials_equal_hls4mls_own_printing(tmp_path: Path) -> None:
    from hls4ml.converters import convert_from_symbolic_expression

    precision = Precision.parse("ap_fixed<8,4>")
    names = ["x0", "x1", "x2"]
    rng = np.random.default_rng(1)
    texts, expressions = [], []
    while len(texts) < 40:
        simplified = sympy.sympify(str(random_polynomial(rng, int(rng.integers(2, 7)))))
        expression = from_sympy(simplified)
        if not expression.variables or not on_grid(expression, precision.fraction):
            continue
        datapath = lower(expression, precision, input_names=names, limits=WidthLimits(52, 26, 26))
        if sum(node.kind is Kind.CAST for node in datapath.nodes) > 1:
            continue  # a value was narrowed, which hls4ml's own C++ does not do
        texts.append(str(simplified))
        expressions.append(expression)
    model = convert_from_symbolic_expression(
        texts,
        n_symbols=3,
        output_dir=str(tmp_path / "project"),
        precision=str(precision),
        part="xcvu9p-flga2577-2-e",
        hls_include_path="",
        hls_libs_path="",
    )
    model.write()
    model.compile()
    X = precision.to_float(rng.integers(-128, 128, (1000, 3)))
    datapath = lower(expressions, precision, input_names=names, limits=WidthLimits(52, 26, 26))
    np.testing.assert_array_equal(model.predict(np.ascontiguousarray(X)), datapath.evaluate(X))


@pytest.mark.slow
def test_written_out_datapaths_equal_the_datapath(tmp_path: Path) -> None:
    texts = [
        "sin(x0)*x1 - 0.5",
        "exp(x0 - x1)",
        "log_abs(x0 + x1*x2)",
        "sqrt_abs(x0*x1) + tanh(x2)",
        "x0/(x1*x2 + 3)",
        "max(x0, min(x1, -x2)) + abs(x0 - x1)",
        "sign(x0 - x1)*floor(x2) + ceil(x1*0.7)",
        "gauss(x0)*0.3 + cos(x1 - 2*x2)",
    ]
    rng = np.random.default_rng(2)
    X = rng.uniform(-3, 3, (1000, 3))
    datapath = lower(
        [parse(text) for text in texts],
        "ap_fixed<12,6,AP_RND_CONV,AP_SAT>",
        input_names=["x0", "x1", "x2"],
        X=X,
    )
    model = compile_hls_project(write_hls_project(datapath, tmp_path / "project"))
    ports = np.asarray(datapath.precision.quantize(X))
    np.testing.assert_array_equal(model.predict(np.ascontiguousarray(ports)), datapath.evaluate(ports))


@pytest.mark.slow
@pytest.mark.parametrize("result", ["ap_fixed<10,3,AP_RND,AP_SAT>", "ap_fixed<24,10>"])
def test_ports_with_formats_of_their_own(tmp_path: Path, result: str) -> None:
    datapath = lower(parse("x0*x1 - sin(x2)"), "ap_fixed<12,5>", input_names=["x0", "x1", "x2"])
    own = [Precision.parse(text) for text in ("ap_fixed<8,3>", "ap_ufixed<6,4>", "ap_fixed<12,5>")]
    wanted = Precision.parse(result)
    interface = HlsInterface(tuple(own), wanted)
    model = compile_hls_project(write_hls_project(datapath, tmp_path, interface=interface, backend="Vivado"))
    X = np.random.default_rng(3).uniform(-16, 16, (1000, 3))
    narrowed = np.stack(
        [p.quantize(datapath.precision.quantize(x)) for p, x in zip(own, X.T, strict=True)], 1
    )
    before = datapath.nodes[datapath.outputs[0]].operands[0]
    values = datapath.node_values(datapath.precision.from_float(narrowed))[before]
    expected = wanted.to_float(wanted.cast(values, datapath.nodes[before].fraction))
    np.testing.assert_array_equal(model.predict(X)[:, 0], expected)


def test_flavours_part_and_clock(tmp_path: Path) -> None:
    datapath = lower(parse("x0 + x1"), "ap_fixed<12,5>")
    target = Target("xc7k325tffg900-2", clock_period=4.0, clock_uncertainty=0.5)
    for backend, name in (("Vitis", "vitis"), ("Vivado", "vivado")):
        write_hls_project(datapath, tmp_path / name, target, backend=backend)
        settings = dict(
            line.removeprefix("set ").split(maxsplit=1)
            for line in (tmp_path / name / "project.tcl").read_text().splitlines()
            if line.startswith("set ")
        )
        assert settings["part"] == '"xc7k325tffg900-2"'
        assert (settings["clock_period"], settings["clock_uncertainty"]) == ("4.0", "0.5")
        assert settings["backend"] == f'"{name}"'
        assert (tmp_path / name / "build_opt.tcl").exists() == (backend == "Vitis")
    with pytest.raises(InputError, match=r"backend is 'Quartus'; allowed are \['Vitis', 'Vivado'\]"):
        write_hls_project(datapath, tmp_path, target, backend="Quartus")
    with pytest.raises(InputError, match="at least one input"):
        write_hls_project(lower(parse("0.5"), "ap_fixed<12,5>"), tmp_path)


def test_nothing_of_hls4mls_placeholder_is_left(tmp_path: Path) -> None:
    write_hls_project(lower(parse("x0*x1"), "ap_fixed<8,4>"), tmp_path)
    source = (tmp_path / "firmware" / "myproject.cpp").read_text()
    assert source.count("y[0] =") == 1


def test_a_project_that_does_not_compile_shows_why(tmp_path: Path) -> None:
    model = write_hls_project(lower(parse("x0*x1"), "ap_fixed<8,4>"), tmp_path)
    source = tmp_path / "firmware" / "myproject.cpp"
    source.write_text(source.read_text().replace("v0 * v1", "v0 * missing"))
    with pytest.raises(ToolFailedError, match="missing"):
        compile_hls_project(model)


def test_tables_are_constant_arrays() -> None:
    body = cpp_function_body(lower(parse("sin(x0)"), "ap_fixed<8,4>"))
    assert "static const" in body
    assert "sin(" not in body
