"""Symbolic regression under a latency budget: formulas that fit an FPGA, built and measured.

The public names, which ``__init__.pyi`` lists, are imported when they are first used, so that ``import lat_sr`` is
quick and starts no tool. What goes wrong is one of `lat_sr.errors`.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
