"""Tables of constants as trees of look-up tables and fixed multiplexers: their size, and the delay of every path.

Where a table has more address bits than a look-up table has inputs, the toolchain instantiates the tree itself
(`lat_sr.toolchains.open.roms`), so that its paths are known here. Contents matter: a bit that does not depend on an
address bit has a smaller tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lat_sr import _engine
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.latency.native import native_library

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
    >>> from lat_sr.costs import load_library
    >>> table_tree([0, 1, 1, 0], 1, load_library())
    TableTree(paths=((238.0, 127.0),), lut=1)
    """
    paths, lut = _engine.table_tree(words, data_bits, native_library(library))
    return TableTree(tuple(tuple(row) for row in paths), lut)
