from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lat_sr import LatencyAwareRegressor, from_pysr
from lat_sr.datapath import ExplicitTable
from lat_sr.errors import InputError


@pytest.fixture(scope="module")
def model() -> LatencyAwareRegressor:
    found = pd.DataFrame({"complexity": [4], "loss": [0.1], "equation": ["sin(mass) * pt + 0.5"]})
    fitted = from_pysr(found, feature_names=["pt", "mass"], precision="ap_fixed<16,6>")
    assert isinstance(fitted, LatencyAwareRegressor)
    return fitted


def source(directory: Path) -> str:
    return (directory / "firmware" / "myproject.cpp").read_text()


def test_rtl_is_the_default(model: LatencyAwareRegressor, tmp_path: Path) -> None:
    files = model.export(tmp_path)
    assert str(tmp_path / "src" / "top.v") in files
    assert all(Path(name).exists() for name in files)
    assert any(name.endswith(".vhd") for name in model.export(tmp_path / "vhdl", "vhdl"))


def test_vivado_gets_rtl_with_its_script(model: LatencyAwareRegressor, tmp_path: Path) -> None:
    files = model.export(tmp_path, kind="vivado")
    assert {str(tmp_path / "vivado.tcl"), str(tmp_path / "src" / "top.v")} <= set(files)


def test_hls_has_the_bits_of_the_circuit(model: LatencyAwareRegressor, tmp_path: Path) -> None:
    files = model.export(tmp_path, kind="hls")
    assert str(tmp_path / "build_opt.tcl") in files
    assert "hls::" not in source(tmp_path)


def test_hls4ml_has_the_vendors_functions_or_tables(model: LatencyAwareRegressor, tmp_path: Path) -> None:
    model.export(tmp_path, kind="hls4ml", flavor="vivado")
    assert "hls::sin<16, 6>(" in source(tmp_path)
    assert not (tmp_path / "build_opt.tcl").exists()
    model.export(tmp_path, kind="hls4ml", tables={"sin": ExplicitTable(-4, 4, 256)})
    assert "hls::" not in source(tmp_path)
    assert "[256] = {" in source(tmp_path)


def test_what_is_refused(model: LatencyAwareRegressor, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"kind is 'asic'; allowed are \['rtl', 'vivado', 'hls', 'hls4ml'"):
        model.export(tmp_path, kind="asic")
    with pytest.raises(InputError, match=r"flavor is 'vhdl'; allowed are \['vitis', 'vivado'\]"):
        model.export(tmp_path, "vhdl", kind="hls4ml")
    with pytest.raises(InputError, match="'rtl' has no option tables; it has flavor"):
        model.export(tmp_path, tables={})
