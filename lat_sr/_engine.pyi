"""The native search core: its whole public face."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Postfix = Sequence[tuple[str, float]]
_FunctionFields = tuple[list[float], float, float, float, float, float, int]

# width, fraction, signed, quantization, overflow, low, high
CastFields = tuple[int, int, bool, int, int, int, int]
# kind, operands, low, high, fraction, index, value, cast
DatapathNode = tuple[int, list[int], int, int, int, int, int, CastFields]
# low, high, fraction
Port = tuple[int, int, int]
# opcode, operands, data, low, high, fraction
CircuitOperation = tuple[int, list[int], list[int], int, int, int]
# operations, entries and fraction of every table, operation and shift of every output
Circuit = tuple[list[CircuitOperation], list[tuple[list[int], int]], list[int], list[int]]
# term[first] +- term[second] * 2**shift: first, second, shift, subtract
ShiftAdd = tuple[int, int, int, bool]
_OptionalPaths = Sequence[Sequence[float | None]]

def operator_names() -> list[str]: ...
def instruction_set() -> str: ...

class Tree:
    def __init__(self, postfix: _Postfix, outputs: int = 1) -> None: ...
    @property
    def outputs(self) -> int: ...
    @property
    def postfix(self) -> list[tuple[str, float]]: ...
    @property
    def size(self) -> int: ...
    @property
    def depth(self) -> int: ...
    def simplified(self) -> Tree: ...
    def with_merged_constants(self) -> Tree: ...

def loss_names() -> list[str]: ...

_Floats = NDArray[np.float64]

class UserLoss:
    def __init__(
        self,
        loss: Callable[[_Floats, _Floats, _Floats], float],
        gradient: Callable[[_Floats, _Floats, _Floats], _Floats] | None,
    ) -> None: ...

def evaluate(tree: Tree, X: NDArray[Any], threads: int = 1) -> list[float]: ...
def loss(
    tree: Tree,
    X: NDArray[Any],
    y: NDArray[Any],
    weights: Sequence[float],
    kind: str | UserLoss,
    parameter: float,
    value_limit: float,
    threads: int = 1,
) -> float: ...
def derivatives(
    tree: Tree, X: NDArray[Any], y: NDArray[Any], kind: str | UserLoss, parameter: float, threads: int = 1
) -> tuple[float, list[float], list[float]]: ...
def fit_constants(
    tree: Tree,
    X: NDArray[Any],
    y: NDArray[Any],
    kind: str | UserLoss,
    parameter: float,
    steps: int,
    method: str | None = None,
) -> tuple[Tree, float, float]: ...
def graft(
    tree: Tree,
    node: int,
    scion: Tree,
    form: str,
    X: NDArray[Any],
    y: NDArray[Any],
    kind: str | UserLoss,
    parameter: float,
) -> tuple[Tree, float]: ...

class _Scorer:
    def __init__(
        self, X: NDArray[Any], y: NDArray[Any], kind: str, parameter: float, value_limit: float
    ) -> None: ...
    def losses(self, trees: Sequence[Tree], threads: int) -> list[float]: ...

class ScorerFloat(_Scorer): ...
class ScorerDouble(_Scorer): ...

def roofline(operators: Sequence[str], seconds: float, threads: int) -> float: ...

class GridCost:
    def __init__(
        self, delay_ps: NDArray[np.float64], lut: NDArray[np.float64], dsp: NDArray[np.float64]
    ) -> None: ...

class CostModel:
    def __init__(
        self,
        *,
        available_ps: float,
        register_ps: float,
        input_low: Sequence[float],
        input_high: Sequence[float],
        input_fraction: int,
        output_low: float,
        output_high: float,
        output_fraction: int,
        constant_fraction: int,
        width_limit: int,
        multiply_limits: tuple[int, int],
        primitives: Mapping[str, tuple[list[float], list[float]]],
        multiply: GridCost,
        scale: GridCost,
        functions: Mapping[str, _FunctionFields],
        fused: _FunctionFields,
    ) -> None: ...

class Cost:
    @property
    def latency_cycles(self) -> int: ...
    @property
    def delay_ps(self) -> float: ...
    @property
    def lut(self) -> float: ...
    @property
    def dsp(self) -> float: ...
    @property
    def bram(self) -> float: ...

def cost(tree: Tree, model: CostModel) -> Cost: ...
def slack_allows(tree: Tree, node: int, part: Tree, model: CostModel, max_latency: float) -> bool: ...

class ShapeLimits:
    def __init__(
        self,
        maxsize: int,
        maxdepth: int,
        operand_sizes: Mapping[str, tuple[int, int]],
        nesting: Sequence[tuple[str, str, int]],
    ) -> None: ...
    def allows(self, tree: Tree) -> bool: ...

class SearchOptions:
    def __init__(
        self,
        *,
        populations: int = ...,
        population_size: int = ...,
        batch_size: int | None = ...,
        parsimony: float = ...,
        linear_scaling: bool = ...,
        tournament_size: int = ...,
        epoch: int = ...,
        crossover_probability: float = ...,
        graft_probability: float = ...,
        fit_probability: float = ...,
        fit_steps: int = ...,
        polish_steps: int = ...,
        crowding: float = ...,
        migration: float = ...,
        archive_migration: float = ...,
        patience: int = ...,
    ) -> None: ...
    @property
    def populations(self) -> int: ...
    @property
    def population_size(self) -> int: ...
    @property
    def batch_size(self) -> int | None: ...
    @property
    def parsimony(self) -> float: ...
    @property
    def linear_scaling(self) -> bool: ...
    @property
    def tournament_size(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def crossover_probability(self) -> float: ...
    @property
    def graft_probability(self) -> float: ...
    @property
    def fit_probability(self) -> float: ...
    @property
    def fit_steps(self) -> int: ...
    @property
    def polish_steps(self) -> int: ...
    @property
    def crowding(self) -> float: ...
    @property
    def migration(self) -> float: ...
    @property
    def archive_migration(self) -> float: ...
    @property
    def patience(self) -> int: ...

class Settings:
    def __init__(
        self,
        *,
        loss: str | UserLoss,
        loss_parameter: float,
        value_limit: float,
        cost: CostModel,
        max_latency: float,
        max_lut: float,
        max_dsp: float,
        operators: Sequence[str],
        limits: ShapeLimits,
        options: SearchOptions,
        seed: int,
        timeout: float,
        max_evaluations: int | None,
        target_loss: float,
        threads: int,
        guesses: Sequence[Tree],
        circuit: CircuitModel | None,
        fixed_point: str,
    ) -> None: ...

class Counts:
    def __init__(self) -> None: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def proposals(self) -> int: ...
    @property
    def over_budget(self) -> int: ...
    @property
    def judged(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def node_rows(self) -> float: ...

def search(
    X: NDArray[Any],
    y: NDArray[Any],
    weights: NDArray[Any] | None,
    settings: Settings,
    callback: Callable[[float, int, list[tuple[Tree, float, int, Cost]]], bool] | None,
    state: bytes | None,
    keep_state: Callable[[float, bytes], None] | None,
) -> tuple[list[tuple[Tree, float, int, Cost]], Counts, float, str]: ...

class FixedDatapath:
    def __init__(
        self,
        nodes: Sequence[DatapathNode],
        outputs: Sequence[int],
        tables: Sequence[Sequence[int]],
        inputs: int,
    ) -> None: ...
    def evaluate(self, X: NDArray[np.int64]) -> NDArray[np.int64]: ...

# entries, the function that the table holds, suffix of its name
_TableFields = tuple[list[int], Tree | str, str]

def function_values(tree: Tree, x: NDArray[np.float64]) -> NDArray[np.float64]: ...
def exp2(x: NDArray[np.float64]) -> NDArray[np.float64]: ...
def quantise(X: NDArray[np.float64], precision: CastFields) -> NDArray[np.int64]: ...

class CircuitModel:
    def __init__(
        self,
        X: NDArray[np.float64],
        precision: CastFields,
        library: DelayLibrary,
        available_ps: float,
        *,
        constant_fraction: int,
        table_tolerance: float,
        interpolated: Mapping[str, bool],
        limits: tuple[int, int, int],
    ) -> None: ...
    def cost(self, trees: Sequence[Tree]) -> list[Cost | None]: ...

class Lowering:
    def __init__(
        self,
        X: NDArray[np.int64],
        precision: CastFields,
        *,
        constant_fraction: int,
        table_tolerance: float,
        interpolated: Mapping[str, bool],
        limits: tuple[int, int, int],
    ) -> None: ...
    def lower(
        self, trees: Sequence[Tree]
    ) -> tuple[str, list[DatapathNode], list[int], list[_TableFields], NDArray[np.int64] | None]: ...
    def lowerable(self, trees: Sequence[Tree]) -> list[bool]: ...

class LookUpTableDelays:
    def __init__(
        self,
        pin_ps: Sequence[Sequence[float]],
        penalty_ps: Sequence[float],
        inputs: int,
        largest_logic_table: int,
        mux_ps: Sequence[Sequence[float]],
    ) -> None: ...

class CarryDelays:
    def __init__(
        self,
        shortest: int,
        select_to_output_ps: _OptionalPaths,
        select_to_carry_ps: _OptionalPaths,
        data_to_output_ps: _OptionalPaths,
        data_to_carry_ps: _OptionalPaths,
        carry_to_output_ps: Sequence[float | None],
        carry_to_carry_ps: Sequence[float | None],
    ) -> None: ...

class MultiplierDelays:
    def __init__(
        self,
        wide_bits: int,
        narrow_bits: int,
        wide_ps: float,
        narrow_ps: float,
        smallest_product: int,
        soft_ps: Sequence[float],
        soft_lut: Sequence[int],
    ) -> None: ...

class FlipFlopDelays:
    def __init__(self, clock_to_output_ps: float, setup_ps: float, reset_setup_ps: float) -> None: ...

class DelayLibrary:
    def __init__(
        self,
        lut: LookUpTableDelays,
        carry: CarryDelays,
        multiplier: MultiplierDelays,
        flipflop: FlipFlopDelays,
    ) -> None: ...

class CircuitCost:
    def __init__(self, library: DelayLibrary, available_ps: float) -> None: ...
    def __call__(
        self, datapath: FixedDatapath, port: Port
    ) -> tuple[int, float, int, int, int, bool]: ...  # cycles, picoseconds, LUT, DSP, FF, whether it fits

def trace(datapath: FixedDatapath, port: Port) -> Circuit: ...
def schedule(
    circuit: Circuit, library: DelayLibrary, available_ps: float, stages: int | None
) -> tuple[list[int], list[float], bool, int, int, int]: ...
def table_tree(
    words: Sequence[int], data_bits: int, library: DelayLibrary
) -> tuple[list[list[float | None]], int]: ...
def shift_adds(value: int) -> list[ShiftAdd]: ...
