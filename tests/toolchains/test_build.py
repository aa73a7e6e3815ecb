"""`lat_sr.build` and the names of toolchains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_base import report

import lat_sr
from lat_sr.datapath import Datapath
from lat_sr.errors import InputError
from lat_sr.toolchains import BuildReport, get_toolchain


class Recorder:
    """A toolchain that keeps what it is asked for."""

    name = "recorder"

    def version(self) -> str:
        return "1"

    def build(self, datapath: Datapath, target: lat_sr.Target, **options: Any) -> BuildReport:
        self.datapath, self.target, self.options = datapath, target, options
        return report()


def test_formulas_are_lowered_and_built(tmp_path: Path) -> None:
    toolchain = Recorder()
    result = lat_sr.build(
        ["2*b + a", lat_sr.parse("a - b")],
        "ap_fixed<8,4>",
        toolchain=toolchain,
        input_names=["a", "b"],
        out=tmp_path,
        clock_period=2.5,
        timing_derate=1.2,
    )
    assert result == report()
    assert toolchain.datapath.evaluate([[1.0, 0.5]]).tolist() == [[2.0, 0.5]]
    assert toolchain.target == lat_sr.Target(clock_period=2.5, timing_derate=1.2, toolchain="recorder")
    assert toolchain.options == {"vectors": None, "out": tmp_path}


def test_data_is_simulated_and_ranges_shape_tables() -> None:
    toolchain = Recorder()
    X = np.linspace(-1, 1, 9)[:, None]
    lat_sr.build("sin(x0)", "ap_fixed<16,6>", toolchain=toolchain, X=X)
    assert toolchain.options["vectors"] is X
    narrow = max(len(table.entries) for table in toolchain.datapath.tables)
    lat_sr.build("sin(x0)", "ap_fixed<16,6>", toolchain=toolchain, ranges={"x0": (-30.0, 30.0)})
    assert narrow < max(len(table.entries) for table in toolchain.datapath.tables)


def test_a_target_and_its_fields_exclude_each_other() -> None:
    with pytest.raises(InputError, match="target and part, clock_period are given"):
        lat_sr.build("x0", "ap_fixed<8,4>", target=lat_sr.Target(), part="other", clock_period=3.0)


def test_names() -> None:
    assert get_toolchain("auto").name == get_toolchain("open").name == "open"
    with pytest.raises(
        InputError,
        match=r"unknown toolchain 'quartus'; allowed are \['auto', 'open', 'vitis', 'vivado', 'vivado-rtl'\]",
    ):
        get_toolchain("quartus")
