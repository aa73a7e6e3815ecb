"""Trees of primitives give the entries of their tables."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr import Target, lower, parse
from lat_sr.circuit import trace
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.toolchains.open import yosys
from lat_sr.toolchains.open.emission import emit, mapping_sources, pipeline, rtl_sources
from lat_sr.toolchains.open.roms import rom_module

CELL = re.compile(r"wire (\w+); (\w+)(?: #\(\.INIT\((\d+)'h(\w+)\)\))? \w+\((.*)\);")


def contents(module: str, address_bits: int) -> list[int]:
    """What the module gives for every address."""
    addresses = np.arange(1 << address_bits)
    nets = {f"in[{bit}]": addresses >> bit & 1 for bit in range(address_bits)}
    nets |= {"1'b0": np.zeros_like(addresses), "1'b1": np.ones_like(addresses)}
    for net, cell, size, content, text in CELL.findall(module):
        pins = dict(re.findall(r"\.(\w+)\(([^()]+)\)", text))
        values = {pin: nets[wire] for pin, wire in pins.items() if pin != "O"}
        assert pins["O"] == net
        if cell in ("MUXF7", "MUXF8"):
            nets[net] = np.where(values["S"] == 1, values["I1"], values["I0"])
        else:
            inputs = int(cell.removeprefix("LUT"))
            assert 1 <= inputs <= 6 and int(size) == 1 << inputs
            index = sum(values[f"I{k}"] << k for k in range(inputs))
            nets[net] = np.array([int(content, 16) >> k & 1 for k in range(1 << inputs)])[index]
    joined = re.search(r"assign out = \{(.*)\};", module)
    assert joined is not None
    outputs = joined[1].split(", ")[::-1]
    return [int(value) for value in sum(nets[wire] << bit for bit, wire in enumerate(outputs))]


@settings(max_examples=60)
@given(
    st.integers(1, 10),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "step", "curve"]),
)
def test_every_entry_is_kept(address_bits: int, data_bits: int, seed: int, shape: str) -> None:
    random = np.random.default_rng(seed)
    size = 1 << address_bits
    if shape == "noise":
        words = random.integers(0, 1 << data_bits, size)
    elif shape == "step":
        words = np.repeat(random.integers(0, 1 << data_bits, 4), size)[::4][:size]
    else:
        words = (np.sin(np.arange(size) / size * random.uniform(1, 9)) * (1 << data_bits)).astype(int) % (
            1 << data_bits
        )
    absent = random.random(size) < random.choice([0.0, 0.3])
    absent[random.integers(size)] = False
    entries = [None if gone else int(word) for word, gone in zip(words, absent, strict=True)]
    seen = contents(rom_module("table", entries, data_bits), address_bits)
    assert all(entry is None or entry == value for entry, value in zip(entries, seen, strict=True))


def rom_cells(entries: list[int], data_bits: int) -> Counter[str]:
    """Number of cells of each type in the module of a table."""
    return Counter(re.findall(r"; (\w+)[ (]", rom_module("counted", entries, data_bits)))


def test_a_table_of_twelve_bits_is_the_tree_of_the_hardware() -> None:
    random = np.random.default_rng(1).integers(0, 2, 4096).tolist()
    module = rom_module("table", random, 1)
    assert contents(module, 12) == random
    assert rom_cells(random, 1) == {"LUT6": 64 + 4, "MUXF7": 32 + 2, "MUXF8": 16 + 1}


def test_nothing_is_spent_on_what_does_not_change() -> None:
    assert rom_cells([3] * 4096, 2) == {}
    assert rom_cells([address >> 7 & 1 for address in range(4096)], 1) == {}  # an address bit
    assert rom_cells([0] * 1024 + [1] * 1024 + [0] * 2048, 1) == {"LUT2": 1}
    assert rom_cells([address.bit_count() & 1 for address in range(64)] * 64, 3) == {"LUT6": 1}


def test_only_large_tables_are_replaced_for_mapping(library: DelayLibrary) -> None:
    datapath = lower(
        [parse("exp(x0)"), parse("sin(x1)")],
        "ap_fixed<16,6>",
        ranges={"x0": (-0.02, 0.02), "x1": (-8.0, 8.0)},
    )
    sizes = sorted(len(table.entries) for table in datapath.tables)
    assert sizes[0] <= 64 < sizes[-1]
    circuit = trace(datapath)
    fsm = pipeline(circuit, [0] * len(circuit.ops), datapath.precision)
    files = emit(fsm, Target())
    before, after = rtl_sources(files), mapping_sources(fsm, files)
    tables = after.pop("top_tables.v")
    assert after == {name: text for name, text in before.items() if name != "top_tables.v"}
    assert tables.count("case (in)") == 1 and "MUXF8" in tables
    names = re.findall(r"^module (\w+)", tables, re.MULTILINE)
    assert names == re.findall(r"^module (\w+)", before["top_tables.v"], re.MULTILINE)


@pytest.mark.toolchain
def test_yosys_takes_the_tree_as_it_is() -> None:
    entries = (np.sin(np.arange(1024) / 100) * 511).astype(int) & 0x3FF
    top = (
        "module top(input clk, input [9:0] model_inp, output reg [9:0] model_out); wire [9:0] o; reg [9:0] i;\n"
        "rom r(i, o); always @(posedge clk) begin i <= model_inp; model_out <= o; end endmodule\n"
    )
    module = rom_module("rom", entries.tolist(), 10)
    plan = yosys.synthesis_plan({"rom": {"top.v": top + module}})
    design = yosys.mapped_designs(plan.execute(timeout=300))["rom"]
    assert design.lut == rom_cells(entries.tolist(), 10).total() - design.count("MUXF")
    assert design.ff == 20
    # Register, LUT6, MUXF7, MUXF8, and the fast pins of a LUT6.
    assert 1500 < design.critical_path_ps < 1900
