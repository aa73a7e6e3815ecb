import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from stand_ins import StandInToolchain
from typer.testing import CliRunner
from vendor_reports import timing_summary
from vendor_tools import installed_hls, installed_vivado

import lat_sr
from lat_sr import LatencyAwareRegressor
from lat_sr.cli import app
from lat_sr.errors import ToolFailedError
from lat_sr.reporting import FRONT_COLUMNS, VERIFICATION_COLUMNS
from lat_sr.toolchains import registry

RNG = np.random.default_rng(11)
FRAME = pd.DataFrame(RNG.uniform(-2, 2, size=(200, 2)), columns=["pt", "eta"])
FRAME["y"] = FRAME["pt"] * FRAME["eta"] + 0.5
FRAME["kind"] = np.where(FRAME["y"] > 0.5, "t", "q")
QUICK = ["--max-evaluations", "1500", "--random-state", "1", "--maxsize", "9"]


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result


def document(*arguments, code=0):
    """The JSON document on stdout, which must be all there is."""
    return json.loads(run(*arguments, "--json", code=code).stdout)


def test_version():
    assert run("--version").stdout == f"lat_sr {lat_sr.__version__}\n"


@pytest.fixture
def toolchain(monkeypatch):
    """The stand-in as every toolchain."""
    tool = StandInToolchain()
    monkeypatch.setitem(registry._TOOLCHAINS, "open", lambda: tool)
    return tool


@pytest.fixture
def data(tmp_path):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


@pytest.fixture
def fitted(data, tmp_path):
    run(
        "fit",
        data,
        "--target",
        "y",
        "--features",
        "pt,eta",
        "--max-latency",
        2,
        "--out",
        tmp_path / "run",
        *QUICK,
    )
    return tmp_path / "run"


def test_fit_writes_the_run_directory(fitted, data):
    front = pd.read_csv(fitted / "front.csv")
    assert list(front.columns) == [column.name for column in FRONT_COLUMNS if not column.optional]
    assert (front["latency_predicted"] <= 2).all()
    settings = json.loads((fitted / "run.json").read_text())
    assert settings["data"]["path"] == str(data)
    assert settings["data"]["rows_fitted"] == 160
    assert settings["sample"] == {"rows": 40, "held_out": True}
    assert settings["parameters"]["precision"] == "ap_fixed<16,6>"
    assert set(" ".join(front["equation"])) <= set("ptea0123456789.+-*() sinxpe")


def test_fit_as_json_prints_the_front(data, tmp_path):
    answer = document("fit", data, "--target", "y", "--features", "pt,eta", "--out", tmp_path / "run", *QUICK)
    # JSON has no infinity, which is the score of a formula without any loss.
    front = pd.read_csv(tmp_path / "run/front.csv").replace(np.inf, np.nan)
    pd.testing.assert_frame_equal(pd.DataFrame(answer["front"]), front)
    assert answer["latency_predicted"] >= 1


def test_fit_of_labels_is_a_classification(data, tmp_path):
    run("fit", data, "--target", "kind", "--features", "pt,eta", "--out", tmp_path / "run", *QUICK)
    assert json.loads((tmp_path / "run/model.json").read_text())["estimator"] == "LatencyAwareClassifier"


def test_fit_of_several_targets(data, tmp_path):
    run(
        "fit",
        data,
        "--target",
        "y",
        "--target",
        "pt",
        "--features",
        "eta",
        "--holdout",
        0,
        "--out",
        tmp_path / "run",
        *QUICK,
    )
    assert set(pd.read_csv(tmp_path / "run/front.csv")["output"]) == {"y", "pt"}
    assert json.loads((tmp_path / "run/run.json").read_text())["sample"]["held_out"] is False


def test_verify_writes_and_shows_the_comparison(fitted, toolchain):
    shown = run("verify", fitted).stdout
    assert "latency actual" in shown
    table = pd.read_csv(fitted / "verification.csv")
    assert list(table.columns) == [column.name for column in VERIFICATION_COLUMNS if not column.optional]
    assert len(table) == len(pd.read_csv(fitted / "front.csv"))


def test_verify_as_json(fitted, toolchain):
    answer = document("verify", fitted, "--limit", 1)
    assert answer["passed"] is True
    assert len(answer["points"]) == 1
    assert answer["points"][0]["bit_exact"] is True


def test_missed_budget_is_exit_code_1_with_its_reason(fitted, toolchain):
    toolchain.change = lambda number, report: {"latency_cycles": 7}
    result = run("verify", fitted, code=1)
    assert re.search(
        r"lat-sr: \d+ of \d+ circuits failed: .* over budget: latency 7 > max_latency 2", result.stderr
    )
    assert (fitted / "verification.csv").exists()
    answer = document("verify", fitted, code=1)
    assert answer["passed"] is False
    assert answer["error"] == "VerificationError"


def test_report_writes_one_page(fitted, toolchain):
    run("verify", fitted)
    assert document("report", fitted) == {"report": str(fitted / "report.html")}
    assert "imagination" in (fitted / "report.html").read_text()


@pytest.mark.parametrize("flavor", ["verilog", "vhdl"])
def test_export_writes_a_project(fitted, tmp_path, flavor):
    answer = document("export", fitted, "--out", tmp_path / "rtl", "--flavor", flavor)
    assert answer["kind"] == "rtl"
    assert any(name.endswith({"verilog": ".v", "vhdl": ".vhd"}[flavor]) for name in answer["files"])
    assert all((tmp_path / name).exists() for name in answer["files"])


def test_any_row_can_be_verified_and_exported(fitted, tmp_path, toolchain):
    front = pd.read_csv(fitted / "front.csv")
    assert "row" in run("verify", fitted, "--limit", 1).stdout
    other = int(front["row"][~front["selected"]].iloc[0])
    (point,) = document("verify", fitted, "--row", other)["points"]
    assert (point["row"], point["equation"]) == (other, front["equation"][other])
    model = LatencyAwareRegressor.load(fitted)
    model.export(tmp_path / "model", index=other)
    document("export", fitted, "--row", other, "--out", tmp_path / "shell")
    for path in (tmp_path / "model").rglob("*.v"):
        assert path.read_text() == (tmp_path / "shell" / path.relative_to(tmp_path / "model")).read_text()
    selected = document("verify", fitted, "--row", "accuracy")["points"]
    assert [point["selected"] for point in selected] == [True]
    for row in (len(front), "fastest", "0,1"):
        for command in (("verify",), ("export", "--out", tmp_path / "none")):
            refused = run(command[0], fitted, "--row", row, *command[1:], code=2)
            assert "give " in refused.stderr


def test_export_writes_an_hls4ml_project(fitted, tmp_path):
    answer = document(
        "export", fitted, "--out", tmp_path, "--kind", "hls4ml", "--flavor", "vivado",
        "--table", "sin=-4:4:256", "--result-precision", "ap_fixed<20,8>",
    )  # fmt: skip
    assert str(tmp_path / "firmware" / "myproject.cpp") in answer["files"]
    assert "ap_fixed<20,8> result_t" in (tmp_path / "firmware" / "defines.h").read_text()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--table", "sin", "NAME=VALUE"),
        ("--table", "sin=-4:4", "NAME=START:STOP:SIZE"),
        ("--input-precision", "x0", "NAME=VALUE"),
        ("--flavor", "verilog", "allowed are"),
    ],
)
def test_export_refuses(fitted, tmp_path, option, value, message):
    refused = run("export", fitted, "--out", tmp_path, "--kind", "hls4ml", option, value, code=2)
    assert message in refused.stderr


def test_project_for_vivado_is_compared_once_vivado_has_run(fitted, tmp_path):
    project = tmp_path / "rtl"
    answer = document("export", fitted, "--out", project, "--kind", "vivado")
    assert str(project / "vivado.tcl") in answer["files"]
    assert "run there: vivado -mode batch -source vivado.tcl" in run("compare", project, code=3).stderr
    program = installed_vivado(tmp_path)
    subprocess.run([program, "-mode", "batch", "-source", "vivado.tcl"], cwd=project, check=True, timeout=60)
    found = document("compare", project)
    assert (found["project"], found["lut_actual"], found["slack_ns"]) == (str(project), 1234, 0.521)
    assert found["latency_predicted"] == found["latency_actual"]
    (program.parent / "timing_summary_routed.rpt").write_text(
        timing_summary(setup="-0.500", verdict="Timing constraints are not met.")
    )
    subprocess.run([program, "-mode", "batch", "-source", "vivado.tcl"], cwd=project, check=True, timeout=60)
    assert "misses its clock: 0.500 ns too slow for 5 ns" in run("compare", project, code=1).stderr


@pytest.mark.parametrize("arguments", [["--kind", "quartus"], ["--kind", "vivado", "--flavor", "hls"]])
def test_export_for_what_there_is_not(fitted, tmp_path, arguments):
    run("export", fitted, "--out", tmp_path / "rtl", *arguments, code=2)
    assert not (tmp_path / "rtl").exists()


@pytest.mark.slow
def test_lines_of_the_tools_are_shown_on_request(fitted, tmp_path, monkeypatch):
    monkeypatch.setenv("XILINX_HLS", str(installed_hls(tmp_path, worst=2).parents[1]))
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))
    wanted = "vitis_hls stand-in"
    shown = run("build", "pt + eta", "--toolchain", "vitis", "--verbose")
    assert f"[vitis] ****** {wanted}" in shown.stderr and wanted not in shown.stdout
    assert wanted not in run("build", "pt - eta", "--toolchain", "vitis").stderr
    verified = run("verify", fitted, "--toolchain", "vitis", "--limit", 1, "--verbose")
    assert f"[0] ****** {wanted}" in verified.stderr
    profiled = run("profile", "ap_fixed<9,4>", "--toolchain", "vitis", "--operators", "+,neg", "--verbose")
    assert f"[neg exact] ****** {wanted}" in profiled.stderr


@pytest.mark.slow
def test_further_steps_of_the_vendor_tools(tmp_path, monkeypatch):
    monkeypatch.setenv("XILINX_HLS", str(installed_hls(tmp_path, worst=2).parents[1]))
    monkeypatch.setenv("XILINX_VIVADO", str(installed_vivado(tmp_path).parents[1]))
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path / "cache"))
    found = document("build", "x0 + x1", "--toolchain", "vitis", "--implementation", "--co-simulation")
    assert (found["lut_actual"], found["latency_actual"]) == (1234, 6)
    assert found["timing_source"].startswith("Vivado, placed and routed")
    assert "no option implementation" in run("build", "x0 + x1", "--implementation", code=2).stderr


def test_estimate_has_the_keys_of_the_verification():
    answer = document("estimate", "sin(x0)*x1 - 0.5", "--precision", "ap_fixed<16,6>", "--range", "x0=-3:3")
    assert answer["equation"] == "sin(x0)*x1 - 0.5"
    assert answer["latency_predicted"] >= 1
    assert answer["dsp_predicted"] == 1
    extra = {"delay_ps", "ff_predicted", "meets_clock"}
    assert set(answer) - extra <= {column.name for column in VERIFICATION_COLUMNS}


def test_estimate_of_several_formulas_shares_their_parts():
    assert document("estimate", "x0*x1", "x0*x1 + 1")["dsp_predicted"] == 1


def test_build_has_the_keys_of_the_verification(toolchain):
    answer = document("build", "x0*x1", "--precision", "ap_fixed<8,4>")
    assert answer["latency_actual"] == 1
    assert answer["timing_source"] == "imagination"
    assert set(answer) <= {column.name for column in VERIFICATION_COLUMNS}


def test_wrong_bit_of_a_build_is_exit_code_1(toolchain):
    toolchain.change = lambda number, report: {"bit_exact": False, "mismatch": "vector 3"}
    assert "wrong bit: vector 3" in run("build", "x0*x1", code=1).stderr


def test_failed_tool_is_exit_code_3_with_its_log(toolchain):
    toolchain.change = lambda number, report: ToolFailedError("yosys ended with 1", "ERROR: no such cell")
    result = run("build", "x0*x1", code=3)
    assert "yosys ended with 1\nERROR: no such cell" in result.stderr
    assert document("build", "x0*x1", code=3)["error"] == "ToolFailedError"


def test_profile_of_the_store():
    answer = document("profile", "ap_fixed<16,6>", "--stored", "--toolchain", "vivado_hls")
    assert answer["complexity_map"]["sin"] == 8
    assert "sin" in run("profile", "ap_fixed<16,6>", "--stored", "--toolchain", "vivado_hls").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "absent.csv", "--target", "y", "--out", "run"],
        ["fit", "{data}", "--target", "mass", "--out", "run"],
        ["fit", "{data}", "--target", "y", "--out", "run"],  # kind is text
        [
            "fit",
            "{data}",
            "--target",
            "y",
            "--features",
            "pt",
            "--out",
            "run",
            "--precision",
            "ap_fixed<80,6>",
        ],
        ["fit", "{data}", "--target", "y", "--features", "pt", "--out", "run", "--unary-operators", "sinus"],
        ["fit", "{data}", "--target", "y", "--features", "pt", "--out", "run", "--max-latency", "0"],
        ["fit", "{data}", "--target", "y", "--features", "pt", "--out", "run", "--holdout", "1.5"],
        ["fit", "{data}", "--target", "y", "--features", "pt", "--out", "run", "--part", "none"],
        ["estimate", "sin(x0"],
        ["estimate", "sinn(x0)"],
        ["estimate", "x0", "--precision", "ap_fixed<0,0>"],
        ["estimate", "x0", "--range", "x0:1"],
        ["estimate", "x0", "--latency-model", "guess"],
        ["profile", "ap_fixed<13,2>", "--stored"],
        ["build", "x0", "--toolchain", "quartus"],
    ],
)
def test_bad_input_is_exit_code_2_in_one_line(arguments, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    filled = [argument.format(data=data) for argument in arguments]
    result = run(*filled, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("lat-sr: ")
    assert result.stderr.count("\n") == 1
    answer = document(*filled, code=2)
    assert set(answer) == {"error", "message"}
    assert not (tmp_path / "run").exists()


def test_unreadable_run_is_exit_code_3(tmp_path):
    assert "no run directory" in run("verify", tmp_path / "absent", code=3).stderr


def test_interruption(monkeypatch, fitted):
    def interrupted(directory):
        raise KeyboardInterrupt

    monkeypatch.setattr("lat_sr.cli.runs.read_run", interrupted)
    run("report", fitted, code=130)


@pytest.mark.slow
def test_demo_from_search_to_report(tmp_path, toolchain):
    answer = document("demo", "--timeout", 2, "--limit", 3, "--out", tmp_path / "demo")
    assert answer["passed"] is True
    assert 1 <= len(answer["points"]) <= 3
    assert all(point["latency_predicted"] <= 3 for point in answer["points"])
    assert max(point["accuracy_fixed"] for point in answer["points"]) > 0.8
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "front.csv",
        "model.json",
        "report.html",
        "run.json",
        "sample.npz",
        "verification.csv",
    }


def test_starting_imports_nothing_heavy():
    heavy = "hls4ml juliacall matplotlib optuna pandas pysr sklearn sympy"
    code = f"import sys, lat_sr.cli; print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
