"""Latency models: what a formula costs in clock cycles and resources before it is built."""
