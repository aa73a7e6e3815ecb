from . import datasets, errors
from .costs import load_profile
from .datapath import lower
from .estimators import LatencyAwareClassifier, LatencyAwareRegressor
from .estimators.from_pysr import from_pysr
from .expression import define_operator, parse, undefine_operator
from .latency import estimate
from .precision import Precision
from .profiling import profile
from .target import Target
from .toolchains import build, read_vivado_reports

__version__: str

__all__ = [
    "LatencyAwareClassifier",
    "LatencyAwareRegressor",
    "Precision",
    "Target",
    "build",
    "datasets",
    "define_operator",
    "errors",
    "estimate",
    "from_pysr",
    "load_profile",
    "lower",
    "parse",
    "profile",
    "read_vivado_reports",
    "undefine_operator",
]
