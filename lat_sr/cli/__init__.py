"""The command ``lat-sr``.

With ``--json`` a command prints one JSON document on stdout and nothing else there; everything meant for people goes to
stderr. Exit codes: 0 success, 1 a circuit misses its budget, its clock or a bit, 2 unusable input, 3 a tool or the disk
failed, 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

import lat_sr
from lat_sr.cli import formulas, machine, runs

__all__ = ["app", "main"]

app = typer.Typer(
    name="lat-sr",
    help="Formulas that fit a latency budget on an FPGA: searched, built, measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (
    formulas.profile,
    runs.fit,
    runs.verify,
    runs.export,
    runs.report,
    formulas.estimate,
    formulas.build,
    formulas.compare,
    runs.demo,
    machine.doctor,
):
    app.command()(_command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lat_sr {lat_sr.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass  # what the option asks for is done when it is read


def main() -> None:
    """Run the command line."""
    app()
