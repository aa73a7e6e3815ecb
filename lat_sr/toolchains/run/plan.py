"""Builds as data: files in memory and the commands to run on them."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lat_sr.errors import StorageError, ToolFailedError
from lat_sr.toolchains.run.process import Cancellation, run

Command = tuple[str, ...]


@dataclass(frozen=True)
class BuildPlan:
    """Files and the commands to run on them, before anything touches the disk.

    A plan can be looked at, compared, written out for another machine, or executed here.

    Parameters
    ----------
    files : mapping of str to str
        Relative path to content.
    commands : tuple of tuple of str
        Program and arguments of each step, run in the plan's directory.
    results : tuple of str
        Files that the commands make.
    environment : mapping of str to str
        Variables for the commands.

    Examples
    --------
    >>> plan = BuildPlan({"greeting": "hello"}, (("cp", "greeting", "copy"),), ("copy",))
    >>> plan.execute(timeout=10.0)
    {'copy': 'hello'}
    """

    files: Mapping[str, str]
    commands: tuple[Command, ...]
    results: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of everything but the environment, which holds paths of this machine."""
        text = json.dumps([sorted(self.files.items()), self.commands, self.results])
        return hashlib.sha256(text.encode()).hexdigest()

    def write(self, directory: Path) -> None:
        """Write the files.

        Raises
        ------
        StorageError
            The directory cannot be written.
        """
        try:
            for name, text in self.files.items():
                path = directory / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageError(f"cannot write {directory}: {error.strerror or error}") from error

    def execute(
        self,
        *,
        timeout: float,
        programs: Mapping[str, str] | None = None,
        cancellation: Cancellation | None = None,
    ) -> dict[str, str]:
        """Run the commands in a temporary directory, which is removed afterwards.

        Parameters
        ----------
        timeout : float
            Seconds for each command.
        programs : mapping of str to str, optional
            Paths of programs that are not to be looked up by their names.
        cancellation : Cancellation, optional

        Returns
        -------
        dict of str to str
            The text of each result.

        Raises
        ------
        ToolError
            See `lat_sr.toolchains.run.process.run`; also if a result is missing afterwards.
        """
        with tempfile.TemporaryDirectory(prefix="lat_sr_", ignore_cleanup_errors=True) as name:
            directory = Path(name)
            self.write(directory)
            log = ""
            for program, *arguments in self.commands:
                log = run(
                    ((programs or {}).get(program, program), *arguments),
                    directory,
                    timeout=timeout,
                    environment=self.environment,
                    cancellation=cancellation,
                )
            texts = {}
            for result in self.results:
                try:
                    texts[result] = (directory / result).read_text(encoding="utf-8")
                except OSError as error:
                    last = self.commands[-1][0]
                    raise ToolFailedError(f"{last} ended without writing {result}", log) from error
            return texts
