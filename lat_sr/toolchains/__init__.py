"""Toolchains: from a datapath to a measured circuit.

`build` builds formulas, `build_many` several datapaths at a time, `export` writes an RTL project without building it;
`export_vivado` writes one that Vivado runs as it is, and `read_vivado_reports` reads what came of it.
A toolchain of your own is any object with the three members of `lat_sr.toolchains.base.Toolchain`; pass it where a
name is taken, or give it a name with `register_toolchain`.
"""

from __future__ import annotations

from lat_sr.toolchains.base import BuildReport, Toolchain
from lat_sr.toolchains.building import build
from lat_sr.toolchains.open.project import export
from lat_sr.toolchains.parallel import build_many
from lat_sr.toolchains.registry import get_toolchain, register_toolchain
from lat_sr.toolchains.vendor.vivado import export_vivado, read_vivado_reports

__all__ = [
    "BuildReport",
    "Toolchain",
    "build",
    "build_many",
    "export",
    "export_vivado",
    "get_toolchain",
    "read_vivado_reports",
    "register_toolchain",
]
