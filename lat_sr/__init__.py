"""Symbolic regression under a latency budget: formulas that fit an FPGA, built and measured.

The public names are imported when they are first used, so that ``import lat_sr`` is quick and starts no tool.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lat_sr.errors import (
    BudgetError,
    ExpressionError,
    FormatError,
    InputError,
    LatSrError,
    MissingToolError,
    OperatorError,
    PrecisionError,
    ProfileError,
    ProfileNotFoundError,
    StorageError,
    ToolError,
    ToolFailedError,
    ToolTimeoutError,
    VerificationError,
)

if TYPE_CHECKING:
    import lat_sr.datasets as datasets
    from lat_sr.costs import load_profile
    from lat_sr.datapath import lower
    from lat_sr.estimators import LatencyAwareClassifier, LatencyAwareRegressor
    from lat_sr.estimators.from_pysr import from_pysr
    from lat_sr.expression import parse
    from lat_sr.latency import estimate
    from lat_sr.precision import Precision
    from lat_sr.profiling import profile
    from lat_sr.target import Target
    from lat_sr.toolchains import build, read_vivado_reports

__version__ = "0.1.0"

__all__ = [
    "BudgetError",
    "ExpressionError",
    "FormatError",
    "InputError",
    "LatSrError",
    "LatencyAwareClassifier",
    "LatencyAwareRegressor",
    "MissingToolError",
    "OperatorError",
    "Precision",
    "PrecisionError",
    "ProfileError",
    "ProfileNotFoundError",
    "StorageError",
    "Target",
    "ToolError",
    "ToolFailedError",
    "ToolTimeoutError",
    "VerificationError",
    "build",
    "datasets",
    "estimate",
    "from_pysr",
    "load_profile",
    "lower",
    "parse",
    "profile",
    "read_vivado_reports",
]

_HOMES = {
    "LatencyAwareClassifier": "estimators",
    "LatencyAwareRegressor": "estimators",
    "Precision": "precision",
    "Target": "target",
    "build": "toolchains",
    "estimate": "latency",
    "from_pysr": "estimators.from_pysr",
    "load_profile": "costs",
    "lower": "datapath",
    "parse": "expression",
    "profile": "profiling",
    "read_vivado_reports": "toolchains",
}


def __getattr__(name: str) -> Any:
    if name == "datasets":
        return import_module("lat_sr.datasets")
    if name not in _HOMES:
        raise AttributeError(f"module 'lat_sr' has no attribute {name!r}")
    value = getattr(import_module(f"lat_sr.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
