from .front import non_dominated
from .native import NativeEngine
from .problem import Engine, EvolutionOptions, Point, SearchProblem, SearchResult
from .pysr.engine import PySREngine

__all__ = [
    "Engine",
    "EvolutionOptions",
    "NativeEngine",
    "Point",
    "PySREngine",
    "SearchProblem",
    "SearchResult",
    "non_dominated",
]
