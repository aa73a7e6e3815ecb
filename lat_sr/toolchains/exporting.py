"""What a fitted circuit can be written as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lat_sr.errors import InputError

if TYPE_CHECKING:
    from lat_sr.datapath import ExplicitTable
    from lat_sr.estimators.base import LatencyAwareEstimator
    from lat_sr.precision import Precision

__all__ = ["EXPORT_TARGETS", "export_circuit"]


def _rtl(model: LatencyAwareEstimator, directory: Path, flavor: str = "verilog") -> list[Path]:
    from lat_sr.toolchains import export

    return export(model.circuit_.datapath, directory, flavor, target=model.target_)


def _vivado(model: LatencyAwareEstimator, directory: Path, flavor: str = "verilog") -> list[Path]:
    from lat_sr.toolchains import export_vivado

    return export_vivado(model.circuit_.datapath, directory, flavor, target=model.target_)


def _hls(model: LatencyAwareEstimator, directory: Path, flavor: str = "vitis") -> list[Path]:
    from lat_sr.toolchains.hls.project import write_hls_project

    write_hls_project(model.circuit_.datapath, directory, model.target_, backend=_backend(flavor))
    return _files(directory)


def _hls4ml(
    model: LatencyAwareEstimator,
    directory: Path,
    flavor: str = "vitis",
    tables: Mapping[str, ExplicitTable] | None = None,
    input_precisions: Mapping[str, Precision | str] | None = None,
    result_precision: Precision | str | None = None,
) -> list[Path]:
    from lat_sr.toolchains.hls.math import write_hls4ml_project

    write_hls4ml_project(
        model._formulas,
        directory,
        model.circuit_.datapath.precision,
        target=model.target_,
        backend=_backend(flavor),
        tables=tables,
        input_names=model.input_names_,
        input_precisions=input_precisions,
        result_precision=result_precision,
    )
    return _files(directory)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _backend(flavor: str) -> str:
    backends = {"vitis": "Vitis", "vivado": "Vivado"}
    if flavor not in backends:
        raise InputError(f"flavor is {flavor!r}; allowed are {list(backends)}")
    return backends[flavor]


EXPORT_TARGETS: Mapping[str, Callable[..., list[Path]]] = {
    "rtl": _rtl,
    "vivado": _vivado,
    "hls": _hls,
    "hls4ml": _hls4ml,
}
"""Writers of a project, by the name of what they write. They take a model, a directory, and options of their own."""


def export_circuit(
    model: LatencyAwareEstimator, directory: Path, target: str, options: Mapping[str, Any]
) -> list[str]:
    """Write the selected circuit of a model; see `LatencyAwareRegressor.export`."""
    if target not in EXPORT_TARGETS:
        raise InputError(f"target is {target!r}; allowed are {list(EXPORT_TARGETS)}")
    write = EXPORT_TARGETS[target]
    _, _, *known = signature(write).parameters
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"target {target!r} has no option {', '.join(unknown)}; it has {', '.join(known)}")
    return [str(path) for path in write(model, directory, **options)]
