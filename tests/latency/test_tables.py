import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lat_sr import _engine
from lat_sr.costs import load_library
from lat_sr.latency.native import native_library
from lat_sr.toolchains.open.roms import rom_module

LIBRARY = load_library()
DATA_BITS = 4


def timed(module):
    """Delays of every output from every address bit, and the look-up tables, of a module of primitives."""
    arrivals: dict[str, dict[str, float]] = {}
    cell = re.compile(r" +wire (\w+); (\w+)(?: #\([^)]*\)\))? \w+\((.*), \.O\(\w+\)\);")
    for name, kind, ports in cell.findall(module):
        pins = re.findall(r"\.(\w+)\(([^)]+)\)", ports)
        if kind.startswith("LUT"):
            delays = dict(
                zip((f"I{k}" for k in range(6)), reversed(LIBRARY.lut.pin_ps[len(pins) - 1]), strict=False)
            )
        else:
            delays = dict(zip(("I0", "I1", "S"), LIBRARY.lut.mux_ps[kind == "MUXF8"], strict=True))
        paths: dict[str, float] = {}
        for pin, net in pins:
            sources = {net: 0.0} if net.startswith("in[") else arrivals.get(net, {})
            for source, delay in sources.items():
                paths[source] = max(paths.get(source, 0.0), delay + delays[pin])
        arrivals[name] = paths
    outputs = re.search(r"assign out = \{(.*)\};", module)[1].split(", ")
    paths = [{net: 0.0} if net.startswith("in[") else arrivals.get(net, {}) for net in reversed(outputs)]
    return paths, len(re.findall(r"; LUT\d", module))


@st.composite
def tables(draw):
    bits = draw(st.integers(1, 9))
    size = 1 << bits
    kind = draw(st.sampled_from(["any", "steps", "repeated"]))
    if kind == "any":
        return draw(st.lists(st.integers(0, 15), min_size=size, max_size=size))
    # Tables of smooth functions do not depend on every bit everywhere.
    slope = draw(st.floats(0.0, 15.0))
    words = [int(slope * k / size) for k in range(size)]
    return [words[k % (size // 2 or 1)] for k in range(size)] if kind == "repeated" else words


@settings(max_examples=60, deadline=None)
@given(tables())
def test_trees_are_those_that_the_toolchain_builds(words):
    paths, lut = timed(rom_module("table", words, DATA_BITS))
    found, size = _engine.table_tree(words, DATA_BITS, native_library(LIBRARY))
    assert size == lut
    assert [
        {f"in[{bit}]": delay for bit, delay in enumerate(output) if delay is not None} for output in found
    ] == paths
