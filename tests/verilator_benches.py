"""Many circuits in one compiled test bench: Verilator and the compiler run once for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lat_sr.circuit import trace
from lat_sr.costs import load_library
from lat_sr.datapath import Datapath
from lat_sr.latency.scheduling import schedule
from lat_sr.target import Target
from lat_sr.toolchains.open import verilator
from lat_sr.toolchains.open.emission import INPUT_PORT, OUTPUT_PORT, emit, pipeline, rtl_sources
from lat_sr.toolchains.open.verilator import Simulation
from lat_sr.toolchains.open.yosys import TOP
from lat_sr.toolchains.vectors import packed, port_integers


@dataclass(frozen=True)
class Bench:
    """A pipelined circuit, the bits of its ports in every cycle, and its stages."""

    sources: dict[str, str]
    inputs: list[int]
    outputs: list[int]
    input_bits: int
    output_bits: int
    width: int
    stages: int


def bench(datapath: Datapath, X: np.ndarray) -> Bench:
    target = Target()
    circuit = trace(datapath)
    plan = schedule(circuit, load_library(), available_ps=target.available_ps)
    width = datapath.precision.width
    outputs = port_integers(datapath, X)
    return Bench(
        rtl_sources(emit(pipeline(circuit, plan.stage, datapath.precision), target)),
        list(packed(X, width)),
        list(packed(outputs, width)),
        width * max(X.shape[1], 1),
        width * outputs.shape[1],
        width,
        plan.stages,
    )


def renamed(sources: dict[str, str], prefix: str) -> dict[str, str]:
    """The same modules under names that are no other circuit's."""
    text = "\n".join(sources[name] for name in sorted(sources))
    modules = re.findall(r"^\s*module\s+(\w+)", text, flags=re.MULTILINE)
    pattern = re.compile(rf"\b({'|'.join(sorted(set(modules), key=len, reverse=True))})\b")
    return {f"{prefix}.v": pattern.sub(rf"{prefix}_\1", text)}


def simulate_together(benches: Sequence[Bench]) -> list[Simulation]:
    """What each circuit did, all of them side by side under one clock."""
    sources: dict[str, str] = {}
    instances = []
    inputs = [0] * max(len(one.inputs) for one in benches)
    input_at = output_at = 0
    slices = []
    for number, one in enumerate(benches):
        sources |= renamed(one.sources, f"c{number}")
        instances.append(
            f"  c{number}_{TOP} i{number} (.clk(clk), .{INPUT_PORT}({INPUT_PORT}[{input_at} +: {one.input_bits}]),"
            f" .{OUTPUT_PORT}({OUTPUT_PORT}[{output_at} +: {one.output_bits}]));"
        )
        for cycle, value in enumerate(one.inputs):
            inputs[cycle] |= value << input_at
        slices.append((output_at, one.output_bits))
        input_at += one.input_bits
        output_at += one.output_bits
    sources[f"{TOP}.v"] = (
        f"module {TOP} (input clk, input [{input_at - 1}:0] {INPUT_PORT},"
        f" output [{output_at - 1}:0] {OUTPUT_PORT});\n" + "\n".join(instances) + "\nendmodule\n"
    )
    stages = max(one.stages for one in benches)
    text = verilator.run_simulation(sources, inputs, input_at, stages, timeout=600)
    seen = [sum(int(word, 16) << 32 * k for k, word in enumerate(line.split())) for line in text.splitlines()]
    results = []
    for one, (at, bits) in zip(benches, slices, strict=True):
        own = "\n".join(
            " ".join(
                f"{value >> at + 32 * k & (1 << min(32, bits - 32 * k)) - 1:x}"
                for k in range((bits + 31) // 32)
            )
            for value in seen
        )
        results.append(verilator.simulation(own, one.outputs, one.stages, one.width))
    return results
