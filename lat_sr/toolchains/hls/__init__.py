"""HLS projects: C++ of a datapath, and hls4ml's projects of formulas."""
