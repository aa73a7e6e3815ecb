"""Exported VHDL under its own test bench, in GHDL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lat_sr import lower, parse
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.toolchains import export
from lat_sr.toolchains.run.process import run

pytestmark = [
    pytest.mark.ghdl,
    pytest.mark.skipif(shutil.which("ghdl") is None, reason="GHDL is not installed (Debian: ghdl-mcode)"),
]


@pytest.mark.parametrize(
    "formulas",
    [
        ["x0 - x1*x1*0.25"],  # subtrahends finer than minuends, unsigned and signed
        ["1.9375*(x0 - x1) + 0.8835288 - x2"],
        ["max(x0 - x1*0.77, 0.5)*x2", "x0"],
        ["1/(x0 + 3) + cos(x1)"],
        ["log_abs(x0*0.3) + tanh(x1)"],
    ],
)
def test_every_bit_is_the_datapaths(formulas: list[str], tmp_path: Path, library: DelayLibrary) -> None:
    datapath = lower([parse(formula) for formula in formulas], "ap_fixed<14,6>")
    export(datapath, tmp_path, "vhdl", stages=3, library=library)
    sources = [str(path) for path in tmp_path.rglob("*.vhd")]
    work = ["--std=08", f"--workdir={tmp_path}"]
    run(["ghdl", "-i", *work, *sources], tmp_path, timeout=60)
    run(["ghdl", "-m", *work, "testbench"], tmp_path, timeout=60)
    output = run(["ghdl", "-r", *work, "testbench"], tmp_path / "sim", timeout=60)
    assert "PASS: 1024 vectors, every bit as expected, latency 3" in output
