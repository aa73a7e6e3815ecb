"""Formulas to measured circuits in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy.typing import ArrayLike

from lat_sr.datapath import lower
from lat_sr.errors import InputError
from lat_sr.expression import Expression, parse
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains.base import BuildReport, Toolchain
from lat_sr.toolchains.registry import get_toolchain

__all__ = ["build"]


def build(
    expressions: str | Expression | Sequence[str | Expression],
    precision: str | Precision,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    toolchain: str | Toolchain = "auto",
    out: str | Path | None = None,
    X: ArrayLike | None = None,
    input_names: Sequence[str] | None = None,
    implementations: str | Mapping[str, str] = "table",
    target: Target | None = None,
    part: str | None = None,
    clock_period: float | None = None,
    clock_uncertainty: float | None = None,
    timing_derate: float | None = None,
) -> BuildReport:
    """Build formulas as one circuit and measure it.

    Parameters
    ----------
    expressions : str, Expression, or sequence of them
        One per output.
    precision : str or Precision
    ranges : mapping of str to (float, float), optional
        Ranges of the inputs, which decide the formats of tables.
    toolchain : str or Toolchain
    out : path-like, optional
        Directory for the RTL project and the report.
    X : array_like, shape (n_samples, n_inputs), optional
        Data: its ranges take the place of `ranges`, and it is simulated in addition to the toolchain's own vectors.
    input_names : sequence of str, optional
        The input ports in order.
    implementations : {"table", "interp"} or mapping of operator name to one of them
    target : Target, optional
    part, clock_period, clock_uncertainty, timing_derate : optional
        Fields of a target made of them, where none is given.

    Returns
    -------
    BuildReport

    Raises
    ------
    InputError
        An argument is wrong, or both a target and its fields are given.
    ToolError
        A tool is missing, fails, or takes too long.

    Examples
    --------
    >>> report = build("x0*x1 + 0.5", "ap_fixed<16,6>")  # doctest: +SKIP
    >>> report.latency_cycles, report.bit_exact  # doctest: +SKIP
    (1, True)
    """
    chosen = get_toolchain(toolchain) if isinstance(toolchain, str) else toolchain
    fields = {
        "part": part,
        "clock_period": clock_period,
        "clock_uncertainty": clock_uncertainty,
        "timing_derate": timing_derate,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    if target is not None and given:
        raise InputError(f"target and {', '.join(given)} are given; pass either the one or the others")
    target = target or Target(**{"toolchain": chosen.name, **given})  # type: ignore[arg-type]
    texts = [expressions] if isinstance(expressions, str | Expression) else list(expressions)
    datapath = lower(
        [parse(text, input_names) if isinstance(text, str) else text for text in texts],
        precision,
        input_names=input_names,
        X=X,
        ranges=ranges,
        implementations=implementations,
    )
    return chosen.build(datapath, target, vectors=X, out=None if out is None else Path(out))
