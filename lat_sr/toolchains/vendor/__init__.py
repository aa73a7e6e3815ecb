"""The vendor's tools: Vitis HLS and Vivado."""
