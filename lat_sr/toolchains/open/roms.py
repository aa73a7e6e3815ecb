"""Tables of constants as trees of UltraScale+ primitives, ready for counting and timing.

General logic synthesis takes many seconds over a table of a few thousand entries, and ends near the tree that the
hardware is made for: six address bits in a LUT6, two more in the multiplexers behind it (MUXF7, MUXF8), two more in
a multiplexer of four made of a LUT6, again with MUXF7 and MUXF8 behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

_LUT_INPUTS = 6
Bits = NDArray[np.bool_]


@dataclass(frozen=True)
class _Net:
    """A net and the kind of cell that drives it: "constant", "wire", "lut", "f7", "f8"."""

    name: str
    kind: str


_CONSTANTS = (_Net("1'b0", "constant"), _Net("1'b1", "constant"))


LARGEST_LOGIC = 5
"""Tables of up to so many address bits are left to logic synthesis, which joins them with what is before and after."""


def rom_module(name: str, entries: Sequence[int | None], data_bits: int) -> str:
    """Verilog of a table made of UltraScale+ primitives.

    Parameters
    ----------
    name : str
        Of the module; its ports are called ``in`` and ``out``.
    entries : sequence of int or None
        Contents as unsigned integers, for every address (so a power of two of them); None where the address
        never occurs.
    data_bits : int

    Returns
    -------
    str

    Examples
    --------
    >>> print(rom_module("parity", [0, 1, 1, 0], 1))
    module parity(input [1:0] in, output [0:0] out);
      wire n0; LUT2 #(.INIT(4'h6)) c0(.I0(in[0]), .I1(in[1]), .O(n0));
      assign out = {n0};
    endmodule
    <BLANKLINE>
    """
    address_bits = len(entries).bit_length() - 1
    words = _filled(entries)
    tree = _Tree()
    variables = tuple(reversed(range(address_bits)))
    outputs = [
        tree.net(variables, (words >> bit & 1).astype(bool).reshape((2,) * address_bits)).name
        for bit in range(data_bits)
    ]
    ports = f"input [{address_bits - 1}:0] in, output [{data_bits - 1}:0] out"
    joined = ", ".join(reversed(outputs))
    return "\n".join(
        [f"module {name}({ports});", *tree.lines, f"  assign out = {{{joined}}};", "endmodule", ""]
    )


def _filled(entries: Sequence[int | None]) -> NDArray[np.int64]:
    """Entries that are never read take a neighbour's value, which makes the smallest tree."""
    known = [k for k, entry in enumerate(entries) if entry is not None]
    nearest = np.searchsorted(known, np.arange(len(entries)), side="right") - 1
    return np.array([entries[known[max(k, 0)]] for k in nearest], dtype=np.int64)


@dataclass
class _Tree:
    """Cells of one table; equal functions are made once."""

    lines: list[str] = field(default_factory=list)
    _nets: dict[tuple[tuple[int, ...], bytes], _Net] = field(default_factory=dict)

    def net(self, variables: tuple[int, ...], function: Bits) -> _Net:
        """The net of a function, whose first axis is the first of the address bits `variables`."""
        variables, function = _support(variables, function)
        if not variables:
            return _CONSTANTS[int(function)]
        key = (variables, function.tobytes())
        if key not in self._nets:
            self._nets[key] = self._made(variables, function)
        return self._nets[key]

    def _made(self, variables: tuple[int, ...], function: Bits) -> _Net:
        inputs = [_Net(f"in[{variable}]", "wire") for variable in reversed(variables)]
        count = len(variables)
        if count <= _LUT_INPUTS:
            return self._lut(inputs, lambda bits: bool(function[tuple(reversed(bits))]))
        # Above the first table, levels repeat: MUXF7, MUXF8, and a LUT6 that selects one of two or of four.
        selects = 2 if (count - _LUT_INPUTS) % 4 == 0 else 1
        branches = [
            self.net(variables[selects:], function[choice]) for choice in product((0, 1), repeat=selects)
        ]
        kinds = {branch.kind for branch in branches}
        if selects == 1 and kinds == {"lut"}:
            return self._cell("MUXF7", "", [*branches, inputs[-1]], "f7", ("I0", "I1", "S"))
        if selects == 1 and kinds == {"f7"}:
            return self._cell("MUXF8", "", [*branches, inputs[-1]], "f8", ("I0", "I1", "S"))
        return self._selection(inputs[-selects:], branches)

    def _selection(self, selects: list[_Net], branches: list[_Net]) -> _Net:
        """One of the branches; `selects` has the lowest bit of the number first."""
        # The highest pins of a table are the fastest, and the branches arrive last.
        data = dict.fromkeys(branch for branch in branches if branch.kind != "constant")
        inputs = [*(select for select in selects if select not in data), *data]

        def selected(bits: tuple[int, ...]) -> bool:
            value = dict(zip(inputs, bits, strict=True))
            number = sum(value[select] << k for k, select in enumerate(selects))
            branch = branches[number]
            return bool(value[branch]) if branch in value else branch == _CONSTANTS[1]

        return self._lut(inputs, selected)

    def _lut(self, inputs: list[_Net], function: Callable[[tuple[int, ...]], bool]) -> _Net:
        """A table of at most six inputs; the lowest is the first."""
        content = 0
        for position, bits in enumerate(product((0, 1), repeat=len(inputs))):
            content |= function(tuple(reversed(bits))) << position
        if len(inputs) == 1 and content == 0b10:
            return inputs[0]
        size = len(inputs)
        ports = tuple(f"I{k}" for k in range(size))
        return self._cell(f"LUT{size}", f" #(.INIT({1 << size}'h{content:x}))", inputs, "lut", ports)

    def _cell(
        self, cell: str, parameters: str, inputs: list[_Net], kind: str, ports: tuple[str, ...]
    ) -> _Net:
        number = len(self.lines)
        pins = ", ".join(f".{port}({net.name})" for port, net in zip(ports, inputs, strict=True))
        self.lines.append(f"  wire n{number}; {cell}{parameters} c{number}({pins}, .O(n{number}));")
        return _Net(f"n{number}", kind)


def _support(variables: tuple[int, ...], function: Bits) -> tuple[tuple[int, ...], Bits]:
    """The function without the variables that it does not depend on."""
    for axis in reversed(range(len(variables))):
        zero, one = np.take(function, 0, axis), np.take(function, 1, axis)
        if np.array_equal(zero, one):
            variables, function = variables[:axis] + variables[axis + 1 :], zero
    return variables, function
