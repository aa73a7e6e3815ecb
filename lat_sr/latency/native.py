"""Delay libraries and circuits in the form that the C++ core takes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from lat_sr import _engine
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.errors import FormatError

if TYPE_CHECKING:
    from alkaid.types import CombLogic, Op


#: Opcode, operands, data, low, high, fraction.
CircuitOperation = tuple[int, list[int], list[int], int, int, int]
#: Operations, entries and fraction of every table, operation and shift of every output.
Circuit = tuple[list[CircuitOperation], list[tuple[list[int], int]], list[int], list[int]]


@lru_cache(maxsize=16)
def native_library(library: DelayLibrary) -> _engine.DelayLibrary:
    """Hand a delay library to the C++ core.

    Parameters
    ----------
    library : DelayLibrary

    Raises
    ------
    FormatError
        Its tables do not fit together.
    """
    try:
        return _converted(library)
    except ValueError as error:
        raise FormatError(
            f"the delay library of {library.part} does not fit together: {error}; measure it again"
        ) from error


def _converted(library: DelayLibrary) -> _engine.DelayLibrary:
    lut, carry, multiplier, flipflop = library.lut, library.carry, library.multiplier, library.flipflop
    return _engine.DelayLibrary(
        _engine.LookUpTableDelays(
            lut.pin_ps, lut.penalty_ps, lut.inputs, lut.largest_logic_table, lut.mux_ps
        ),
        _engine.CarryDelays(
            carry.shortest,
            carry.select_to_output_ps,
            carry.select_to_carry_ps,
            carry.data_to_output_ps,
            carry.data_to_carry_ps,
            carry.carry_to_output_ps,
            carry.carry_to_carry_ps,
        ),
        _engine.MultiplierDelays(
            multiplier.wide_bits,
            multiplier.narrow_bits,
            multiplier.wide_ps,
            multiplier.narrow_ps,
            multiplier.smallest_product,
            multiplier.soft_ps,
            multiplier.soft_lut,
        ),
        _engine.FlipFlopDelays(flipflop.clock_to_output_ps, flipflop.setup_ps, flipflop.reset_setup_ps),
    )


def native_circuit(comb: CombLogic) -> Circuit:
    """Hand a combinational program (ALIR, specification version 4) to the C++ core.

    Parameters
    ----------
    comb : alkaid.types.CombLogic
        Outputs that no operation makes are left out.
    """
    tables = [(table.table.tolist(), 0) for table in comb.lookup_tables or ()]
    outputs = [
        (index, shift) for index, shift in zip(comb.out_idxs, comb.out_shifts, strict=True) if index >= 0
    ]
    return (
        [_operation(op) for op in comb.ops],
        tables,
        [index for index, _ in outputs],
        [shift for _, shift in outputs],
    )


def _operation(op: Op) -> CircuitOperation:
    low, high, step = op.qint
    return (
        int(op.opcode),
        [int(operand) for operand in op.addr],
        [int(number) for number in op.data],
        int(low / step),
        int(high / step),
        -int(math.log2(step)),
    )
