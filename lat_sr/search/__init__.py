"""Search for formulas under hardware budgets.

`SearchProblem` says what is searched, an `Engine` searches, `SearchResult` holds the front. `NativeEngine` is the
one in C++, `PySREngine` the one in Julia.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lat_sr.search.fixed_point import evaluate_datapath
    from lat_sr.search.front import non_dominated
    from lat_sr.search.native import NativeEngine
    from lat_sr.search.problem import Engine, EvolutionOptions, Point, SearchProblem, SearchResult
    from lat_sr.search.pysr.engine import PySREngine

__all__ = [
    "Engine",
    "EvolutionOptions",
    "NativeEngine",
    "Point",
    "PySREngine",
    "SearchProblem",
    "SearchResult",
    "evaluate_datapath",
    "non_dominated",
]

# Imported on first use: the cost model must not need the compiled core, nor the core the lowering.
_HOMES = {
    "fixed_point": ("evaluate_datapath",),
    "front": ("non_dominated",),
    "native": ("NativeEngine",),
    "problem": ("Engine", "EvolutionOptions", "Point", "SearchProblem", "SearchResult"),
    "pysr.engine": ("PySREngine",),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
