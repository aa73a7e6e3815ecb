"""Latency models: what a formula costs in clock cycles and resources before it is built."""

from lat_sr.latency.models import MODELS, Estimate, estimate, estimate_datapath
from lat_sr.latency.search_costs import compile_cost_model

__all__ = ["MODELS", "Estimate", "compile_cost_model", "estimate", "estimate_datapath"]
