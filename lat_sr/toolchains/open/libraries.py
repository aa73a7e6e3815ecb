"""The delay library that goes with a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lat_sr.target import Target

if TYPE_CHECKING:
    from lat_sr.costs.delay_library import DelayLibrary


def delay_library(target: Target) -> DelayLibrary:
    """Measured delays for the schedule of a circuit.

    Raises
    ------
    ProfileNotFoundError
        The store has none for the part.
    """
    from lat_sr.costs import load_library

    return load_library(part=target.part, toolchain="open")
