"""Measuring what `lat_sr.costs` stores: operators, and the delays of primitives."""

from __future__ import annotations

from lat_sr.profiling.operators import profile

__all__ = ["profile"]
