"""The command ``lat-sr``.

With ``--json`` a command prints one JSON document on stdout and nothing else there; everything meant for people goes to
stderr. Exit codes: 0 success, 1 a circuit misses its budget, its clock or a bit, 2 unusable input, 3 a tool or the disk
failed, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lat_sr.errors import InputError, LatSrError, ProfileNotFoundError, VerificationError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from lat_sr.reporting.columns import Column

__all__ = ["app", "main"]

app = typer.Typer(
    name="lat-sr",
    help="Formulas that fit a latency budget on an FPGA: searched, built, measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@dataclass(frozen=True)
class Answer:
    """What a command found: one JSON document, and how to show it to people."""

    document: dict[str, Any]
    show: Callable[[Console], None]
    # Set where the command did its work but the outcome is a refusal.
    refusal: VerificationError | None = None


# The first class that fits decides.
_EXIT_CODES: tuple[tuple[type[LatSrError], int], ...] = (
    (VerificationError, 1),
    (InputError, 2),
    (ProfileNotFoundError, 2),
    (LatSrError, 3),
)


def _exit_code(error: LatSrError) -> int:
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))


def _plain(value: Any) -> Any:
    """JSON has neither NaN nor numpy's numbers."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _answers(command: Callable[..., Answer]) -> Callable[..., None]:
    """Run a command, then print its answer or its error the way that was asked for."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        as_json = kwargs["as_json"]
        error: LatSrError | None
        answer: Answer | None = None
        try:
            # Whatever a library prints on its way must not get between the reader and the answer.
            with contextlib.redirect_stdout(sys.stderr):
                answer = command(*args, **kwargs)
            error = answer.refusal
        except LatSrError as raised:
            error = raised
        except KeyboardInterrupt:
            typer.echo("lat-sr: interrupted", err=True)
            raise typer.Exit(130) from None
        if answer is not None and not as_json:
            answer.show(_console())
        if error is not None:
            typer.echo(f"lat-sr: {_message(error)}", err=True)
        if as_json:
            failed = {} if error is None else {"error": type(error).__name__, "message": str(error)}
            typer.echo(json.dumps(_plain({**(answer.document if answer else {}), **failed}), allow_nan=False))
        if error is not None:
            raise typer.Exit(_exit_code(error))

    run.__annotations__ = {**command.__annotations__, "return": "None"}
    return run


def _message(error: LatSrError) -> str:
    """One line, but for the log of a tool."""
    log = getattr(error, "log", "")
    text = str(error)
    if log:
        return text
    return " ".join(text.split())


def _console() -> Console:
    from rich.console import Console

    console = Console()
    # Tables in a file or a pipe have no window to fit into.
    return console if console.is_terminal else Console(width=200)


@contextlib.contextmanager
def _progress(title: str) -> Any:
    """A bar on stderr; gives the function to report (done, total) to."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _table(frame: pd.DataFrame, columns: Sequence[Column], leave_out: Sequence[str] = ()) -> Any:
    """Table for the terminal of the columns meant for people."""
    from rich.markup import escape
    from rich.table import Table

    from lat_sr.reporting.columns import cell

    shown = [c for c in columns if c.shown and c.name in frame and c.name not in leave_out]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in shown:
        words = column.name in ("output", "equation", "metric", "failure")
        table.add_column(column.title, justify="left" if words else "right", overflow="fold")
    for record in frame[[column.name for column in shown]].itertuples(index=False, name=None):
        table.add_row(*(escape(cell(value, column)) for value, column in zip(record, shown, strict=True)))
    return table


def _show_table(
    frame: pd.DataFrame, columns: Sequence[Column], *, leave_out: Sequence[str] = ()
) -> Callable[[Console], None]:
    return lambda console: console.print(_table(frame, columns, leave_out))


class Task(str, Enum):
    """What the targets are."""

    auto = "auto"
    regression = "regression"
    classification = "classification"


class Flavor(str, Enum):
    """Kinds of projects."""

    verilog = "verilog"
    vhdl = "vhdl"
    hls = "hls"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
PrecisionText = Annotated[str, typer.Option("--precision", help="Format of inputs and outputs.")]
Part = Annotated[str, typer.Option(help="Part number of the FPGA.")]
Clock = Annotated[float, typer.Option("--clock-period", help="Nanoseconds.")]
ToolchainName = Annotated[
    str, typer.Option("--toolchain", help="What builds the circuits: auto, open, vitis, vivado.")
]
Ranges = Annotated[
    list[str] | None,
    typer.Option("--range", help="Range of an input, as x0=-1:1; may be repeated.", metavar="NAME=LOW:HIGH"),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", help="Builds at the same time; one for each core by default.")
]

DEFAULT_PART = "xcvu9p-flga2577-2-e"
DEFAULT_PRECISION = "ap_fixed<16,6>"


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _parse_ranges(texts: Sequence[str] | None) -> dict[str, tuple[float, float]] | None:
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


@app.command()
@_answers
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
    as_json: Json = False,
) -> Answer:
    """Measure what every operator costs, and show its latency in clock cycles."""
    from lat_sr import profiles

    found = (
        profiles.load_profile(precision, part=part, clock_period=clock_period, toolchain=toolchain)
        if stored
        else profiles.profile(
            precision,
            part=part,
            clock_period=clock_period,
            toolchain=toolchain,
            operators=list(_names(operators)) or None,
        )
    )

    def show(console: Console) -> None:
        from rich.table import Table

        names = ("latency_cycles", "delay_ps", "lut", "ff", "dsp", "bram")
        table = Table("operator", "implementation", *names, box=None, header_style="bold")
        for operator, costs in found.operators.items():
            for implementation, cost in costs.items():
                table.add_row(operator, implementation, *(f"{getattr(cost, name):g}" for name in names))
        console.print(table)

    return Answer({**found.model_dump(mode="json"), "complexity_map": found.complexity_map()}, show)


@app.command()
@_answers
def fit(
    data: Annotated[Path, typer.Argument(help="CSV, Parquet, NPZ or NPY.")],
    target: Annotated[list[str], typer.Option(help="Column to predict; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Run directory.")],
    features: Annotated[
        str | None, typer.Option(help="Input columns, separated by commas; the rest by default.")
    ] = None,
    weight: Annotated[str | None, typer.Option(help="Column with sample weights.")] = None,
    task: Annotated[
        Task, typer.Option(help="auto takes text and bool for classes, numbers for a regression.")
    ] = Task.auto,
    precision: PrecisionText = DEFAULT_PRECISION,
    max_latency: Annotated[int | None, typer.Option(help="Most clock cycles.")] = None,
    max_lut: Annotated[int | None, typer.Option(help="Most look-up tables.")] = None,
    max_dsp: Annotated[int | None, typer.Option(help="Most DSP slices.")] = None,
    part: Part = DEFAULT_PART,
    clock_period: Clock = 5.0,
    clock_uncertainty: Annotated[float, typer.Option(help="Nanoseconds of the period not for logic.")] = 0.0,
    toolchain: ToolchainName = "auto",
    unary: Annotated[str, typer.Option(help="Unary operators, separated by commas.")] = "sin,exp",
    binary: Annotated[str, typer.Option(help="Binary operators, separated by commas.")] = "+,-,*",
    maxsize: Annotated[int, typer.Option(help="Most nodes of a formula.")] = 30,
    loss: Annotated[
        str, typer.Option(help="auto, l2, l1, huber; for classes also l2_margin and logistic.")
    ] = "auto",
    select_features: Annotated[int | None, typer.Option(help="Keep so many features, by importance.")] = None,
    selection: Annotated[
        str, typer.Option(help="Formula to use: accuracy, best, score, or its row.")
    ] = "accuracy",
    seconds: Annotated[
        float | None, typer.Option(help="Time of the search; 60 unless --evaluations is given.")
    ] = None,
    evaluations: Annotated[int | None, typer.Option(help="Formulas to try for each output.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of search and hold-out.")] = None,
    holdout: Annotated[float, typer.Option(help="Share of the rows kept from the search, for verify.")] = 0.2,
    threads: Annotated[int, typer.Option(help="Threads of the search; -1 for all cores.")] = -1,
    as_json: Json = False,
) -> Answer:
    """Search formulas under a budget; leaves model.json, front.csv and run.json in the run directory."""
    from lat_sr.reporting.columns import FRONT_COLUMNS
    from lat_sr.run_directory import front_table, prepare_run, write_run
    from lat_sr.samples import file_digest, read_samples

    prepare_run(out)
    samples = read_samples(data, target, features=_names(features) or None, weight=weight)
    classify = samples.labelled if task is Task.auto else task is Task.classification
    estimator = _estimator(classify)(
        precision=precision,
        max_latency=max_latency,
        max_lut=max_lut,
        max_dsp=max_dsp,
        part=part,
        clock_period=clock_period,
        clock_uncertainty=clock_uncertainty,
        toolchain=toolchain,
        unary_operators=_names(unary),
        binary_operators=_names(binary),
        maxsize=maxsize,
        loss=loss,
        select_k_features=select_features,
        timeout=60.0 if seconds is None and evaluations is None else seconds,
        max_evaluations=evaluations,
        model_selection=int(selection) if selection.lstrip("-").isdigit() else selection,
        random_state=seed,
        n_jobs=threads,
        verbose=1,
    )
    kept, held = _hold_out(samples.y, holdout, classify=classify, seed=seed)
    names = list(target) if samples.y.ndim > 1 else target[0]
    y = _named(samples.y, names)
    weights = None if samples.weights is None else samples.weights[kept]
    model = estimator.fit(samples.X.iloc[kept], y.iloc[kept], weights)
    rows = held if len(held) else kept
    write_run(
        model,
        out,
        sample=(samples.X.to_numpy()[rows][:_SAMPLE_ROWS], samples.y[rows][:_SAMPLE_ROWS]),
        held_out=len(held) > 0,
        data={
            "path": str(data.resolve()),
            "sha256": file_digest(data),
            "rows": len(samples.X),
            "rows_fitted": len(kept),
            "targets": list(target),
            "holdout": holdout,
            "seed": seed,
        },
    )
    front = front_table(model)
    document = {"out": str(out), "latency_predicted": model.latency_, "front": _records(front)}
    return Answer(document, _show_table(front, FRONT_COLUMNS, leave_out=("score", "delay_ps")))


# Rows kept in a run directory.
_SAMPLE_ROWS = 5000


def _estimator(classify: bool) -> Any:
    from lat_sr.estimators import LatencyAwareClassifier, LatencyAwareRegressor

    return LatencyAwareClassifier if classify else LatencyAwareRegressor


def _named(y: Any, names: Any) -> Any:
    import pandas as pd

    return pd.Series(y, name=names) if y.ndim == 1 else pd.DataFrame(y, columns=names)


def _hold_out(y: Any, share: float, *, classify: bool, seed: int | None) -> tuple[Any, Any]:
    """Row numbers to fit, and to keep from the fit; the latter are empty for a share of 0."""
    import numpy as np
    from sklearn.model_selection import train_test_split

    if not 0 <= share < 1:
        raise InputError(f"--holdout is {share}; a share of at least 0 and below 1 is expected")
    rows = np.arange(len(y))
    if share == 0 or len(y) * min(share, 1 - share) < 1:
        return rows, rows[:0]
    smallest = min(np.unique(y, return_counts=True)[1]) if classify else 0
    kept, held = train_test_split(
        rows,
        test_size=share,
        random_state=seed,
        stratify=y if smallest * min(share, 1 - share) >= 1 else None,
    )
    return np.sort(kept), np.sort(held)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(record) for record in frame.astype(object).where(frame.notna(), None).to_dict("records")]


@app.command()
@_answers
def verify(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    limit: Annotated[
        int | None, typer.Option(help="Build at most so many points, spread over the front.")
    ] = None,
    jobs: Jobs = None,
    toolchain: Annotated[str | None, typer.Option(help="Another toolchain than the run's.")] = None,
    as_json: Json = False,
) -> Answer:
    """Build every point of a run's front and compare it with the prediction; leaves verification.csv."""
    from lat_sr import run_directory, verification
    from lat_sr.reporting.columns import VERIFICATION_COLUMNS

    loaded = run_directory.read_run(run)
    run_directory.prepare_run(run)
    with _progress("building") as progress:
        report = verification.verify(
            loaded.model, limit=limit, n_jobs=jobs, toolchain=toolchain, progress=progress
        )
    run_directory.write_verification(run, report.table)
    show = _show_table(report.table, VERIFICATION_COLUMNS, leave_out=_WIDE)
    return Answer(report.to_dict(), show, _refusal(report))


# Left out of the terminal's verification table; they are in the file and in the report.
_WIDE = ("loss", "complexity", "ff", "bram", "clock_ns", "vectors", "max_error", "overflow_rows", "selected")


def _refusal(report: Any) -> VerificationError | None:
    try:
        report.require_passed()
    except VerificationError as error:
        return error
    return None


@app.command()
@_answers
def export(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    out: Annotated[Path, typer.Option(help="Directory of the project.")],
    flavor: Annotated[Flavor, typer.Option(help="Kind of project.")] = Flavor.verilog,
    as_json: Json = False,
) -> Answer:
    """Write the selected circuit of a run as RTL with a self-checking test bench, or as an HLS project."""
    from lat_sr.run_directory import read_run

    files = read_run(run).model.export(out, flavor.value)
    return Answer(
        {"out": str(out), "flavor": flavor.value, "files": files},
        lambda console: console.print(*files, sep="\n"),
    )


@app.command()
@_answers
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
    from lat_sr.estimators.hardware import Hardware
    from lat_sr.expression import parse

    roots = [parse(text) for text in expressions]
    hardware = Hardware.resolve(
        precision=precision,
        part=part,
        clock_period=clock_period,
        clock_uncertainty=0.0,
        timing_derate=1.0,
        toolchain=toolchain,
        profile=None,
        latency_model=latency_model,
        implementations="table",
        operators=sorted({name for root in roots for name in root.operator_counts}),
    )
    circuit = hardware.circuit(roots, None, ranges=_parse_ranges(ranges))
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
    return Answer(document, functools.partial(_show_values, document))


def _joined(expressions: Sequence[str]) -> str:
    """One text for a circuit of several outputs, as in ``verification.csv``."""
    return "; ".join(expressions)


def _show_values(document: Mapping[str, Any], console: Console) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None)
    for name, value in document.items():
        table.add_row(name, escape(f"{value:g}" if isinstance(value, float) else str(value)))
    console.print(table)


@app.command()
@_answers
def build(
    expressions: Annotated[list[str], typer.Argument(help="Formulas, one for each output of the circuit.")],
    precision: PrecisionText = DEFAULT_PRECISION,
    part: Part = DEFAULT_PART,
    clock_period: Clock = 5.0,
    toolchain: ToolchainName = "auto",
    ranges: Ranges = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the project.")] = None,
    as_json: Json = False,
) -> Answer:
    """Build formulas as one circuit, simulate it and measure it."""
    from lat_sr import toolchains, verification
    from lat_sr.front import Budget

    built = toolchains.build(
        expressions,
        precision,
        ranges=_parse_ranges(ranges),
        toolchain=toolchain,
        out=out,
        part=part,
        clock_period=clock_period,
    )
    failure = "; ".join(verification.failure_reasons(built, Budget()))
    document = {
        "equation": _joined(expressions),
        "latency_predicted": built.latency_predicted,
        "lut_predicted": built.lut_predicted,
        "dsp_predicted": built.dsp_predicted,
        **verification.reported(built),
        "failure": failure,
    }
    refusal = VerificationError(f"{_joined(expressions)}: {failure}") if failure else None
    return Answer(document, functools.partial(_show_values, document), refusal)


@app.command()
@_answers
def report(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    out: Annotated[
        Path | None, typer.Option(help="The page; report.html in the run directory by default.")
    ] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "lat_sr report",
    as_json: Json = False,
) -> Answer:
    """Write the one-page HTML report of a run."""
    from lat_sr.run_directory import read_run, write_report

    path = write_report(read_run(run), out, title=title)
    return Answer({"report": str(path)}, lambda console: console.print(str(path)))


@app.command()
@_answers
def demo(
    out: Annotated[Path, typer.Option(help="Run directory.")] = Path("demo"),
    seconds: Annotated[float, typer.Option(help="Time of the search.")] = 30.0,
    seed: Annotated[int, typer.Option(help="Of the split and the search.")] = 0,
    limit: Annotated[int, typer.Option(help="Most formulas to build.")] = 8,
    as_json: Json = False,
) -> Answer:
    """Top tagger on the shipped jets: search under 3 clock cycles, build the front, write the report."""
    from lat_sr.demo import run_demo
    from lat_sr.reporting.columns import VERIFICATION_COLUMNS

    with _progress("building") as progress:
        result = run_demo(out, seconds=seconds, seed=seed, limit=limit, progress=progress)
    table = result.verification.table

    def show(console: Console) -> None:
        console.print(_table(table, VERIFICATION_COLUMNS, _WIDE))
        same = int((table["latency_predicted"] == table["latency_actual"]).sum())
        console.print(
            f"{len(table)} of {result.verification.points} points built, predicted latency is the actual one "
            f"for {same}. Report: {result.report}"
        )

    document = {"out": str(out), "report": str(result.report), **result.verification.to_dict()}
    return Answer(document, show, _refusal(result.verification))


def main() -> None:
    """Run the command line."""
    app()
