"""The search engine's cost model, compiled from the delay library.

The engine cannot schedule a circuit for every candidate. It adds the delays of whole operators by width, which are
found here by scheduling small circuits. Carry chains that follow each other overlap: an adder costs what it adds to
the adder before it, and what the last one costs beyond that is taken off every clock cycle, together with the
register.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lat_sr.circuit import trace
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath, Kind, Node, WidthLimits, lower
from lat_sr.errors import LatSrError, OperatorError
from lat_sr.expression import Call, Constant, Expression, Variable, parse
from lat_sr.expression.user_operators import built_in_operators
from lat_sr.latency.cost_model import CostModel, FunctionCost, GridCost, WidthCost
from lat_sr.latency.scheduling import Schedule, schedule
from lat_sr.operators import get_operator
from lat_sr.precision import Precision
from lat_sr.target import Target

_WIDTHS = (2, 4, 8, 12, 16, 20, 26, 32, 40, 48)
_MULTIPLIER_WIDTHS = (2, 4, 6, 8, 12, 18, 27)
_DIGITS = 8
_RANGE = (-4.0, 4.0)  # of standardised inputs, for the tables of functions
_SEGMENT_PS = (
    1000.0  # a function is cut about so often: every select and adder of its range reduction can end a stage
)

# Formulas whose delay, less that of the first adder, is the primitive's.
_PRIMITIVES = {
    "add": "x0 + x1 + x2",
    "add_constant": "(x0 + x1) + 0.40625",
    "subtract": "(x0 + x1) - x2",
    "negate": "-(x0 + x1)",
    "absolute": "abs(x0 + x1)",
    "minimum": "min(x0 + x1, x2)",
    "maximum": "max(x0 + x1, x2)",
    "relu": "relu(x0 + x1)",
    "sign": "sign(x0 + x1)",
    "floor": "floor(x0 + x1)",
    "ceil": "ceil(x0 + x1)",
}


def compile_cost_model(
    precision: Precision | str,
    target: Target,
    library: DelayLibrary,
    operators: Sequence[str],
    n_features: int,
    *,
    implementations: str | Mapping[str, str] = "table",
    constant_fraction: int | None = None,
) -> CostModel:
    """Compile the arrays that the search engine charges candidates with.

    Parameters
    ----------
    precision : Precision or str
    target : Target
    library : DelayLibrary
    operators : sequence of str
        Those of the search. Of the user's own the parts count.
    n_features : int
    implementations : str or mapping of str to str
    constant_fraction : int, optional
        Fraction bits of constants; those of the precision if not given.

    Returns
    -------
    CostModel
    """
    precision = Precision.parse(precision)
    fraction = precision.fraction if constant_fraction is None else constant_fraction
    costs = _Costs(library)
    names = built_in_operators(operators)
    styles = {
        name: implementations if isinstance(implementations, str) else implementations.get(name, "table")
        for name in names
    }
    functions = {}
    for name in names:
        operator = get_operator(name)
        if operator.arity == 1 and not operator.is_exact:
            functions[name] = costs.function(name, precision, styles[name])
    if "/" in names or "pow" in names:
        functions.setdefault("inv", costs.function("inv", precision, styles.get("/", "table")))
    limits = WidthLimits()
    low, high = precision.low * precision.lsb, precision.high * precision.lsb
    return CostModel(
        available_ps=target.available_ps,
        register_ps=min(costs.register_ps, 0.9 * target.available_ps),
        input_low=np.full(n_features, low),
        input_high=np.full(n_features, high),
        input_fraction=precision.fraction,
        output_low=low,
        output_high=high,
        output_fraction=precision.fraction,
        constant_fraction=fraction,
        primitives={
            **{name: costs.primitive(name) for name in _PRIMITIVES},
            "output_cast": costs.output_cast(precision),
        },
        multiply=costs.multiply(),
        scale=costs.scale(),
        functions=functions,
        fused=costs.fused(precision),
        width_limit=limits.node,
        multiply_limits=(limits.multiplicand, limits.multiplier),
    )


class _Costs:
    """Delays and look-up tables of small circuits under one delay library."""

    def __init__(self, library: DelayLibrary) -> None:
        self.library = library
        one, two = (self._single(text, Precision(16, 6)) for text in ("x0 + x1", "x0 + x1 + x2"))
        register = library.flipflop.clock_to_output_ps + library.flipflop.setup_ps
        #: What a sum at the end of a stage takes beyond its share in a chain, and the register. Half of the
        #: register: the first stage starts at the port.
        self.register_ps = (2 * one.worst_ps - two.worst_ps) + register / 2

    def _single(
        self, formula: str | Expression, precision: Precision, implementation: str = "table"
    ) -> Schedule:
        return _single_stage(self.library, formula, precision, implementation)

    def primitive(self, name: str) -> WidthCost:
        """A primitive after an adder of the same width."""
        delay, lut = [], []
        for width in _WIDTHS:
            precision = Precision(width, width // 2)
            base = self._single("x0 + x1", precision)
            whole = self._single(_PRIMITIVES[name], precision)
            delay.append(max(whole.worst_ps - base.worst_ps, 0.0))
            lut.append(max(whole.lut - base.lut, 0))
        return WidthCost(_by_width(_WIDTHS, delay), _by_width(_WIDTHS, lut))

    def output_cast(self, precision: Precision) -> WidthCost:
        """The cast of a wider sum to the output's format."""
        delay, lut = [], []
        for width in _WIDTHS:
            fraction = min(precision.fraction + max(width - precision.width, 0) // 2, 40)
            wide = Precision(width, width - fraction)
            base = self._single("x0 + x1", wide)
            whole = _cast_stage(self.library, wide, precision)
            delay.append(max(whole.worst_ps - base.worst_ps, 0.0))
            lut.append(max(whole.lut - base.lut, 0))
        return WidthCost(_by_width(_WIDTHS, delay), _by_width(_WIDTHS, lut))

    def multiply(self) -> GridCost:
        """Products by operand widths."""
        size = len(_MULTIPLIER_WIDTHS)
        delay, lut, dsp = (np.zeros((size, size)) for _ in range(3))
        for i, wide in enumerate(_MULTIPLIER_WIDTHS):
            for j, narrow in enumerate(_MULTIPLIER_WIDTHS[: i + 1]):
                width = min(narrow, 18)
                plan = _product_stage(self.library, wide, width)
                delay[i, j] = delay[j, i] = plan.worst_ps
                lut[i, j] = lut[j, i] = plan.lut
                dsp[i, j] = dsp[j, i] = plan.dsp
        return GridCost(*(_by_widths(table) for table in (delay, lut, dsp)))

    def scale(self) -> GridCost:
        """Multiplications by constants, by operand width and nonzero signed digits."""
        widths = (4, 8, 16, 32)
        delay, lut = np.zeros((len(widths), _DIGITS + 1)), np.zeros((len(widths), _DIGITS + 1))
        for i, width in enumerate(widths):
            precision = Precision(width, width // 2)
            overhead = self._single("x0 + x1", precision).worst_ps - float(self._chain(width))
            for digits in range(2, _DIGITS + 1):
                value = float(sum(4**k for k in range(digits)))
                plan = self._single(Call("*", (Constant(value), Variable("x0"))), precision)
                delay[i, digits] = max(plan.worst_ps - overhead, 0.0)
                lut[i, digits] = plan.lut
        index = np.arange(_WIDTHS[-1] + 1)
        tables = [
            np.stack([np.interp(index, widths, column) for column in t.T], axis=1) for t in (delay, lut)
        ]
        return GridCost(tables[0], tables[1])

    def _chain(self, width: int) -> float:
        precision = Precision(width, width // 2)
        return self._single("x0 + x1 + x2", precision).worst_ps - self._single("x0 + x1", precision).worst_ps

    def function(self, name: str, precision: Precision, implementation: str) -> FunctionCost:
        """A function of something that is no single variable."""
        argument = "x0 + x1" if name not in ("acosh",) else "abs(x0) + abs(x1) + 1"
        base = self._single(argument, precision)
        try:
            whole = self._single(f"{name}({argument})", precision, implementation)
        except LatSrError as error:
            raise OperatorError(f"{name} cannot be put into a circuit at {precision}: {error}") from error
        delay = max(whole.worst_ps - base.worst_ps, 0.0)
        pieces = max(1, round(delay / _SEGMENT_PS))
        low, high = _result_range(name, precision)
        return FunctionCost(
            segments_ps=(delay / pieces,) * pieces,
            lut=float(max(whole.lut - base.lut, 0)),
            dsp=float(whole.dsp - base.dsp),
            low=low,
            high=high,
            fraction=precision.fraction + 2,
        )

    def fused(self, precision: Precision) -> FunctionCost:
        """One lookup of a variable."""
        plan = self._single("sin(x0)", precision)
        return FunctionCost(
            segments_ps=(plan.worst_ps,),
            lut=float(plan.lut),
            low=-4.0,
            high=4.0 - precision.lsb,
            fraction=precision.fraction + 2,
        )


def _result_range(name: str, precision: Precision) -> tuple[float, float]:
    arguments = np.linspace(2 * _RANGE[0], 2 * _RANGE[1], 1001)
    values = get_operator(name).numpy(arguments)
    values = np.clip(values[np.isfinite(values)], precision.minimum, precision.maximum)
    return (float(values.min()), float(values.max())) if len(values) else (-1.0, 1.0)


def _by_width(widths: Sequence[int], values: Sequence[float]) -> NDArray[np.float64]:
    return np.interp(np.arange(widths[-1] + 1), widths, values)


def _by_widths(table: NDArray[np.float64]) -> NDArray[np.float64]:
    index = np.arange(_MULTIPLIER_WIDTHS[-1] + 1)
    rows = np.stack([np.interp(index, _MULTIPLIER_WIDTHS, row) for row in table])
    return np.stack([np.interp(index, _MULTIPLIER_WIDTHS, column) for column in rows.T], axis=1)


@lru_cache(maxsize=4096)
def _single_stage(
    library: DelayLibrary, formula: str | Expression, precision: Precision, implementation: str
) -> Schedule:
    root = parse(formula) if isinstance(formula, str) else formula
    datapath = lower(
        root, precision, ranges=dict.fromkeys(root.variables, _RANGE), implementations=implementation
    )
    return _one_stage(library, _without_cast(datapath))


def _one_stage(library: DelayLibrary, datapath: Datapath) -> Schedule:
    return schedule(trace(datapath), library, available_ps=1e9, stages=1)


def _without_cast(datapath: Datapath) -> Datapath:
    """The formula's own value as output, before the cast to the port."""
    (output,) = datapath.outputs
    node = datapath.nodes[output]
    return replace(datapath, outputs=node.operands) if node.kind is Kind.CAST else datapath


def _cast_stage(library: DelayLibrary, wide: Precision, precision: Precision) -> Schedule:
    datapath = _without_cast(lower(parse("x0 + x1"), wide))
    cast = Node(
        Kind.CAST, datapath.outputs, precision.low, precision.high, precision.fraction, precision=precision
    )
    return _one_stage(
        library, replace(datapath, nodes=(*datapath.nodes, cast), outputs=(len(datapath.nodes),), labels=())
    )


def _product_stage(library: DelayLibrary, wide: int, narrow: int) -> Schedule:
    limits = WidthLimits(48, wide, narrow)
    return _one_stage(library, _without_cast(lower(parse("x0*x1"), Precision(wide, 1), limits=limits)))


__all__ = ["compile_cost_model"]
