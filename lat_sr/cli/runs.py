"""Commands about run directories: fit, verify, export, report, demo."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console

import lat_sr
from lat_sr import verification
from lat_sr.cli.answers import Answer, answers, progress_bar, show_table, table_of, tool_lines
from lat_sr.cli.demo import run_demo
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
    Row,
    Task,
    ToolchainName,
    Verbose,
    comma_separated,
    named,
    parse_options,
    parse_row,
    parse_tables,
    toolchain_with_options,
)
from lat_sr.cli.sample_files import file_digest, read_samples
from lat_sr.errors import InputError, VerificationError
from lat_sr.reporting.columns import FRONT_COLUMNS, VERIFICATION_COLUMNS
from lat_sr.runs import directory as run_directory
from lat_sr.runs.checkpoint import unfinished_seed
from lat_sr.runs.directory import front_table, prepare_run, read_run, write_report, write_run
from lat_sr.toolchains import exporting

if TYPE_CHECKING:
    import pandas as pd


@answers
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
    unary_operators: Annotated[str, typer.Option(help="Unary operators, separated by commas.")] = "sin,exp",
    binary_operators: Annotated[str, typer.Option(help="Binary operators, separated by commas.")] = "+,-,*",
    maxsize: Annotated[int, typer.Option(help="Most nodes of a formula.")] = 30,
    engine: Annotated[str, typer.Option(help="native, or pysr, which needs Julia.")] = "native",
    engine_option: Annotated[
        list[str] | None,
        typer.Option(help="Setting of the engine, as populations=4; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    loss: Annotated[
        str,
        typer.Option(
            help="auto, l2, l1, huber, quantile; for classes also l2_margin, logistic and cross_entropy."
        ),
    ] = "auto",
    loss_parameter: Annotated[
        float | None, typer.Option(help="Threshold of huber, or the quantile of quantile.")
    ] = None,
    multi_output: Annotated[
        str, typer.Option(help="Several outputs: separate searches, a joint one, or auto.")
    ] = "auto",
    select_k_features: Annotated[
        int | None, typer.Option(help="Keep so many features, by importance.")
    ] = None,
    model_selection: Annotated[
        str, typer.Option(help="Formula to use: accuracy, best, score, or its row.")
    ] = "accuracy",
    timeout: Annotated[
        float | None, typer.Option(help="Seconds of the search; 60 unless --max-evaluations is given.")
    ] = None,
    max_evaluations: Annotated[int | None, typer.Option(help="Formulas to try for each output.")] = None,
    random_state: Annotated[int | None, typer.Option(help="Seed of search and hold-out.")] = None,
    holdout: Annotated[float, typer.Option(help="Share of the rows kept from the search, for verify.")] = 0.2,
    n_jobs: Annotated[int, typer.Option(help="Threads of the search; -1 for all cores.")] = -1,
    as_json: Json = False,
) -> Answer:
    """Search formulas under a budget; leaves model.json, front.csv and run.json in the run directory.

    The state of the search is kept there: killed and started again with the same options, it goes on where it was.
    """
    prepare_run(out)
    kept_seed = unfinished_seed(out)
    if kept_seed is not None:
        typer.echo(f"lat-sr: going on with the unfinished search in {out}", err=True)
    if random_state is None:
        random_state = secrets.randbelow(2**31) if kept_seed is None else kept_seed
    samples = read_samples(data, target, features=comma_separated(features) or None, weight=weight)
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
        unary_operators=comma_separated(unary_operators),
        binary_operators=comma_separated(binary_operators),
        maxsize=maxsize,
        engine=engine,
        engine_options=parse_options(engine_option),
        loss=loss,
        loss_parameter=loss_parameter,
        multi_output=multi_output,
        select_k_features=select_k_features,
        timeout=60.0 if timeout is None and max_evaluations is None else timeout,
        max_evaluations=max_evaluations,
        model_selection=parse_row(model_selection),
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=1,
    )
    kept, held = _hold_out(samples.y, holdout, classify=classify, seed=random_state)
    names = list(target) if samples.y.ndim > 1 else target[0]
    y = _named(samples.y, names)
    weights = None if samples.weights is None else samples.weights[kept]
    model = estimator.fit(samples.X.iloc[kept], y.iloc[kept], weights, checkpoint=out)
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
            "seed": random_state,
        },
    )
    front = front_table(model.solution_)
    document = {"out": str(out), "latency_predicted": model.latency_, "front": _records(front)}
    return Answer(document, show_table(front, FRONT_COLUMNS, leave_out=("score", "delay_ps")))


# Rows kept in a run directory.
_SAMPLE_ROWS = 5000


def _estimator(classify: bool) -> Any:
    # By way of the package, which imports them when they are used: scikit-learn takes seconds.
    return lat_sr.LatencyAwareClassifier if classify else lat_sr.LatencyAwareRegressor


def _named(y: Any, names: Any) -> Any:
    import pandas as pd

    return pd.Series(y, name=names) if y.ndim == 1 else pd.DataFrame(y, columns=names)


def _hold_out(y: Any, share: float, *, classify: bool, seed: int | None) -> tuple[Any, Any]:
    """Row numbers to fit, and to keep from the fit; the latter are empty for a share of 0."""
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


@answers
def verify(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    limit: Annotated[
        int | None, typer.Option(help="Build at most so many points, spread over the front.")
    ] = None,
    row: Row = None,
    n_jobs: Jobs = None,
    toolchain: Annotated[str | None, typer.Option(help="Another toolchain than the run's.")] = None,
    implementation: Implementation = False,
    co_simulation: CoSimulation = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> Answer:
    """Build every point of a run's front, or one row, and compare with the prediction; leaves verification.csv.

    What is built is kept: stopped and started again, it goes on where it was.
    """
    loaded = run_directory.read_run(run)
    run_directory.prepare_run(run)
    with progress_bar("building") as progress:
        report = verification.verify(
            loaded.solution,
            index=parse_row(row),
            limit=limit,
            n_jobs=n_jobs,
            toolchain=toolchain_with_options(
                toolchain or loaded.solution.target.toolchain,
                implementation=implementation,
                co_simulation=co_simulation,
            ),
            progress=progress,
            log=tool_lines(verbose),
        )
    run_directory.write_verification(run, report.table)
    show = show_table(report.table, VERIFICATION_COLUMNS, leave_out=_WIDE)
    return Answer(report.to_dict(), show, _refusal(report))


# Left out of the terminal's verification table; they are in the file and in the report.
_WIDE = ("loss", "complexity", "ff", "bram", "clock_ns", "vectors", "max_error", "overflow_rows", "selected")


def _refusal(report: Any) -> VerificationError | None:
    try:
        report.require_passed()
    except VerificationError as error:
        return error
    return None


@answers
def export(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    out: Annotated[Path, typer.Option(help="Directory of the project.")],
    row: Row = None,
    kind: Annotated[
        str,
        typer.Option(
            help="rtl, vivado (RTL and its script), hls (C++ with the circuit's own bits) or hls4ml."
        ),
    ] = "rtl",
    flavor: Annotated[
        str | None, typer.Option(help="verilog or vhdl of RTL, vitis or vivado of HLS; the first by default.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(
            help="hls4ml: a function as a table; may be repeated. Others are the vendor's.",
            metavar="NAME=START:STOP:SIZE",
        ),
    ] = None,
    input_precision: Annotated[
        list[str] | None,
        typer.Option(help="hls4ml: format of one input; may be repeated.", metavar="NAME=FORMAT"),
    ] = None,
    result_precision: Annotated[str | None, typer.Option(help="hls4ml: format of the outputs.")] = None,
    as_json: Json = False,
) -> Answer:
    """Write the selected circuit of a run, or that of a row, as RTL with a test bench or as an HLS project."""
    options = {
        "tables": parse_tables(table),
        "input_precisions": named(input_precision, "--input-precision", "'x0=ap_fixed<12,4>'"),
        "result_precision": result_precision,
    }
    given = {name: value for name, value in options.items() if value}
    solution = read_run(run).solution
    chosen = parse_row(row)
    files = exporting.export(
        solution if chosen is None else solution.select(chosen), out, flavor, kind=kind, **given
    )
    return Answer(
        {"out": str(out), "kind": kind, "files": files},
        lambda console: console.print(*files, sep="\n"),
    )


@answers
def report(
    run: Annotated[Path, typer.Argument(help="Run directory of lat-sr fit.")],
    out: Annotated[
        Path | None, typer.Option(help="The page; report.html in the run directory by default.")
    ] = None,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "lat_sr report",
    as_json: Json = False,
) -> Answer:
    """Write the one-page HTML report of a run."""
    path = write_report(read_run(run), out, title=title)
    return Answer({"report": str(path)}, lambda console: console.print(str(path)))


@answers
def demo(
    out: Annotated[Path, typer.Option(help="Run directory.")] = Path("demo"),
    timeout: Annotated[float, typer.Option(help="Seconds of the search.")] = 30.0,
    random_state: Annotated[int, typer.Option(help="Seed of the split and the search.")] = 0,
    limit: Annotated[int, typer.Option(help="Most formulas to build.")] = 8,
    as_json: Json = False,
) -> Answer:
    """Top tagger on the shipped jets: search under 3 clock cycles, build the front, write the report."""
    with progress_bar("building") as progress:
        result = run_demo(out, timeout=timeout, random_state=random_state, limit=limit, progress=progress)
    table = result.verification.table

    def show(console: Console) -> None:
        console.print(table_of(table, VERIFICATION_COLUMNS, _WIDE))
        same = int((table["latency_predicted"] == table["latency_actual"]).sum())
        console.print(
            f"{len(table)} of {result.verification.points} points built, predicted latency is the actual one "
            f"for {same}. Report: {result.report}"
        )
        for failure in result.verification.failures:
            console.print(failure, markup=False, highlight=False)

    document = {"out": str(out), "report": str(result.report), **result.verification.to_dict()}
    # A circuit that takes a cycle more than predicted is a finding of the demonstration; `verify` is the gate.
    return Answer(document, show)
