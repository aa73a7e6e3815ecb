"""Options that several commands share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any

import typer

from lat_sr.datapath import ExplicitTable
from lat_sr.errors import InputError
from lat_sr.toolchains import Toolchain, get_toolchain


class Task(str, Enum):
    """What the targets are."""

    auto = "auto"
    regression = "regression"
    classification = "classification"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
PrecisionText = Annotated[str, typer.Option("--precision", help="Format of inputs and outputs.")]
Part = Annotated[str, typer.Option(help="Part number of the FPGA.")]
Clock = Annotated[float, typer.Option("--clock-period", help="Nanoseconds.")]
ToolchainName = Annotated[
    str, typer.Option("--toolchain", help="What builds the circuits: auto, open, vitis, vivado, vivado-rtl.")
]
Ranges = Annotated[
    list[str] | None,
    typer.Option("--range", help="Range of an input, as x0=-1:1; may be repeated.", metavar="NAME=LOW:HIGH"),
]
Jobs = Annotated[
    int | None, typer.Option("--n-jobs", help="Builds at the same time; one for each core by default.")
]
Row = Annotated[
    str | None,
    typer.Option(
        help="Another row of the front than the selected one, or accuracy, best or score; with several outputs one for "
        "each, separated by commas."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what the tools print while they run.")]
Implementation = Annotated[
    bool, typer.Option("--implementation", help="vitis and vivado: place and route with Vivado too.")
]
CoSimulation = Annotated[
    bool, typer.Option("--co-simulation", help="vitis and vivado: simulate the RTL in the tool too.")
]

DEFAULT_PART = "xcvu9p-flga2577-2-e"
DEFAULT_PRECISION = "ap_fixed<16,6>"


def toolchain_with_options(name: str, *, implementation: bool, co_simulation: bool) -> Toolchain:
    """The toolchain with the options that were given."""
    options = {"implementation": implementation, "co_simulation": co_simulation}
    return get_toolchain(name, **{option: True for option, given in options.items() if given})


def comma_separated(text: str | None) -> tuple[str, ...]:
    """Names from a text with commas; none from nothing."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def parse_row(text: str | None) -> int | str | tuple[int | str, ...] | None:
    """A row of the front or a rule, or one for each output."""
    each = tuple(int(name) if name.lstrip("-").isdigit() else name for name in comma_separated(text))
    return (each[0] if len(each) == 1 else each) if each else None


def named(texts: Sequence[str] | None, option: str, example: str) -> dict[str, str]:
    """Values of an option that is written NAME=VALUE and may be repeated."""
    pairs = [text.partition("=") for text in texts or ()]
    for name, sign, value in pairs:
        if not (name.strip() and sign and value.strip()):
            raise InputError(f"{option} {name + sign + value!r} is not NAME=VALUE, for instance {example}")
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_options(texts: Sequence[str] | None) -> dict[str, Any] | None:
    """Settings of an engine from NAME=VALUE: numbers, true, false, null and lists as in JSON; else texts."""
    options = {}
    for name, text in named(texts, "--engine-option", "populations=4").items():
        try:
            options[name] = json.loads(text)
        except json.JSONDecodeError:
            options[name] = text
    return options or None


def parse_tables(texts: Sequence[str] | None) -> dict[str, ExplicitTable]:
    """Tables of functions from NAME=START:STOP:SIZE."""
    tables = {}
    for name, text in named(texts, "--table", "sin=-4:4:1024").items():
        try:
            start, stop, size = text.split(":")
            numbers = float(start), float(stop), int(size)
        except ValueError:
            raise InputError(
                f"--table {name}={text} is not NAME=START:STOP:SIZE, for instance sin=-4:4:1024"
            ) from None
        tables[name] = ExplicitTable(*numbers)
    return tables


def parse_ranges(texts: Sequence[str] | None) -> dict[str, tuple[float, float]] | None:
    """Ranges of inputs from NAME=LOW:HIGH."""
    ranges = {}
    for text in texts or ():
        name, _, bounds = text.partition("=")
        low, _, high = bounds.partition(":")
        try:
            ranges[name.strip()] = (float(low), float(high))
        except ValueError:
            raise InputError(f"--range {text!r} is not NAME=LOW:HIGH, for instance x0=-1:1") from None
    return ranges or None
