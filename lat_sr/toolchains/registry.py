"""Toolchains by their names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import signature

from lat_sr.errors import InputError
from lat_sr.toolchains.base import Toolchain
from lat_sr.toolchains.open.toolchain import OpenToolchain
from lat_sr.toolchains.vendor.hls import HlsToolchain
from lat_sr.toolchains.vendor.vivado_rtl import VivadoToolchain

__all__ = ["get_toolchain", "register_toolchain"]

_TOOLCHAINS: dict[str, Callable[..., Toolchain]] = {
    "open": OpenToolchain,
    "vitis": partial(HlsToolchain, "vitis"),
    "vivado": partial(HlsToolchain, "vivado"),
    "vivado-rtl": VivadoToolchain,
}


def register_toolchain(name: str, make: Callable[..., Toolchain]) -> None:
    """Give a toolchain of your own a name, by which every ``toolchain=`` then finds it.

    Parameters
    ----------
    name : str
        What it is called in ``toolchain=...``, in profiles and in reports: its attribute ``name`` too.
    make : callable
        Gives the toolchain; its parameters are the options that `get_toolchain` takes.

    Raises
    ------
    InputError
        The name is taken.
    """
    if name in _TOOLCHAINS or name == "auto":
        raise InputError(f"the toolchain name {name!r} is taken: choose another one")
    _TOOLCHAINS[name] = make


def get_toolchain(name: str = "auto", **options: object) -> Toolchain:
    """Give a toolchain by its name.

    Parameters
    ----------
    name : str, default="auto"
        ``"auto"`` takes the open one, which comes with the package.
    **options
        Parameters of the toolchain, for instance ``implementation=True`` of ``"vitis"`` and ``"vivado"``.

    Returns
    -------
    Toolchain

    Raises
    ------
    InputError
        There is no such toolchain, or it does not have an option.

    Examples
    --------
    >>> get_toolchain("auto").name
    'open'
    """
    chosen = "open" if name == "auto" else name
    if chosen not in _TOOLCHAINS:
        raise InputError(f"unknown toolchain {name!r}; allowed are {['auto', *_TOOLCHAINS]}")
    make = _TOOLCHAINS[chosen]
    known = list(signature(make).parameters)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise InputError(
            f"the toolchain {chosen!r} has no option {', '.join(unknown)}; allowed are {', '.join(known)}"
        )
    return make(**options)
