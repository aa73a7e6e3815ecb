"""The native search core: its whole public face."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Postfix = Sequence[tuple[str, float]]
_FunctionFields = tuple[list[float], float, float, float, float, float, int]

# width, fraction, signed, quantization, overflow, low, high
_CastFields = tuple[int, int, bool, int, int, int, int]
# kind, operands, low, high, fraction, index, value, cast
DatapathNode = tuple[int, list[int], int, int, int, int, int, _CastFields]

def operator_names() -> list[str]: ...
def instruction_set() -> str: ...

class Tree:
    def __init__(self, postfix: _Postfix) -> None: ...
    @property
    def postfix(self) -> list[tuple[str, float]]: ...
    @property
    def size(self) -> int: ...
    @property
    def depth(self) -> int: ...
    def simplified(self) -> Tree: ...

def loss_names() -> list[str]: ...

_Floats = NDArray[np.float64]

class UserLoss:
    def __init__(
        self,
        loss: Callable[[_Floats, _Floats, _Floats], float],
        gradient: Callable[[_Floats, _Floats, _Floats], _Floats] | None,
    ) -> None: ...

def evaluate(tree: Tree, X: NDArray[Any]) -> list[float]: ...
def loss(
    tree: Tree,
    X: NDArray[Any],
    y: NDArray[Any],
    weights: Sequence[float],
    kind: str | UserLoss,
    parameter: float,
    value_limit: float,
) -> float: ...
def derivatives(
    tree: Tree, X: NDArray[Any], y: NDArray[Any], kind: str | UserLoss, parameter: float
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

class ShapeLimits:
    def __init__(
        self,
        maxsize: int,
        maxdepth: int,
        operand_sizes: Mapping[str, tuple[int, int]],
        nesting: Sequence[tuple[str, str, int]],
    ) -> None: ...
    def allows(self, tree: Tree) -> bool: ...

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
        options: Mapping[str, float],
        seed: int,
        timeout: float,
        max_evaluations: int | None,
        target_loss: float,
        threads: int,
        guesses: Sequence[Tree],
    ) -> None: ...

def search(
    X: NDArray[Any],
    y: NDArray[Any],
    weights: NDArray[Any] | None,
    settings: Settings,
    callback: Callable[[float, int, list[tuple[Tree, float, int, Cost]]], bool] | None,
    state: bytes | None,
    keep_state: Callable[[float, bytes], None] | None,
) -> tuple[list[tuple[Tree, float, int, Cost]], int, float, float, str]: ...

class FixedDatapath:
    def __init__(
        self,
        nodes: Sequence[DatapathNode],
        outputs: Sequence[int],
        tables: Sequence[Sequence[int]],
        inputs: int,
    ) -> None: ...
    def evaluate(self, X: NDArray[np.int64]) -> NDArray[np.int64]: ...
