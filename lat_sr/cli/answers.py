"""How every command answers: one JSON document, tables for people, errors in one line, exit codes."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lat_sr.errors import InputError, LatSrError, ProfileNotFoundError, VerificationError
from lat_sr.reporting.columns import Column, cell

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["Answer", "answers", "progress_bar", "show_table", "show_values", "table_of", "tool_lines"]


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


def answers(command: Callable[..., Answer]) -> Callable[..., None]:
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
    # The mark under an expression has no place in one line.
    return " ".join(text.split()).removesuffix(" ^")


def _console() -> Console:
    console = Console()
    # Tables in a file or a pipe have no window to fit into.
    return console if console.is_terminal else Console(width=200)


@contextlib.contextmanager
def progress_bar(title: str) -> Any:
    """A bar on stderr; gives the function to report (done, total) to."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def tool_lines(verbose: bool) -> Callable[[object, str], None] | None:
    """Shows on stderr what the tools print, each line with what it is about; nothing unless asked for."""
    if not verbose:
        return None
    # A bar that is drawn at the same time lets through what goes to the present stderr.
    return lambda subject, line: typer.echo(f"[{subject}] {line}", err=True)


def table_of(frame: pd.DataFrame, columns: Sequence[Column], leave_out: Sequence[str] = ()) -> Any:
    """Table for the terminal of the columns meant for people."""
    shown = [c for c in columns if c.shown and c.name in frame and c.name not in leave_out]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in shown:
        words = column.name in ("output", "equation", "metric", "failure")
        table.add_column(column.title, justify="left" if words else "right", overflow="fold")
    for record in frame[[column.name for column in shown]].itertuples(index=False, name=None):
        table.add_row(*(escape(cell(value, column)) for value, column in zip(record, shown, strict=True)))
    return table


def show_table(
    frame: pd.DataFrame, columns: Sequence[Column], *, leave_out: Sequence[str] = ()
) -> Callable[[Console], None]:
    """How to show a table."""
    return lambda console: console.print(table_of(frame, columns, leave_out))


def show_values(document: Mapping[str, Any]) -> Callable[[Console], None]:
    """How to show one value a line."""

    def show(console: Console) -> None:
        table = Table(show_header=False, box=None)
        for name, value in document.items():
            table.add_row(name, escape(f"{value:g}" if isinstance(value, float) else str(value)))
        console.print(table)

    return show
