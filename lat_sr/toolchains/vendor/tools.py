"""Where AMD's tools are: given, in the directory that a variable names, or on the search path."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lat_sr.errors import MissingToolError

__all__ = ["VENDOR_TOOLS", "Tool", "find_vendor_tool", "search_path"]


@dataclass(frozen=True, slots=True)
class Tool:
    """An installed tool.

    Attributes
    ----------
    program : str
        Name of the program.
    path : str
    version : str
        As the directories of an installation name it, for instance 2024.1; empty if they do not.
    """

    program: str
    path: str
    version: str


@dataclass(frozen=True, slots=True)
class _VendorTool:
    title: str
    programs: tuple[str, ...]  # the newest first
    variables: tuple[str, ...]  # each names the directory that holds bin/
    advice: str


VENDOR_TOOLS: Mapping[str, _VendorTool] = {
    "vitis": _VendorTool(
        "Vitis HLS",
        ("vitis-run", "vitis_hls"),
        ("XILINX_HLS", "XILINX_VITIS"),
        "install AMD Vitis (2020.2 or later) and source its settings64.sh, or set XILINX_HLS to its directory",
    ),
    "vivado": _VendorTool(
        "Vivado HLS",
        ("vivado_hls",),
        ("XILINX_HLS", "XILINX_VIVADO"),
        "install Vivado HLS (2018.2 to 2020.1) and source its settings64.sh, or set XILINX_HLS to its directory",
    ),
    "vivado-rtl": _VendorTool(
        "Vivado",
        ("vivado",),
        ("XILINX_VIVADO",),
        "install AMD Vivado and source its settings64.sh, or set XILINX_VIVADO to its directory",
    ),
}


def find_vendor_tool(name: str, path: str | os.PathLike[str] | None = None) -> Tool:
    """Find a tool.

    Parameters
    ----------
    name : str
        One of `VENDOR_TOOLS`.
    path : path-like, optional
        The program itself, or the directory of its installation.

    Returns
    -------
    Tool

    Raises
    ------
    MissingToolError
        It is not installed; the message says where it was looked for, and how to get it.
    """
    wanted = VENDOR_TOOLS[name]
    given = Path(path) if path is not None else None
    places: list[Path] = []
    looked: list[str] = []
    if given is not None and given.is_file():
        places, looked = [given], [f"{given} cannot be executed"]
    elif given is not None:
        places = [given / "bin" / program for program in wanted.programs]
        looked = [f"{given} is no program and has none of them in bin/"]
    else:
        for variable in wanted.variables:
            root = os.environ.get(variable)
            if root:
                places += [Path(root) / "bin" / program for program in wanted.programs]
                looked.append(f"{variable} is {root}, which has none of them in bin/")
            else:
                looked.append(f"{variable} is not set")
        places += [Path(found) for program in wanted.programs if (found := shutil.which(program))]
        looked.append("none of them is on the search path")
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return Tool(place.name, str(place), _version(place))
    raise MissingToolError(
        f"{wanted.title} ({' or '.join(wanted.programs)}) was not found: {', '.join(looked)}; {wanted.advice}"
    )


def search_path(tool: Tool) -> str:
    """The search path of this process with a tool's directory before all others."""
    return os.pathsep.join([str(Path(tool.path).parent), os.environ.get("PATH", "")])


def _version(program: Path) -> str:
    match = re.search(r"\b(20\d\d\.\d)\b", str(program.resolve()))
    return match[1] if match else ""
