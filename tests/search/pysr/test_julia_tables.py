from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
import tree_sitter
import tree_sitter_julia
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr.datapath import ExplicitTable, Kind, lower
from lat_sr.expression import parse
from lat_sr.operators import OPERATORS
from lat_sr.precision import Precision
from lat_sr.search.pysr.julia_tables import julia_table_function, table_function_name

FUNCTIONS = tuple(
    name for name, operator in OPERATORS.items() if operator.arity == 1 and not operator.is_exact
)
# Ranges where the functions have values that a circuit can hold.
RANGES = {
    "acosh": (1.0, 8.0),
    "asin": (-1.0, 1.0),
    "acos": (-1.0, 1.0),
    "atanh": (-0.9, 0.9),
    "tan": (-1.4, 1.4),
}
RANGES |= dict.fromkeys(("sqrt", "log", "log_abs", "log2", "log10", "log1p", "inv"), (0.25, 12.0))


class OneBased(list[int]):
    """A Julia vector."""

    def __getitem__(self, index: Any) -> Any:
        assert 1 <= index <= len(self)
        return super().__getitem__(index - 1)


def python_of(code: str) -> Any:
    """The function of a generated definition: its lines are Python as well, with Julia's functions for them."""
    lines = code.splitlines()
    names: dict[str, Any] = {
        "Int": int, "Float64": float, "floor": math.floor, "abs": abs, "min": min, "max": max,
        "unsafe_trunc": lambda kind, value: kind(value),
        "clamp": lambda value, low, high: min(max(value, low), high),
        "ifelse": lambda condition, first, second: first if condition else second,
        "oftype": lambda x, value: value,
    }  # fmt: skip
    for table in re.finditer(r"(table\d+) = \[(.*?)\]", lines[0]):
        names[table[1]] = OneBased(int(entry) for entry in table[2].split(","))
    assert lines[1].endswith("= isnan(x) ? x : begin")
    body = [f"    {line.strip()}" for line in lines[2:-3]]
    body[-1] = f"    return {body[-1].strip()}"
    exec("def function(x):\n" + "\n".join(body), names)
    return names["function"]


def in_a_circuit(
    name: str, precision: Precision, table: ExplicitTable | tuple[float, float], x: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """The function's values inside of a circuit, before anything is added to them."""
    explicit = isinstance(table, ExplicitTable)
    datapath = lower(
        parse(f"{name}(x) + y"),
        Precision(precision.width, precision.integer, precision.signed, "TRN", "SAT"),
        input_names=["x", "y"],
        ranges=None if explicit else {"x": table},
        implementations={name: table} if explicit else "table",
    )
    inputs = np.stack([x, np.zeros_like(x)], axis=1)
    values = datapath.node_values(datapath.precision.from_float(inputs))
    total = max(i for i, node in enumerate(datapath.nodes) if node.kind is Kind.ADD)
    return values[total] * 2.0 ** -datapath.nodes[total].fraction


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=5, deadline=None)
@given(text=st.sampled_from(["ap_fixed<16,6>", "ap_fixed<12,5>", "ap_fixed<18,8>"]), seed=st.integers(0, 999))
def test_every_table_has_the_circuits_integers(name: str, text: str, seed: int) -> None:
    precision = Precision.parse(text)
    span = RANGES.get(name, (-3.0, 3.0))
    function = python_of(julia_table_function(name, precision, span))
    x = np.random.default_rng(seed).uniform(span[0] - 1, span[1] + 1, 1000)
    np.testing.assert_array_equal([function(value) for value in x], in_a_circuit(name, precision, span, x))
    inside = x[(x > span[0]) & (x < span[1])]
    with np.errstate(all="ignore"):
        error = np.array([function(value) for value in inside]) - OPERATORS[name].numpy(inside)
    assert np.sqrt(np.nanmean(error**2)) < 8 * precision.lsb


def test_range_reduction_is_written_out() -> None:
    code = julia_table_function("exp", "ap_fixed<16,6>", (-8.0, 3.25))
    assert "ifelse(" in code
    function = python_of(code)
    x = np.linspace(-8, 3.2, 1000)
    wanted = in_a_circuit("exp", Precision.parse("ap_fixed<16,6>"), (-8.0, 3.25), x)
    np.testing.assert_array_equal([function(value) for value in x], wanted)


def test_explicit_tables_are_hls4mls_without_its_rounding() -> None:
    table = ExplicitTable(-4, 4, 64)
    code = julia_table_function("sin", "ap_fixed<16,6>", table)
    x = np.linspace(-6, 6, 1001)
    wanted = in_a_circuit("sin", Precision.parse("ap_fixed<16,6>"), table, x)
    found = [python_of(code)(value) for value in x]
    np.testing.assert_array_equal(found, wanted)
    assert found[0] == round(math.sin(-4 + 1 / 16 - 2**-11) * 1024) / 1024


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_code_is_julia(name: str) -> None:
    code = julia_table_function(name, "ap_fixed<16,6>", RANGES.get(name, (-3.0, 3.0)))
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    root = parser.parse(code.encode()).root_node
    assert not root.has_error
    (let,) = root.children
    assert let.type == "let_statement"
    # PySR takes a text with a bracket for a definition, and what it gives for the function.
    assert code.splitlines()[-2].strip() == table_function_name(name) == f"{name}_table"
    assert parser.parse(code[:-3].encode()).root_node.has_error


def test_wide_formats_saturate() -> None:
    function = python_of(julia_table_function("tanh", "ap_fixed<16,6>", (-2.0, 2.0)))
    assert function(1e30) == function(2.0) == function(31.0)
    assert function(-1e30) == function(-2.0)
