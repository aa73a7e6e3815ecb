"""Tables of constants as trees of look-up tables and fixed multiplexers: their size, and the delay of every path.

Where a table has more address bits than a look-up table has inputs, the toolchain instantiates the tree itself
(`lat_sr.toolchains.roms`), so that its paths are known here. Contents matter: a bit that does not depend on an address
bit has a smaller tree. Functions are integers whose bit ``k`` is the value at address ``k``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from lat_sr.latency.library import DelayLibrary

# Delay from every address bit; None where there is no path.
Paths = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class TableTree:
    """A mapped table.

    Parameters
    ----------
    paths : tuple of (tuple of float or None)
        For every output bit the picoseconds from every address bit.
    lut : int
    """

    paths: tuple[Paths, ...]
    lut: int


@dataclass(frozen=True, slots=True)
class _Node:
    kind: str  # "constant", "wire", "lut", "f7" or "f8": which cell may follow
    paths: Paths


def table_tree(words: Sequence[int], data_bits: int, library: DelayLibrary) -> TableTree:
    """The tree of a table.

    Parameters
    ----------
    words : sequence of int
        Contents as unsigned integers, for every address (a power of two of them).
    data_bits : int
    library : DelayLibrary

    Returns
    -------
    TableTree

    Examples
    --------
    >>> from lat_sr.profiles import load_library
    >>> table_tree([0, 1, 1, 0], 1, load_library())
    TableTree(paths=((238.0, 127.0),), lut=1)
    """
    return _cached(tuple(words), data_bits, library.lut.pin_ps[: library.lut.inputs], library.lut.mux_ps)


@lru_cache(maxsize=1024)
def _cached(
    words: tuple[int, ...],
    data_bits: int,
    pin_ps: tuple[tuple[float, ...], ...],
    mux_ps: tuple[tuple[float, float, float], ...],
) -> TableTree:
    address_bits = len(words).bit_length() - 1
    tree = _Tree(address_bits, pin_ps, mux_ps)
    outputs = []
    for bit in range(data_bits):
        digits = "".join("1" if word >> bit & 1 else "0" for word in reversed(words))
        outputs.append(tree.node(int(digits, 2), address_bits).paths)
    return TableTree(tuple(outputs), tree.lut)


@dataclass
class _Tree:
    address_bits: int
    pin_ps: tuple[tuple[float, ...], ...]
    mux_ps: tuple[tuple[float, float, float], ...]
    lut: int = 0
    _nodes: dict[tuple[int, int], _Node] = field(default_factory=dict)

    def node(self, function: int, bits: int) -> _Node:
        """The tree of a function of the lowest address bits."""
        # Address bits above the highest one that matters halve the function.
        while bits and not _depends(function, bits - 1, bits):
            bits -= 1
            function &= (1 << (1 << bits)) - 1
        key = (function, bits)
        if key not in self._nodes:
            self._nodes[key] = self._made(function, bits)
        return self._nodes[key]

    def _made(self, function: int, bits: int) -> _Node:
        support = [k for k in range(bits) if _depends(function, k, bits)]
        if not support:
            return _Node("constant", (None,) * self.address_bits)
        inputs = len(self.pin_ps)
        if len(support) <= inputs:
            if len(support) == 1 and function & 1 == 0:
                return _Node("wire", self._wire(support[0]))
            return self._look_up([self._wire(k) for k in support])
        # Above the first tables, levels repeat: two multiplexers, and a table that selects one of two or of four.
        selects = 2 if (len(support) - inputs) % 4 == 0 else 1
        parts = [(half, bits - 1) for half in _halves(function, bits)]
        if selects == 2:
            lower = support[-2]
            window = (1 << (1 << (lower + 1))) - 1
            parts = [(part, lower) for half, _ in parts for part in _halves(half & window, lower + 1)]
        branches = [self.node(part, size) for part, size in parts]
        kinds = {branch.kind for branch in branches}
        if selects == 1 and kinds in ({"lut"}, {"f7"}):
            wide = kinds == {"f7"}
            zero, one, select = self.mux_ps[wide]
            paths = [
                _later(branches[0].paths, zero),
                _later(branches[1].paths, one),
                _later(self._wire(bits - 1), select),
            ]
            return _Node("f8" if wide else "f7", _latest(paths))
        data = {id(branch): branch for branch in branches if branch.kind != "constant"}.values()
        wired = {branch.paths for branch in data if branch.kind == "wire"}
        wires = [wire for wire in map(self._wire, support[-selects:]) if wire not in wired]
        return self._look_up([*wires, *(branch.paths for branch in data)])

    def _look_up(self, inputs: list[Paths]) -> _Node:
        """A table; its first input has the slowest pin."""
        self.lut += 1
        pins = reversed(self.pin_ps[len(inputs) - 1])
        return _Node("lut", _latest([_later(paths, pin) for paths, pin in zip(inputs, pins, strict=True)]))

    def _wire(self, bit: int) -> Paths:
        return tuple(0.0 if k == bit else None for k in range(self.address_bits))


def _halves(function: int, bits: int) -> tuple[int, int]:
    half = 1 << (bits - 1)
    return function & ((1 << half) - 1), function >> half


def _depends(function: int, bit: int, bits: int) -> bool:
    return bool((function ^ function >> (1 << bit)) & _even(bit, bits))


@lru_cache(maxsize=256)
def _even(bit: int, bits: int) -> int:
    """Those of ``2**bits`` addresses whose given bit is 0."""
    block = (1 << (1 << bit)) - 1
    return sum(block << start for start in range(0, 1 << bits, 2 << bit))


def _later(paths: Paths, delay: float) -> Paths:
    return tuple(None if path is None else path + delay for path in paths)


def _latest(paths: Sequence[Paths]) -> Paths:
    return tuple(
        max((path for path in column if path is not None), default=None)
        for column in zip(*paths, strict=True)
    )
