"""The cost model that a search engine charges a candidate before evaluating it.

It is plain data: arrays compiled from an operator profile by :func:`lat_sr.latency.compile_cost_model`. How the arrays
are put together into cycles, LUT and DSP is written down here once, and both engines follow it.

**Formats.** Every value has an interval ``[low, high]`` (real numbers) and a number of fraction bits; its width is
the number of bits of ``[low, high] * 2**fraction`` with a sign bit where ``low < 0``. Variables start from
``input_low``, ``input_high``, ``input_fraction``; sums, differences, minima and products grow exactly. Operands of a
multiplication are first narrowed, by dropping fraction bits, to ``multiply_limits`` (the wider operand to the larger
limit); a result wider than ``width_limit`` is narrowed the same way. A table function gives its own format.

**Constants** are rounded to the grid ``2**-constant_fraction``. A multiplication by a constant is a ``scale``: it
costs by operand width and by the nonzero digits of the constant's canonical signed-digit form; one positive digit is
free. ``x * x`` is one operand, powers are repeated multiplications, ``a / b`` is ``a * inv(b)``.

**Sharing.** Equal subtrees are one node. A maximal subtree that depends on one variable only and contains a table
function is one lookup of that variable (``fused``).

**Schedule.** A node starts at its latest operand. Each of its segments is added to the current clock cycle if it fits
into ``available_ps - register_ps``, else it starts the next cycle. Latency is the cycle of the output plus one, for
the output register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import InputError

Float64Array = NDArray[np.float64]

#: Primitives that cost by width alone; ``add``, ``add_constant``, ``subtract``, ``minimum`` and ``maximum`` by the
#: width of their aligned operands' sum format, the others by the width of their operand.
PRIMITIVES = (
    "add",
    "add_constant",
    "subtract",
    "negate",
    "absolute",
    "minimum",
    "maximum",
    "relu",
    "sign",
    "floor",
    "ceil",
    "output_cast",
)


def _array(name: str, values: ArrayLike, dimensions: int) -> Float64Array:
    array = np.array(values, dtype=np.float64)
    if array.ndim != dimensions or array.size == 0:
        raise InputError(
            f"{name} has shape {array.shape}; it must be a non-empty {dimensions}-dimensional array"
        )
    if not np.all(np.isfinite(array)) or np.any(array < 0):
        raise InputError(
            f"{name} holds a negative or non-finite cost; every cost must be a finite number >= 0"
        )
    array.setflags(write=False)
    return array


@dataclass(frozen=True, slots=True, eq=False)
class WidthCost:
    """Cost of a primitive by the width of its operand.

    Parameters
    ----------
    delay_ps : array_like of shape (widths,)
        Combinational delay in picoseconds; entry ``w`` is for ``w`` bits. Wider operands take the last entry.
    lut : array_like of shape (widths,)
        Look-up tables used.
    """

    delay_ps: Float64Array
    lut: Float64Array

    def __init__(self, delay_ps: ArrayLike, lut: ArrayLike) -> None:
        object.__setattr__(self, "delay_ps", _array("delay_ps", delay_ps, 1))
        object.__setattr__(self, "lut", _array("lut", lut, 1))


@dataclass(frozen=True, slots=True, eq=False)
class GridCost:
    """Cost of a primitive by two sizes: both operand widths (multiply), or width and digits (scale).

    Parameters
    ----------
    delay_ps, lut : array_like of shape (n, m)
        Picoseconds and look-up tables. Sizes beyond the table take its last row or column.
    dsp : array_like of shape (n, m), optional
        DSP blocks; none by default.
    """

    delay_ps: Float64Array
    lut: Float64Array
    dsp: Float64Array

    def __init__(self, delay_ps: ArrayLike, lut: ArrayLike, dsp: ArrayLike | None = None) -> None:
        object.__setattr__(self, "delay_ps", _array("delay_ps", delay_ps, 2))
        object.__setattr__(self, "lut", _array("lut", lut, 2))
        object.__setattr__(self, "dsp", _array("dsp", np.zeros_like(self.lut) if dsp is None else dsp, 2))
        if not self.delay_ps.shape == self.lut.shape == self.dsp.shape:
            raise InputError(
                f"delay_ps {self.delay_ps.shape}, lut {self.lut.shape} and dsp {self.dsp.shape} differ in shape; "
                "give all three the same shape"
            )


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """Cost of one table function: its segments, resources and output format.

    Parameters
    ----------
    segments_ps : tuple of float
        Delays in picoseconds of the parts that follow each other and between which a register may stand.
    lut, dsp, bram : float
        Resources.
    low, high : float
        Interval of the result.
    fraction : int
        Fraction bits of the result.
    """

    segments_ps: tuple[float, ...]
    lut: float
    low: float
    high: float
    fraction: int
    dsp: float = 0.0
    bram: float = 0.0

    def __post_init__(self) -> None:
        if not self.segments_ps or any(not 0 <= segment < float("inf") for segment in self.segments_ps):
            raise InputError(f"segments_ps is {self.segments_ps}; give at least one finite delay >= 0")
        if not self.low <= self.high:
            raise InputError(f"the interval [{self.low}, {self.high}] is empty; low must be <= high")


@dataclass(frozen=True, slots=True, eq=False)
class CostModel:
    """What every node of a candidate costs on the target; see the module's text for the rules.

    Parameters
    ----------
    available_ps : float
        Picoseconds of a clock cycle that logic and registers may use.
    register_ps : float
        Clock-to-output plus set-up time of a register, taken from every cycle.
    input_low, input_high : array_like of shape (n_features,)
        Interval of every input as it appears in the circuit.
    input_fraction : int
        Fraction bits of the inputs (the precision's).
    output_low, output_high : float
        Interval of the precision; a result that leaves it, or has more fraction bits than `output_fraction`,
        pays the ``output_cast`` primitive.
    output_fraction : int
        Fraction bits of the output.
    constant_fraction : int
        Constants are multiples of ``2**-constant_fraction``.
    primitives : mapping of str to WidthCost
        One entry for each of :data:`PRIMITIVES`.
    multiply : GridCost
        By the widths of the two narrowed operands, the wider one first.
    scale : GridCost
        By operand width and nonzero signed digits of the constant.
    functions : mapping of str to FunctionCost
        By operator name; an operator that is neither here nor exact cannot be searched over.
    fused : FunctionCost
        The single lookup that a univariate subtree becomes.
    width_limit : int
        Widest node in bits.
    multiply_limits : tuple of int
        Widest operands of a multiplication in bits, the larger first.
    """

    available_ps: float
    register_ps: float
    input_low: Float64Array
    input_high: Float64Array
    input_fraction: int
    output_low: float
    output_high: float
    output_fraction: int
    constant_fraction: int
    primitives: Mapping[str, WidthCost]
    multiply: GridCost
    scale: GridCost
    functions: Mapping[str, FunctionCost]
    fused: FunctionCost
    width_limit: int = 48
    multiply_limits: tuple[int, int] = field(default=(27, 18))

    def __post_init__(self) -> None:
        for name in ("input_low", "input_high"):
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64).reshape(-1))
        if self.input_low.shape != self.input_high.shape or np.any(self.input_low > self.input_high):
            raise InputError(
                "input_low and input_high must have one entry a feature, with input_low <= input_high"
            )
        if not 0 <= self.register_ps < self.available_ps:
            raise InputError(
                f"register_ps={self.register_ps} leaves no time in a cycle of {self.available_ps} ps; "
                "the clock period must be longer than the registers' own delay"
            )
        missing = [name for name in PRIMITIVES if name not in self.primitives]
        if missing:
            raise InputError(
                f"the cost model lacks the primitives {', '.join(missing)}; it needs all of PRIMITIVES"
            )

    @property
    def n_features(self) -> int:
        """Number of inputs the model was compiled for."""
        return int(self.input_low.size)


def uniform_cost_model(
    n_features: int, *, functions: tuple[str, ...] = (), bits: int = 16, integer: int = 6
) -> CostModel:
    """A model in which every operator takes one cycle and one LUT a bit: a start where no profile is at hand.

    Parameters
    ----------
    n_features : int
    functions : tuple of str
        Table functions to include.
    bits, integer : int
        Format of inputs and outputs.

    Returns
    -------
    CostModel
    """
    period, widths = 1000.0, 49
    fraction = bits - integer
    bound = 2.0 ** (integer - 1)
    one = WidthCost(np.full(widths, period), np.arange(widths))
    free = WidthCost(np.zeros(widths), np.zeros(widths))
    table = FunctionCost((period,), 64.0, -bound, bound - 2.0**-fraction, fraction)
    primitives = dict.fromkeys(PRIMITIVES, one) | {"floor": free, "output_cast": free}
    return CostModel(
        available_ps=period,
        register_ps=0.0,
        input_low=np.full(n_features, -bound),
        input_high=np.full(n_features, bound - 2.0**-fraction),
        input_fraction=fraction,
        output_low=-bound,
        output_high=bound - 2.0**-fraction,
        output_fraction=fraction,
        constant_fraction=fraction,
        primitives=primitives,
        multiply=GridCost(np.full((28, 28), period), np.zeros((28, 28)), np.ones((28, 28))),
        scale=GridCost(np.full((widths, 9), period), np.outer(np.arange(widths), np.arange(9))),
        functions=dict.fromkeys(functions, table),
        fused=table,
    )
