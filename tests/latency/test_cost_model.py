"""The core's cost of a tree against a plain Python reading of the rules in lat_sr/latency/cost_model.py."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from cost_models import FUNCTIONS, NAMES, random_model
from expression_strategies import expressions
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.errors import InputError
from lat_sr.expression import Call, Expression, Variable, evaluate, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.latency.cost_model import (
    PRIMITIVES,
    CostModel,
    FunctionCost,
    GridCost,
    WidthCost,
    uniform_cost_model,
)
from lat_sr.search.native import native_cost_model


@dataclass(frozen=True)
class Value:
    key: object
    low: float
    high: float
    fraction: int
    cycle: int = 0
    ps: float = 0.0
    delay: float = 0.0
    constant: float | None = None

    @property
    def width(self) -> int:
        first, last = (math.floor(end * 2.0**self.fraction) for end in (self.low, self.high))
        if first >= 0:
            return max(last.bit_length(), 1)
        return max((-first - 1).bit_length(), max(last, 0).bit_length()) + 1

    def narrowed(self, limit: int) -> Value:
        fraction = self.fraction - max(0, self.width - limit)
        if fraction == self.fraction:
            return self
        low, high = (math.floor(end * 2.0**fraction) * 2.0**-fraction for end in (self.low, self.high))
        return replace(self, low=low, high=high, fraction=fraction)


def csd_digits(value: int) -> int:
    digits = 0
    while value:
        if value & 1:
            value -= 2 - value % 4
            digits += 1
        value //= 2
    return digits


class Reference:
    def __init__(self, model: CostModel) -> None:
        self.model = model
        self.charged: set[object] = set()
        self.lut = self.dsp = self.bram = 0.0

    def cost(self, *expressions: Expression) -> tuple[int, float, float, float, float]:
        values = [self.output(self.node(expression)) for expression in expressions]
        latency, delay = max(value.cycle for value in values) + 1, max(value.delay for value in values)
        return latency, delay, self.lut, self.dsp, self.bram

    def output(self, value: Value) -> Value:
        model = self.model
        if (
            value.low < model.output_low
            or value.high > model.output_high
            or value.fraction > model.output_fraction
        ):
            cast = model.primitives["output_cast"]
            if ("cast", value.key) not in self.charged:
                self.charged.add(("cast", value.key))
                self.lut += self.at(cast.lut, value.width)
            value = self.placed(value, self.at(cast.delay_ps, value.width))
        return value

    @staticmethod
    def at(table: np.ndarray, *index: int) -> float:
        return float(table[tuple(min(i, size - 1) for i, size in zip(index, table.shape, strict=True))])

    def placed(self, value: Value, delay: float) -> Value:
        fits = value.ps + delay <= self.model.available_ps - self.model.register_ps
        return replace(
            value,
            cycle=value.cycle + (not fits),
            ps=value.ps + delay if fits else delay,
            delay=value.delay + delay,
        )

    def finish(
        self,
        value: Value,
        operands: list[Value],
        segments: list[float],
        lut: float,
        dsp: float = 0.0,
        bram: float = 0.0,
    ) -> Value:
        cycle, ps = max((operand.cycle, operand.ps) for operand in operands)
        value = replace(value, cycle=cycle, ps=ps, delay=max(operand.delay for operand in operands))
        for segment in segments:
            value = self.placed(value, segment)
        if value.key not in self.charged:
            self.charged.add(value.key)
            self.lut, self.dsp, self.bram = self.lut + lut, self.dsp + dsp, self.bram + bram
        return value.narrowed(self.model.width_limit)

    def constant(self, value: float, fraction: int | None = None) -> Value:
        fraction = self.model.constant_fraction if fraction is None else fraction
        integer = math.floor(value * 2.0**fraction + 0.5)
        while integer and not integer & 1 and fraction > 0:
            integer, fraction = integer // 2, fraction - 1
        rounded = integer * 2.0**-fraction
        return Value(("constant", rounded), rounded, rounded, fraction if integer else 0, constant=rounded)

    def primitive(self, name: str, value: Value, operands: list[Value], width: int) -> Value:
        if len(operands) == 1 and operands[0].constant is not None:
            return operands[0]  # of zero, as parts without variables are folded before
        cost = self.model.primitives[name]
        return self.finish(value, operands, [self.at(cost.delay_ps, width)], self.at(cost.lut, width))

    def function(self, cost: FunctionCost, key: object, operand: Value) -> Value:
        value = Value((key, operand.key), cost.low, cost.high, cost.fraction)
        return self.finish(value, [operand], list(cost.segments_ps), cost.lut, cost.dsp, cost.bram)

    def variable(self, name: str) -> Value:
        i = NAMES.index(name)
        model = self.model
        return Value(name, float(model.input_low[i]), float(model.input_high[i]), model.input_fraction)

    def node(self, expression: Expression) -> Value:
        if isinstance(expression, Variable):
            return self.variable(expression.name)
        if not expression.variables:
            with np.errstate(all="ignore"):
                return self.constant(float(evaluate(expression, np.zeros((1, 0)), ())[0]))
        assert isinstance(expression, Call)
        tables = {"sin", "exp", "inv", "/"}
        if len(expression.variables) == 1 and any(
            isinstance(node, Call) and node.operator in tables for node in expression.walk()
        ):
            return self.function(self.model.fused, expression, self.variable(expression.variables[0]))
        name = expression.operator
        operands = [self.node(operand) for operand in expression.operands]
        a, b = operands[0], operands[-1]
        if name in ("+", "-", "min", "max"):
            return self.aligned({"+": "add", "-": "subtract", "min": "minimum", "max": "maximum"}[name], a, b)
        if name == "*":
            return self.multiply(a, b)
        if name == "/":
            if b.constant is None:
                return self.multiply(a, self.function(self.model.functions["inv"], "inv", b))
            divisor = float(evaluate(expression.operands[1], np.zeros((1, 0)), ())[0])
            extra = max(0, math.ceil(math.log2(abs(divisor))))
            return self.scale(a, self.constant(1 / divisor, self.model.constant_fraction + extra))
        if name in ("square", "cube"):
            square = self.multiply(a, a)
            return square if name == "square" else self.multiply(square, a)
        if name == "neg":
            return self.negate(a)
        if name == "abs":
            if a.low >= 0:
                return a
            value = Value(("abs", a.key), max(0.0, -a.high), max(-a.low, a.high), a.fraction)
            return self.primitive("absolute", value, [a], a.width)
        if name == "relu":
            value = Value(("relu", a.key), max(0.0, a.low), max(0.0, a.high), a.fraction)
            return self.primitive("relu", value, [a], a.width)
        return self.function(self.model.functions[name], name, a)

    def negate(self, a: Value) -> Value:
        return self.primitive("negate", Value(("negate", a.key), -a.high, -a.low, a.fraction), [a], a.width)

    def aligned(self, name: str, a: Value, b: Value) -> Value:
        if a.key == b.key and name != "add":
            return self.constant(0.0) if name == "subtract" else a
        finest = self.model.width_limit - max(a.width - a.fraction, b.width - b.fraction) - 1
        fraction = max(min(a.fraction, finest), min(b.fraction, finest))
        ends = {
            "add": (a.low + b.low, a.high + b.high),
            "subtract": (a.low - b.high, a.high - b.low),
            "minimum": (min(a.low, b.low), min(a.high, b.high)),
            "maximum": (max(a.low, b.low), max(a.high, b.high)),
        }[name]
        key = (name, frozenset((a.key, b.key))) if name == "add" else (name, a.key, b.key)
        value = Value(key, *ends, fraction)
        width = value.width
        if name in ("minimum", "maximum"):
            width = Value(None, min(a.low, b.low), max(a.high, b.high), fraction).width + 1
        by_constant = (name == "add" and a.constant is not None) or (
            name in ("add", "subtract") and b.constant is not None
        )
        return self.primitive("add_constant" if by_constant else name, value, [a, b], width)

    def multiply(self, a: Value, b: Value) -> Value:
        if a.constant is not None:
            a, b = b, a
        if b.constant is not None:
            return self.scale(a, b)
        if a.width + (a.low >= 0) < b.width + (b.low >= 0):
            a, b = b, a
        key = ("multiply", frozenset((a.key, b.key)))
        square = a.key == b.key
        wide, narrow = self.model.multiply_limits
        a, b = a.narrowed(wide - (a.low >= 0)), b.narrowed(narrow - (b.low >= 0))
        corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        low = 0.0 if square and a.low < 0 < a.high else min(corners)
        grid = self.model.multiply
        index = a.width, b.width
        return self.finish(
            Value(key, low, max(corners), a.fraction + b.fraction),
            [a, b],
            [self.at(grid.delay_ps, *index)],
            self.at(grid.lut, *index),
            self.at(grid.dsp, *index),
        )

    def scale(self, a: Value, factor: Value) -> Value:
        assert factor.constant is not None
        if factor.constant == 0:
            return factor
        if factor.constant == 1:
            return a
        if factor.constant == -1:
            return self.negate(a)
        odd, shift = round(abs(factor.constant) * 2.0**factor.fraction), factor.fraction
        while odd % 2 == 0:
            odd, shift = odd // 2, shift - 1
        key = ("multiply", frozenset((a.key, factor.key)))
        a = a.narrowed(self.model.width_limit - odd.bit_length())
        ends = sorted((a.low * factor.constant, a.high * factor.constant))
        value = Value(key, ends[0], ends[1], a.fraction + shift)
        digits = csd_digits(odd)
        if digits > 1:
            grid = self.model.scale
            costs = [self.at(table, a.width, digits) for table in (grid.delay_ps, grid.lut, grid.dsp)]
            return self.finish(value, [a], [costs[0]], costs[1], costs[2])
        if factor.constant < 0:
            cost = self.model.primitives["negate"]
            return self.finish(value, [a], [self.at(cost.delay_ps, a.width)], self.at(cost.lut, a.width))
        return self.finish(value, [a], [0.0], 0.0)


OPERATORS = ("+", "-", "*", "/", "min", "max", "neg", "abs", "square", "cube", "relu", "sin", "exp", "inv")


FORMULAS = expressions(OPERATORS, constants=st.integers(1, 80).map(lambda n: (n - 40.5) / 8), max_leaves=14)


@pytest.mark.no_cover
@pytest.mark.slow
@example([parse("square(relu(x0 - x0))", NAMES)], 0)
@example([parse("abs(-(x0 - x0))", NAMES)], 0)
@given(st.lists(FORMULAS, min_size=1, max_size=3), st.integers(0, 20))
@settings(max_examples=600)
def test_core_equals_the_reference(outputs: list[Expression], seed: int) -> None:
    model = random_model(seed)
    found = _engine.cost(tree_of(outputs, NAMES), native_cost_model(model))
    try:
        expected = Reference(model).cost(*outputs)
    except (OverflowError, ValueError, ZeroDivisionError):
        return  # a constant part that is not finite: the search drops it by its loss
    assert (found.latency_cycles, found.delay_ps, found.lut, found.dsp, found.bram) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "latency", "lut", "dsp"),
    [
        ("x0", 1, 0, 0),
        ("x0*x1", 1, 0, 1),
        ("x0 + x1 + x2", 2, 17 + 18, 0),
        ("0.3*sin(2*x0 + 1)", 1, 64, 0),  # one table
        ("sin(x0*x1)", 2, 64, 1),
        ("x0*0.5", 1, 0, 0),  # a shift
        ("x0*x1 + x1*x0", 2, 33, 1),  # one product
        ("x0*0.375", 1, 32, 0),  # two digits of 16 bits
        ("x0/x1", 2, 64, 1),
    ],
)
def test_special_cases(text: str, latency: int, lut: float, dsp: float) -> None:
    model = native_cost_model(uniform_cost_model(3, functions=FUNCTIONS))
    found = _engine.cost(tree_of(parse(text), NAMES), model)
    assert (found.latency_cycles, found.lut, found.dsp) == (latency, lut, dsp)


def test_outputs_share_equal_parts_and_the_latest_decides() -> None:
    model = native_cost_model(uniform_cost_model(3, functions=FUNCTIONS))

    def cost(*texts: str) -> tuple[int, float, float]:
        found = _engine.cost(tree_of([parse(text) for text in texts], NAMES), model)
        return found.latency_cycles, found.lut, found.dsp

    assert cost("x0*x1", "x0*x1") == cost("x0*x1") == (1, 0, 1)
    assert cost("x1*x0 + x2", "sin(x0*x1)") == (2, cost("x0*x1 + x2")[1] + 64, 1)
    assert cost("x0*x1", "x0*x2") == (1, 0, 2)
    assert cost("x0", "x0 + x1 + x2", "1.5") == cost("x0 + x1 + x2")


def test_short_delays_chain_within_a_cycle() -> None:
    model = uniform_cost_model(3)
    quick = {name: WidthCost(np.full(49, 400.0), np.zeros(49)) for name in PRIMITIVES}
    model = replace(model, primitives=quick, register_ps=100.0)
    costs = [
        _engine.cost(tree_of(parse(text), NAMES), native_cost_model(model))
        for text in ("x0 + x1", "x0 + x1 + x2", "(x0 + x1) + (x2 - x0) + x1")
    ]
    # The cast of a sum to the output takes a step of its own.
    assert [cost.latency_cycles for cost in costs] == [1, 2, 2]
    assert costs[2].delay_ps == 1600.0


def test_bad_models_are_refused() -> None:
    model = uniform_cost_model(2)
    with pytest.raises(InputError, match="no time"):
        replace(model, register_ps=2000.0)
    with pytest.raises(InputError, match="lacks the primitives add"):
        replace(model, primitives={})
    with pytest.raises(InputError, match="input_low"):
        replace(model, input_low=np.ones(3))
    with pytest.raises(InputError, match="negative or non-finite"):
        WidthCost([1.0, -1.0], [0.0, 0.0])
    with pytest.raises(InputError, match="differ in shape"):
        GridCost(np.zeros((2, 2)), np.zeros((2, 3)))
    with pytest.raises(InputError, match="dimensional"):
        WidthCost([], [])
    with pytest.raises(InputError, match="segments_ps"):
        FunctionCost((), 1.0, 0.0, 1.0, 4)
    with pytest.raises(InputError, match="empty"):
        FunctionCost((1.0,), 1.0, 1.0, 0.0, 4)


def test_a_tree_that_the_model_does_not_cover_is_refused() -> None:
    model = native_cost_model(uniform_cost_model(3))
    with pytest.raises(ValueError, match="no function sin"):
        _engine.cost(tree_of(parse("sin(x0 + x1)"), NAMES), model)
    with pytest.raises(ValueError, match="variable 5"):
        _engine.cost(_engine.Tree([("variable", 5.0)]), model)


@pytest.mark.parametrize("nodes", [[("square", 0.0)] * 40, [("constant", 1e9), ("exp", 0.0), ("/", 0.0)]])
def test_values_beyond_all_numbers_still_have_a_cost(nodes: list[tuple[str, float]]) -> None:
    cost = _engine.cost(_engine.Tree([("variable", 0.0), *nodes]), native_cost_model(random_model(1)))
    assert 1 <= cost.latency_cycles <= 200
    assert math.isfinite(cost.delay_ps) and cost.lut >= 0
