"""scikit-learn estimators whose formulas fit a latency budget on an FPGA."""

from lat_sr.estimators.classifier import LatencyAwareClassifier
from lat_sr.estimators.regressor import LatencyAwareRegressor

__all__ = ["LatencyAwareClassifier", "LatencyAwareRegressor"]
