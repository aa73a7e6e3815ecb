"""Delays and sizes of the cells that operations are mapped to, as one toolchain knows them for one part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Picoseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LookUpTable(_Frozen):
    """Look-up tables.

    Parameters
    ----------
    pin_ps : tuple of tuple of float
        Entry ``k`` holds the pin-to-output delays of a table of ``k + 1`` inputs, fastest pin first. Tables of more
        than `inputs` inputs are several look-up tables and fixed multiplexers.
    penalty_ps : tuple of float
        What the mapper adds to a table of ``k + 1`` inputs when it compares depths, for the wire behind it; no
        part of any reported delay.
    inputs : int
        Inputs of one look-up table.
    largest_logic_table : int
        Tables of constants with more address bits are instantiated by the toolchain as trees.
    mux_ps : tuple of (float, float, float)
        From the two data inputs and the select input of the multiplexer of two look-up tables, and of the one
        behind two of those.
    """

    pin_ps: tuple[tuple[Picoseconds, ...], ...]
    penalty_ps: tuple[Picoseconds, ...]
    inputs: int
    largest_logic_table: int
    mux_ps: tuple[tuple[Picoseconds, Picoseconds, Picoseconds], ...]


class Carry(_Frozen):
    """Carry chains, made of blocks of carry logic with a look-up table before every bit.

    Delays are given from the select input (the sum without carry) and the data input (an operand) of every
    bit, and from the carry input, to the output of every bit and the carry of every bit; None where there is
    no path.

    Parameters
    ----------
    shortest : int
        Sums of fewer bits are made of look-up tables alone.
    """

    shortest: int
    select_to_output_ps: tuple[tuple[Picoseconds | None, ...], ...]
    select_to_carry_ps: tuple[tuple[Picoseconds | None, ...], ...]
    data_to_output_ps: tuple[tuple[Picoseconds | None, ...], ...]
    data_to_carry_ps: tuple[tuple[Picoseconds | None, ...], ...]
    carry_to_output_ps: tuple[Picoseconds | None, ...]
    carry_to_carry_ps: tuple[Picoseconds | None, ...]

    @property
    def block(self) -> int:
        """Bits of a block."""
        return len(self.carry_to_output_ps)


class Multiplier(_Frozen):
    """Multiplier blocks (DSP).

    Parameters
    ----------
    wide_bits, narrow_bits : int
        Signed operands that one block takes.
    wide_ps, narrow_ps : float
        From the wide and from the narrow operand to every bit of the product.
    smallest_product : int
        Products of fewer bits are made of look-up tables.
    soft_ps, soft_lut : tuple
        Delay and look-up tables of those, by the bits of the product.
    """

    wide_bits: int
    narrow_bits: int
    wide_ps: Picoseconds
    narrow_ps: Picoseconds
    smallest_product: int
    soft_ps: tuple[Picoseconds, ...]
    soft_lut: tuple[int, ...]


class FlipFlop(_Frozen):
    """Registers.

    Parameters
    ----------
    clock_to_output_ps, setup_ps : float
    reset_setup_ps : float
        Set-up time of the synchronous set and reset inputs, to which selections of a constant are mapped.
    """

    clock_to_output_ps: Picoseconds
    setup_ps: Picoseconds
    reset_setup_ps: Picoseconds


class Accuracy(_Frozen):
    """How well the arrival model predicts the tool on single-stage random datapaths.

    Parameters
    ----------
    designs : int
    mean_error, mean_absolute_error, worst_error : float
        Relative to the tool's delay; positive where the model is too slow.
    """

    designs: int
    mean_error: float
    mean_absolute_error: float
    worst_error: float


class DelayLibrary(_Frozen):
    """Everything that the latency models know of a part as seen by one toolchain.

    Parameters
    ----------
    part, toolchain, toolchain_version : str
    timing_source : str
        What the picoseconds are, in a phrase for reports.
    date : str
        Day of the measurement, ISO 8601.
    method : str
        How the figures were obtained.
    """

    schema_version: Literal[1] = 1
    part: str
    toolchain: str
    toolchain_version: str
    timing_source: str
    date: str
    method: str
    lut: LookUpTable
    carry: Carry
    multiplier: Multiplier
    flipflop: FlipFlop
    accuracy: Accuracy | None = None
