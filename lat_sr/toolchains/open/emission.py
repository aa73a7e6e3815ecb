"""Pipelined RTL of a circuit: alkaid's register placement and code generation under our own schedule."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path

from alkaid.codegen.rtl.rtl_model import RTLModel
from alkaid.codegen.rtl.verilog.lookup import lookup_name, lookup_ops, table_hex
from alkaid.stateful import FSM, Conn, Signal
from alkaid.trace.pipeline import to_pipeline
from alkaid.types import CombLogic

from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.open.roms import LARGEST_LOGIC, rom_module
from lat_sr.toolchains.open.yosys import TOP

EMITTER_VERSION = 7
"""To be raised when the same datapath and schedule give another design: cached results are then made again."""

# Alkaid's names.
INPUT_PORT, OUTPUT_PORT = "model_inp", "model_out"
FIRST_STAGE = "INTERNAL_logic0_inp"
_OWN_MODULES = ("shift_adder.v", "shift_adder.vhd")
_CONSTANT, _INPUT = 5, -1


def pipeline(circuit: CombLogic, stage: Sequence[int], precision: Precision) -> FSM:
    """Cut a circuit into register stages.

    Parameters
    ----------
    circuit : alkaid.types.CombLogic
    stage : sequence of int
        Stage of each operation, from 0.
    precision : Precision
        Format of every port.

    Returns
    -------
    alkaid.stateful.FSM
        A register after every stage, none at the input. Ports hold one field of the precision per input or
        output, the first in the lowest bits; without inputs there is one field that nothing reads.
    """
    # Alkaid cuts at equal steps of the operations' latencies, the last of which must be reached.
    latency = [
        1 if op.opcode in (_INPUT, _CONSTANT) else at + 1 for op, at in zip(circuit.ops, stage, strict=True)
    ]
    stages = max(latency, default=1)
    inputs = max(circuit.shape[0], 1)
    circuit = circuit._replace(shape=(inputs, circuit.shape[1]), inp_shifts=[0] * inputs)
    staged = circuit._replace(
        ops=[op._replace(latency=float(at)) for op, at in zip(circuit.ops, latency, strict=True)]
    )
    fsm = to_pipeline(staged, n_stages=stages, reg_inp=False, reg_out=True, verbose=False)
    return _with_whole_ports(fsm, circuit.shape, precision)


def latency_of(fsm: FSM) -> int:
    """Clock cycles from the input port of a pipeline to its output port."""
    (output,) = fsm.out_signals
    return int(output.schedule.bias)


def emit(fsm: FSM, target: Target, flavor: str = "verilog") -> dict[str, str]:
    """Write the RTL of a pipeline and its project files.

    Alkaid's adder of two operands gives way to that of ``shift_adder.v`` or its twin, which the latency model knows.

    Parameters
    ----------
    fsm : alkaid.stateful.FSM
    target : Target
    flavor : {"verilog", "vhdl"}

    Returns
    -------
    dict of str to str
        Relative path to text: the RTL in ``src/``, constraints and project scripts.
    """
    with tempfile.TemporaryDirectory(prefix="lat_sr_") as name:
        directory = Path(name)
        RTLModel(
            fsm,
            directory,
            TOP,
            flavor=flavor,
            print_latency=False,
            part_name=target.part,
            clock_period=target.clock_period,
            # Alkaid's constraint files take these as fractions of the period. Ports have no outside delay, as in
            # the timing analysis.
            clock_uncertainty=target.clock_uncertainty / target.clock_period,
            io_delay_minmax=(0.0, 0.0),
            ternary_fuse=False,
        ).write()
        texts = {}
        for path in sorted(directory.rglob("*")):
            relative = path.relative_to(directory).as_posix()
            if path.suffix in (".v", ".vhd", ".xdc", ".sdc", ".tcl") and not path.stem.endswith("_wrapper"):
                texts[relative] = path.read_text(encoding="utf-8")
    for own in _OWN_MODULES:
        name = f"src/static/{own}"
        if name in texts:
            texts[name] = resources.files("lat_sr.toolchains.open").joinpath(own).read_text(encoding="utf-8")
    return texts


def rtl_sources(files: dict[str, str]) -> dict[str, str]:
    """The RTL among the emitted files, without the ``src/``."""
    return {name.removeprefix("src/"): text for name, text in files.items() if name.endswith((".v", ".vhd"))}


def mapping_sources(fsm: FSM, files: dict[str, str]) -> dict[str, str]:
    """The Verilog among the emitted files, with larger tables as trees of primitives instead of case statements."""
    sources = rtl_sources(files)
    tables = f"{TOP}_tables.v"
    if tables in sources:
        modules = dict(_tables(fsm))
        sources[tables] = re.sub(
            r"^module (\w+)\(.*?^endmodule$",
            lambda match: modules.get(match[1], match[0]),
            sources[tables],
            flags=re.DOTALL | re.MULTILINE,
        )
    return sources


def _tables(fsm: FSM) -> Iterator[tuple[str, str]]:
    """Name and module of every larger table."""
    for circuit in fsm.logic.values():
        for op in lookup_ops(circuit):
            words = table_hex(circuit, op)
            if len(words) > 1 << LARGEST_LOGIC:
                name = lookup_name(circuit, op)
                entries = tuple(None if "X" in word else int(word, 16) for word in words)
                yield name, _rom_module(name, entries, sum(op.qint.kif))


_rom_module = lru_cache(maxsize=64)(rom_module)


def _with_whole_ports(fsm: FSM, shape: tuple[int, int], precision: Precision) -> FSM:
    """The same pipeline with ports as wide as the precision, however narrow the values on them are."""
    field = (precision.signed, precision.integer - precision.signed, precision.fraction)
    # An input that is not used has no bits; alkaid must be told that they lie within the port's.
    nothing = (False, -precision.fraction, precision.fraction)
    widths = {INPUT_PORT: shape[0], OUTPUT_PORT: shape[1]}

    def whole(signal: Signal) -> Signal:
        if signal.name in widths:
            fields = (field,) * widths[signal.name]
        elif signal.name == FIRST_STAGE:
            fields = tuple(own if sum(own) else nothing for own in signal.precisions)
        else:
            return signal
        return Signal(
            signal.name, signal.exposed, fields, reg=signal.reg, schedule=signal.schedule, mode=signal.mode
        )

    connections = tuple(Conn(whole(conn.src), whole(conn.dst)) for conn in (*fsm.comb_conns, *fsm.reg_conns))
    return FSM(fsm.logic, connections)
