from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from lat_sr.cli import app
from lat_sr.cli.doctor import examine
from lat_sr.toolchains.vendor.tools import VENDOR_TOOLS


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs on the search path, and no variable that names a tool."""
    monkeypatch.setenv("PATH", "")
    for tool in VENDOR_TOOLS.values():
        for variable in tool.variables:
            monkeypatch.delenv(variable, raising=False)


def test_what_comes_with_the_package_is_found() -> None:
    found = {finding.name: finding for finding in examine()}
    for name in ("Python", "native engine", "alkaid", "Yosys", "Verilator", "hls4ml", "PySR"):
        assert found[name].found and found[name].version and not found[name].advice


@pytest.mark.usefixtures("bare_machine")
def test_what_is_missing_comes_with_advice() -> None:
    found = {finding.name: finding for finding in examine()}
    assert found["g++"].advice == "install it, on Debian or Ubuntu with: apt install g++"
    assert "settings64.sh" in found["Vitis HLS"].advice
    assert not found["Vivado"].found


@pytest.mark.usefixtures("bare_machine")
def test_the_command_prints_a_table_or_one_document() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == 0
    tools = {tool["name"]: tool for tool in json.loads(result.stdout)["tools"]}
    assert tools["native engine"]["found"] and not tools["Vitis HLS"]["found"]
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 0
    assert "missing" in shown.stdout and "native engine" in shown.stdout
