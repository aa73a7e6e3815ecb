"""Commands about this machine: doctor."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from lat_sr.cli.answers import Answer, answers
from lat_sr.cli.doctor import examine
from lat_sr.cli.options import Json


@answers
def doctor(as_json: Json = False) -> Answer:
    """Say which engines and tools are found, in which version, and what to do about the others."""
    findings = examine()

    def show(console: Console) -> None:
        table = Table("", "", "needed for", "version, or what to do", box=None, header_style="bold")
        for finding in findings:
            mark = "[green]found[/]" if finding.found else "[yellow]missing[/]"
            table.add_row(finding.name, mark, finding.purpose, finding.version or finding.advice)
        console.print(table)

    return Answer({"tools": [asdict(finding) for finding in findings]}, show)
