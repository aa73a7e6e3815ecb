"""
The native search core of lat_sr; the typed face is lat_sr/_engine.pyi.
"""

from collections.abc import Callable, Mapping, Sequence
import enum
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray


def operator_names() -> list[str]: ...

def instruction_set() -> str: ...

class Tree:
    def __init__(self, postfix: Sequence[tuple[str, float]], outputs: int = 1) -> None: ...

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

class FitMethod(enum.Enum):
    """How constants are fitted."""

    gauss_newton = 0

    bfgs = 1

class GraftForm(enum.Enum):
    """What becomes of the part that a scion is grafted on."""

    exchanged = 0

    scaled = 1

    shifted = 2

    added = 3

    multiplied = 4

@overload
def evaluate(tree: Tree, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], threads: int = 1) -> list[float]: ...

@overload
def evaluate(tree: Tree, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], threads: int = 1) -> list[float]: ...

@overload
def loss(tree: Tree, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], weights: Sequence[float], kind: str | UserLoss, parameter: float, value_limit: float, threads: int = 1) -> float: ...

@overload
def loss(tree: Tree, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], weights: Sequence[float], kind: str | UserLoss, parameter: float, value_limit: float, threads: int = 1) -> float: ...

@overload
def derivatives(tree: Tree, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float, threads: int = 1) -> tuple[float, list[float], list[float]]: ...

@overload
def derivatives(tree: Tree, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float, threads: int = 1) -> tuple[float, list[float], list[float]]: ...

@overload
def fit_constants(tree: Tree, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float, steps: int, method: FitMethod | None = None) -> tuple[Tree, float, float]: ...

@overload
def fit_constants(tree: Tree, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float, steps: int, method: FitMethod | None = None) -> tuple[Tree, float, float]: ...

@overload
def graft(tree: Tree, node: int, scion: Tree, form: GraftForm, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float) -> tuple[Tree, float]: ...

@overload
def graft(tree: Tree, node: int, scion: Tree, form: GraftForm, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], kind: str | UserLoss, parameter: float) -> tuple[Tree, float]: ...

class ScorerFloat:
    def __init__(self, X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], kind: str, parameter: float, value_limit: float) -> None: ...

    def losses(self, trees: Sequence[Tree], threads: int) -> list[float]: ...

class ScorerDouble:
    def __init__(self, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], kind: str, parameter: float, value_limit: float) -> None: ...

    def losses(self, trees: Sequence[Tree], threads: int) -> list[float]: ...

def roofline(operators: Sequence[str], seconds: float, threads: int) -> float: ...

def loss_names() -> list[str]: ...

class UserLoss:
    def __init__(self, loss: object, gradient: object | None) -> None: ...

class GridCost:
    def __init__(self, delay_ps: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], lut: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], dsp: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> None: ...

class FunctionCost:
    """What a table function costs."""

    def __init__(self, *, segments_ps: Sequence[float] = [], lut: float = 0.0, dsp: float = 0.0, bram: float = 0.0, low: float = 0.0, high: float = 0.0, fraction: int = 0) -> None: ...

    @property
    def segments_ps(self) -> list[float]: ...

    @property
    def lut(self) -> float: ...

    @property
    def dsp(self) -> float: ...

    @property
    def bram(self) -> float: ...

    @property
    def low(self) -> float: ...

    @property
    def high(self) -> float: ...

    @property
    def fraction(self) -> int: ...

class CostModel:
    def __init__(self, *, available_ps: float, register_ps: float, input_low: Sequence[float], input_high: Sequence[float], input_fraction: int, output_low: float, output_high: float, output_fraction: int, constant_fraction: int, width_limit: int, multiply_limits: tuple[int, int], primitives: Mapping[str, tuple[Sequence[float], Sequence[float]]], multiply: GridCost, scale: GridCost, functions: Mapping[str, FunctionCost], fused: FunctionCost) -> None: ...

class Cost:
    """What a formula's circuit costs."""

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

class FixedPoint(enum.Enum):
    """Which losses are those of the hardware's own arithmetic."""

    never = 0

    archive = 1

    always = 2

class StopReason(enum.Enum):
    """Why a search ended."""

    timeout = 0

    max_evaluations = 1

    target_loss = 2

    interrupted = 3

    callback = 4

class ShapeLimits:
    def __init__(self, maxsize: int, maxdepth: int, operand_sizes: Mapping[str, tuple[int, int]], nesting: Sequence[tuple[str, str, int]]) -> None: ...

    def allows(self, tree: Tree) -> bool: ...

class SearchOptions:
    """Settings of the algorithm; one that is left out has its default."""

    def __init__(self, *, populations: int = 8, population_size: int = 500, batch_size: int | None = None, parsimony: float = 0.0, linear_scaling: bool = False, tournament_size: int = 8, epoch: int = 250, crossover_probability: float = 0.25, graft_probability: float = 0.3, fit_probability: float = 0.2, fit_steps: int = 8, polish_steps: int = 12, crowding: float = 0.3, migration: float = 0.03, archive_migration: float = 0.05, patience: int = 1000) -> None: ...

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
    def __init__(self, *, loss: str | UserLoss, loss_parameter: float, value_limit: float, cost: CostModel, max_latency: float, max_lut: float, max_dsp: float, operators: Sequence[str], limits: ShapeLimits, options: SearchOptions, seed: int, timeout: float, max_evaluations: int | None, target_loss: float, threads: int, guesses: Sequence[Tree], circuit: CircuitModel | None, fixed_point: FixedPoint) -> None: ...

class Counts:
    """What a search has done."""

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

class Entry:
    """A formula of the front, or those of several outputs."""

    @property
    def tree(self) -> Tree: ...

    @property
    def cost(self) -> Cost: ...

    @property
    def complexity(self) -> int: ...

    @property
    def loss(self) -> float: ...

class Outcome:
    """What a search found, and how it ended."""

    @property
    def front(self) -> list[Entry]: ...

    @property
    def counts(self) -> Counts: ...

    @property
    def seconds(self) -> float: ...

    @property
    def stop_reason(self) -> StopReason: ...

@overload
def search(X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float32], dict(order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, settings: Settings, callback: object | None, state: bytes | None, keep_state: object | None) -> Outcome: ...

@overload
def search(X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], y: Annotated[NDArray[numpy.float64], dict(order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, settings: Settings, callback: object | None, state: bytes | None, keep_state: object | None) -> Outcome: ...

class FixedDatapath:
    def __init__(self, nodes: Sequence[tuple[int, Sequence[int], int, int, int, int, int, tuple[int, int, bool, int, int, int, int]]], outputs: Sequence[int], tables: Sequence[Sequence[int]], inputs: int) -> None: ...

    def evaluate(self, X: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.int64], dict(shape=(None, None))]: ...

def quantise(X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], precision: tuple[int, int, bool, int, int, int, int]) -> Annotated[NDArray[numpy.int64], dict(shape=(None, None))]: ...

def function_values(tree: Tree, x: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]: ...

def exp2(x: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]: ...

class CircuitModel:
    def __init__(self, X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], precision: tuple[int, int, bool, int, int, int, int], library: DelayLibrary, available_ps: float, *, constant_fraction: int, table_tolerance: float, interpolated: Mapping[str, bool], limits: tuple[int, int, int]) -> None: ...

    def cost(self, trees: Sequence[Tree]) -> list[Cost | None]: ...

class Refused:
    """Why a formula cannot be put into fixed point."""

    @property
    def reason(self) -> str: ...

    @property
    def part(self) -> Tree | None: ...

    @property
    def value(self) -> float: ...

    @property
    def bits(self) -> int: ...

class LoweredFormulas:
    """A datapath, and its outputs on the data."""

    @property
    def nodes(self) -> list[tuple[int, list[int], int, int, int, int, int, tuple[int, int, bool, int, int, int, int]]]: ...

    @property
    def outputs(self) -> list[int]: ...

    @property
    def tables(self) -> list[tuple[list[int], object, str]]: ...

    @property
    def labels(self) -> list[int]: ...

    @property
    def parts(self) -> list[Tree]: ...

    @property
    def slices(self) -> list[int]: ...

    @property
    def values(self) -> object: ...

class Lowering:
    @overload
    def __init__(self, X: Annotated[NDArray[numpy.int64], dict(shape=(None, None), order='C', device='cpu', writable=False)], precision: tuple[int, int, bool, int, int, int, int], *, constant_fraction: int, table_tolerance: float, interpolated: Mapping[str, bool], limits: tuple[int, int, int], defined: Sequence[tuple[Tree | Callable, bool]] = [], explicit_tables: Sequence[tuple[str, int, tuple[Sequence[int], int, int, int] | None]] = []) -> None: ...

    @overload
    def __init__(self, ranges: Sequence[tuple[int, int]], precision: tuple[int, int, bool, int, int, int, int], *, constant_fraction: int, table_tolerance: float, interpolated: Mapping[str, bool], limits: tuple[int, int, int], defined: Sequence[tuple[Tree | Callable, bool]] = [], explicit_tables: Sequence[tuple[str, int, tuple[Sequence[int], int, int, int] | None]] = []) -> None: ...

    def lower(self, trees: Sequence[Tree]) -> LoweredFormulas | Refused: ...

    def lowerable(self, trees: Sequence[Tree]) -> list[bool]: ...

class LookUpTableDelays:
    def __init__(self, pin_ps: Sequence[Sequence[float]], penalty_ps: Sequence[float], inputs: int, largest_logic_table: int, mux_ps: Sequence[Sequence[float]]) -> None: ...

class CarryDelays:
    def __init__(self, shortest: int, select_to_output_ps: Sequence[Sequence[float | None]], select_to_carry_ps: Sequence[Sequence[float | None]], data_to_output_ps: Sequence[Sequence[float | None]], data_to_carry_ps: Sequence[Sequence[float | None]], carry_to_output_ps: Sequence[float | None], carry_to_carry_ps: Sequence[float | None]) -> None: ...

class MultiplierDelays:
    def __init__(self, wide_bits: int, narrow_bits: int, wide_ps: float, narrow_ps: float, smallest_product: int, soft_ps: Sequence[float], soft_lut: Sequence[int]) -> None: ...

class FlipFlopDelays:
    def __init__(self, clock_to_output_ps: float, setup_ps: float, reset_setup_ps: float) -> None: ...

class DelayLibrary:
    def __init__(self, lut: LookUpTableDelays, carry: CarryDelays, multiplier: MultiplierDelays, flipflop: FlipFlopDelays) -> None: ...

class Schedule:
    """The pipeline stage of every operation, and what they cost."""

    @property
    def stage(self) -> list[int]: ...

    @property
    def stage_delay_ps(self) -> list[float]: ...

    @property
    def fits(self) -> bool: ...

    @property
    def lut(self) -> int: ...

    @property
    def dsp(self) -> int: ...

    @property
    def ff(self) -> int: ...

class PredictedCircuit:
    """What the circuit of a datapath costs."""

    @property
    def latency_cycles(self) -> int: ...

    @property
    def delay_ps(self) -> float: ...

    @property
    def lut(self) -> int: ...

    @property
    def dsp(self) -> int: ...

    @property
    def ff(self) -> int: ...

    @property
    def fits(self) -> bool: ...

class CircuitCost:
    def __init__(self, library: DelayLibrary, available_ps: float) -> None: ...

    def __call__(self, datapath: FixedDatapath, port: tuple[int, int, int]) -> PredictedCircuit: ...

def trace(datapath: FixedDatapath, port: tuple[int, int, int]) -> tuple[list[tuple[int, list[int], list[int], int, int, int]], list[tuple[list[int], int]], list[int], list[int]]: ...

def schedule(circuit: tuple[Sequence[tuple[int, Sequence[int], Sequence[int], int, int, int]], Sequence[tuple[Sequence[int], int]], Sequence[int], Sequence[int]], library: DelayLibrary, available_ps: float, stages: int | None) -> Schedule: ...

def table_tree(words: Sequence[int], data_bits: int, library: DelayLibrary) -> tuple[list[list[float | None]], int]: ...

def shift_adds(value: int) -> list[tuple[int, int, int, bool]]: ...
