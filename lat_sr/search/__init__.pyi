from .front import non_dominated
from .native import NativeEngine
from .problem import Engine, Point, SearchProblem, SearchResult
from .pysr.engine import PySREngine

__all__ = [
    "Engine",
    "NativeEngine",
    "Point",
    "PySREngine",
    "SearchProblem",
    "SearchResult",
    "non_dominated",
]
