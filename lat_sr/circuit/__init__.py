"""Datapaths as combinational circuits in alkaid's intermediate representation (ALIR)."""

from lat_sr.circuit.tracing import trace

__all__ = ["trace"]
