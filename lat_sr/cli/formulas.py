"""Commands about formulas and operators: profile, estimate, build."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lat_sr import toolchains, verification
from lat_sr.cli.answers import Answer, answers, show_values, tool_lines
from lat_sr.cli.options import (
    DEFAULT_PART,
    DEFAULT_PRECISION,
    Clock,
    CoSimulation,
    Implementation,
    Jobs,
    Json,
    Part,
    PrecisionText,
    Ranges,
    ToolchainName,
    Verbose,
    comma_separated,
    parse_ranges,
    toolchain_with_options,
)
from lat_sr.costs import load_profile
from lat_sr.errors import VerificationError
from lat_sr.expression import parse
from lat_sr.hardware import Hardware
from lat_sr.profiling import profile as measure
from lat_sr.solution import Budget
from lat_sr.toolchains import BuildReport, get_toolchain, read_vivado_reports
from lat_sr.toolchains.run.process import listening


@answers
def profile(
    precision: Annotated[str, typer.Argument(help="Format, as 'ap_fixed<16,6>'.")] = DEFAULT_PRECISION,
    part: Part = DEFAULT_PART,
    clock_period: Clock = 5.0,
    toolchain: ToolchainName = "auto",
    operators: Annotated[
        str | None, typer.Option(help="Operators, separated by commas; all by default.")
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Show the profile of the store, measure nothing.")
    ] = False,
    n_jobs: Jobs = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> Answer:
    """Measure what every operator costs, and show its latency in clock cycles.

    What is measured is kept: stopped and started again, it goes on where it was.
    """
    found = (
        load_profile(precision, part=part, clock_period=clock_period, toolchain=toolchain)
        if stored
        else measure(
            precision,
            part=part,
            clock_period=clock_period,
            toolchain=toolchain,
            operators=list(comma_separated(operators)) or None,
            n_jobs=n_jobs,
            log=tool_lines(verbose),
        )
    )

    def show(console: Console) -> None:
        names = ("latency_cycles", "delay_ps", "lut", "ff", "dsp", "bram")
        table = Table("operator", "implementation", *names, box=None, header_style="bold")
        for operator, costs in found.operators.items():
            for implementation, cost in costs.items():
                table.add_row(operator, implementation, *(_figure(getattr(cost, name)) for name in names))
        console.print(table)

    return Answer({**found.model_dump(mode="json"), "complexity_map": found.complexity_map()}, show)


def _figure(value: float | None) -> str:
    """Published profiles lack some figures."""
    return "" if value is None else f"{value:g}"


@answers
def estimate(
    expressions: Annotated[list[str], typer.Argument(help="Formulas, one for each output of the circuit.")],
    precision: PrecisionText = DEFAULT_PRECISION,
    part: Part = DEFAULT_PART,
    clock_period: Clock = 5.0,
    toolchain: ToolchainName = "auto",
    latency_model: Annotated[str, typer.Option(help="scheduled, critical_path or additive.")] = "scheduled",
    ranges: Ranges = None,
    as_json: Json = False,
) -> Answer:
    """Predict latency and resources of formulas, before any build."""
    roots = [parse(text) for text in expressions]
    hardware = Hardware.resolve(
        precision=precision,
        part=part,
        clock_period=clock_period,
        clock_uncertainty=0.0,
        timing_derate=1.0,
        toolchain=get_toolchain(toolchain).name,
        profile=None,
        latency_model=latency_model,
        implementations="table",
        operators=sorted({name for root in roots for name in root.operator_counts}),
    )
    circuit = hardware.circuit(roots, None, ranges=parse_ranges(ranges))
    document = {
        "equation": _joined(expressions),
        "complexity": sum(root.size for root in roots),
        "latency_predicted": circuit.latency_cycles,
        "delay_ps": circuit.delay_ps,
        "lut_predicted": circuit.lut,
        "ff_predicted": circuit.ff,
        "dsp_predicted": circuit.dsp,
        "clock_ns": clock_period,
        "meets_clock": circuit.delay_ps <= hardware.target.available_ps,
        "timing_source": hardware.library.timing_source,
    }
    return Answer(document, show_values(document))


def _joined(expressions: Sequence[str]) -> str:
    """One text for a circuit of several outputs, as in ``verification.csv``."""
    return "; ".join(expressions)


@answers
def build(
    expressions: Annotated[list[str], typer.Argument(help="Formulas, one for each output of the circuit.")],
    precision: PrecisionText = DEFAULT_PRECISION,
    part: Part = DEFAULT_PART,
    clock_period: Clock = 5.0,
    toolchain: ToolchainName = "auto",
    ranges: Ranges = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the project.")] = None,
    implementation: Implementation = False,
    co_simulation: CoSimulation = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> Answer:
    """Build formulas as one circuit, simulate it and measure it."""
    show = tool_lines(verbose)
    with listening(None if show is None else partial(show, toolchain)):
        built = toolchains.build(
            expressions,
            precision,
            ranges=parse_ranges(ranges),
            toolchain=toolchain_with_options(
                toolchain, implementation=implementation, co_simulation=co_simulation
            ),
            out=out,
            part=part,
            clock_period=clock_period,
        )
    return _built(built, {"equation": _joined(expressions)})


@answers
def compare(
    project: Annotated[Path, typer.Argument(help="Directory of lat-sr export --kind vivado.")],
    as_json: Json = False,
) -> Answer:
    """Compare what Vivado measured in an exported project with what was predicted."""
    return _built(read_vivado_reports(project), {"project": str(project)})


def _built(built: BuildReport, subject: dict[str, str]) -> Answer:
    """A circuit that was built, its prediction, and why it is refused, if it is."""
    failure = "; ".join(verification.failure_reasons(built, Budget()))
    document = {
        **subject,
        "latency_predicted": built.latency_predicted,
        "lut_predicted": built.lut_predicted,
        "dsp_predicted": built.dsp_predicted,
        **verification.reported(built),
        "failure": failure,
    }
    refusal = VerificationError(f"{next(iter(subject.values()))}: {failure}") if failure else None
    return Answer(document, show_values(document), refusal)
