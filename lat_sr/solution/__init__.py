"""What a search found: points with their circuits, the budget they meet, and how one is selected."""

from lat_sr.solution.budget import Budget, require_within
from lat_sr.solution.cost import PredictedCircuit
from lat_sr.solution.point import Front, FrontPoint
from lat_sr.solution.selection import MODEL_SELECTION, non_dominated, scores, select_point, spread
from lat_sr.solution.solution import Selection, Solution

__all__ = [
    "MODEL_SELECTION",
    "Budget",
    "Front",
    "FrontPoint",
    "PredictedCircuit",
    "Selection",
    "Solution",
    "non_dominated",
    "require_within",
    "scores",
    "select_point",
    "spread",
]
