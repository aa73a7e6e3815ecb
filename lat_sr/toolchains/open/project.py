"""Deployable projects: RTL, constraints, test bench, model."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path

from lat_sr.circuit import trace
from lat_sr.costs import DelayLibrary, load_library
from lat_sr.datapath import Datapath
from lat_sr.errors import InputError, StorageError
from lat_sr.latency.scheduling import Schedule, schedule
from lat_sr.target import Target
from lat_sr.toolchains.open.emission import emit, latency_of, pipeline
from lat_sr.toolchains.open.testbench import testbench
from lat_sr.toolchains.vectors import packed, port_integers, stimuli

FLAVORS = ("verilog", "vhdl")
_VECTORS = 1024
_OWN_DIRECTORIES = (
    "src",
    "sim",
)  # replaced as a whole, so that no file of an earlier export stays in between


def export(
    datapath: Datapath,
    directory: Path | str,
    flavor: str = "verilog",
    *,
    target: Target | None = None,
    stages: int | None = None,
    library: DelayLibrary | None = None,
) -> list[Path]:
    """Write a datapath as an RTL project.

    The directory then holds ``src/`` (RTL with the uppermost module ``top``, ``top.xdc`` for Vivado and ``top.sdc``
    for Quartus), ``sim/`` (a self-checking test bench with its vectors), scripts that build a project in either
    tool, and ``model.json``, which `Datapath.from_dict` reads.

    ``top`` has the ports ``clk``, ``model_inp`` and ``model_out``: one field of the precision's width per input or
    output, the first in the lowest bits. It takes a vector in every clock cycle.

    Parameters
    ----------
    datapath : Datapath
    directory : path-like
        Made if it is missing. An earlier export in it is replaced.
    flavor : {"verilog", "vhdl"}
    target : Target, optional
        Part and clock.
    stages : int, optional
        Register stages; the fewest that the latency model trusts to meet the clock if not given.
    library : DelayLibrary, optional
        Delays for the schedule; those in the store for the part if not given.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        An unknown flavor.
    StorageError
        The directory cannot be written. What was there before is then still there.

    Examples
    --------
    >>> import tempfile
    >>> from lat_sr import lower, parse
    >>> directory = tempfile.mkdtemp()
    >>> files = export(lower(parse("x0*x1"), "ap_fixed<8,4>"), directory)  # doctest: +SKIP
    """
    return write_project(
        project_files(datapath, flavor, target or Target(), stages, library), Path(directory)
    )


def project_files(
    datapath: Datapath,
    flavor: str,
    target: Target,
    stages: int | None = None,
    library: DelayLibrary | None = None,
) -> dict[str, str]:
    """The files of an export, in memory; see `export`."""
    if flavor not in FLAVORS:
        raise InputError(f"flavor is {flavor!r}; allowed are {list(FLAVORS)}")
    placed = placed_schedule(datapath, target, stages, library)
    fsm = pipeline(trace(datapath), placed.stage, datapath.precision)
    files = emit(fsm, target, flavor)
    X = stimuli(datapath, _VECTORS)
    width = datapath.precision.width
    bench = testbench(
        flavor,
        packed(X, width),
        packed(port_integers(datapath, X), width),
        input_bits=width * max(len(datapath.input_names), 1),
        output_bits=width * len(datapath.outputs),
        latency=latency_of(fsm),
        clock_period=target.clock_period,
    )
    files |= {f"sim/{name}": text for name, text in bench.items()}
    files["model.json"] = json.dumps(datapath.to_dict(), indent=1) + "\n"
    return files


def placed_schedule(
    datapath: Datapath, target: Target, stages: int | None = None, library: DelayLibrary | None = None
) -> Schedule:
    """Where the registers of an export are, and what it is predicted to cost."""
    return schedule(
        trace(datapath),
        library or load_library(part=target.part),
        available_ps=target.available_ps,
        stages=stages,
    )


def write_project(files: dict[str, str], directory: Path) -> list[Path]:
    """Write files below a directory, all or none.

    Raises
    ------
    StorageError
        It cannot be written.
    """
    # Beside the target, so that moving into place is a rename.
    making = directory.with_name(f".{directory.name}.{secrets.token_hex(6)}.tmp")
    try:
        for name, text in files.items():
            path = making / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        directory.mkdir(parents=True, exist_ok=True)
        for entry in sorted(making.iterdir()):
            place = directory / entry.name
            if entry.name in _OWN_DIRECTORIES and place.is_dir():
                shutil.rmtree(place)
            entry.replace(place)
    except OSError as error:
        raise StorageError(
            f"cannot write the project to {directory}: {error.strerror or error}; "
            "choose a directory that can be written and has space left"
        ) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return [directory / name for name in sorted(files)]
