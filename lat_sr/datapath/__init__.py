"""Fixed-point datapaths: lowering expressions to integer dataflow graphs and evaluating them exactly.

`lower` turns expressions into a `Datapath`; the numpy integer evaluation of that graph is the definition of what
the hardware computes. Every other evaluator (the C++ core, the circuit tracer, the simulated RTL) must agree with
it bit for bit.
"""

from lat_sr.datapath.explicit import ExplicitTable
from lat_sr.datapath.graph import CastReport, Datapath, Kind, Node, Table
from lat_sr.datapath.lowering import DEFAULT_TABLE_TOLERANCE, lower
from lat_sr.datapath.width_limits import WidthLimits

__all__ = [
    "DEFAULT_TABLE_TOLERANCE",
    "CastReport",
    "Datapath",
    "ExplicitTable",
    "Kind",
    "Node",
    "Table",
    "WidthLimits",
    "lower",
]
