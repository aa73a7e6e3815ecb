"""What the circuit of a solution can be written as."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from lat_sr.datapath import ExplicitTable
from lat_sr.errors import InputError
from lat_sr.precision import Precision
from lat_sr.solution import Solution
from lat_sr.toolchains.hls.math import write_hls4ml_project
from lat_sr.toolchains.hls.project import write_hls_project
from lat_sr.toolchains.open.project import export as export_rtl
from lat_sr.toolchains.vendor.vivado import export_vivado

__all__ = ["EXPORT_KINDS", "export"]


def _rtl(solution: Solution, directory: Path, flavor: str = "verilog") -> list[Path]:
    return export_rtl(solution.datapath, directory, flavor, target=solution.target)


def _vivado(solution: Solution, directory: Path, flavor: str = "verilog") -> list[Path]:
    return export_vivado(solution.datapath, directory, flavor, target=solution.target)


def _hls(solution: Solution, directory: Path, flavor: str = "vitis") -> list[Path]:
    write_hls_project(solution.datapath, directory, solution.target, backend=_backend(flavor))
    return _files(directory)


def _hls4ml(
    solution: Solution,
    directory: Path,
    flavor: str = "vitis",
    tables: Mapping[str, ExplicitTable] | None = None,
    input_precisions: Mapping[str, Precision | str] | None = None,
    result_precision: Precision | str | None = None,
) -> list[Path]:
    write_hls4ml_project(
        solution.expressions,
        directory,
        solution.precision,
        target=solution.target,
        backend=_backend(flavor),
        tables=tables,
        input_names=solution.input_names,
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


EXPORT_KINDS: Mapping[str, Callable[..., list[Path]]] = {
    "rtl": _rtl,
    "vivado": _vivado,
    "hls": _hls,
    "hls4ml": _hls4ml,
}
"""Writers of a project by the kind of project: each takes a solution, a directory, and options of its own."""


def export(
    solution: Solution,
    directory: str | os.PathLike[str],
    flavor: str | None = None,
    *,
    kind: str = "rtl",
    **options: Any,
) -> list[str]:
    """Write the selected circuit, all outputs together, as a project.

    Parameters
    ----------
    solution : Solution
        What a search found.
    directory : path-like
        Made if it does not exist.
    flavor, kind, **options
        See `lat_sr.LatencyAwareRegressor.export`.

    Returns
    -------
    list of str
        Paths of the project's files.

    Raises
    ------
    InputError
        An unknown kind or flavor, or an option that the kind does not have.
    StorageError
        The directory cannot be written.
    """
    if kind not in EXPORT_KINDS:
        raise InputError(f"kind is {kind!r}; allowed are {list(EXPORT_KINDS)}")
    write = EXPORT_KINDS[kind]
    _, _, *known = signature(write).parameters
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError(f"kind {kind!r} has no option {', '.join(unknown)}; it has {', '.join(known)}")
    if flavor is not None:
        options["flavor"] = flavor
    return [str(path) for path in write(solution, Path(directory), **options)]
