"""Measuring a profile: every operator as a circuit of its own, built by the toolchain."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from lat_sr.circuit import trace
from lat_sr.costs.profile import OperatorCost, OperatorProfile, Provenance
from lat_sr.costs.store import DEFAULT_PART, profile_path
from lat_sr.datapath import Datapath, lower
from lat_sr.errors import OperatorError
from lat_sr.expression import Call, Constant, Expression, Variable
from lat_sr.files import cache_directory
from lat_sr.jobs import number_of_jobs
from lat_sr.operators import OPERATORS, get_operator
from lat_sr.precision import Precision
from lat_sr.target import Target
from lat_sr.toolchains import get_toolchain
from lat_sr.toolchains.base import Toolchain
from lat_sr.toolchains.open import yosys
from lat_sr.toolchains.open.emission import emit, mapping_sources, pipeline
from lat_sr.toolchains.open.toolchain import OpenToolchain
from lat_sr.toolchains.parallel import completed
from lat_sr.toolchains.run.process import Cancellation, listening

# Range of a function's argument: standardised data and what is made of them. Narrower where the domain or the
# precision is.
ARGUMENT_RANGE = 8.0
POWER = 3  # the exponent that stands for all of `pow`


@dataclass(frozen=True, slots=True)
class Subject:
    """One implementation of one operator, to be measured.

    Attributes
    ----------
    operator, implementation : str
    """

    operator: str
    implementation: str

    def expression(self) -> Expression:
        """The operator applied to variables."""
        operator = get_operator(self.operator)
        if self.operator == "pow":
            return Call("pow", (Variable("x0"), Constant(float(POWER))))
        return Call(self.operator, tuple(Variable(f"x{i}") for i in range(operator.arity)))

    def datapath(self, precision: Precision) -> Datapath:
        """The operator as a circuit, over the usual range of its arguments."""
        domain = get_operator(self.operator).domain
        ranges = {}
        for number, part in enumerate(domain):
            low = max(part.lower, precision.minimum, -ARGUMENT_RANGE)
            high = min(part.upper, precision.maximum, ARGUMENT_RANGE)
            # One step inside of an open end, where the function has a value.
            ranges[f"x{number}"] = (
                low + precision.lsb * part.lower_open,
                high - precision.lsb * part.upper_open,
            )
        style = "interp" if self.implementation == "interp" else "table"
        return lower(self.expression(), precision, ranges=ranges, implementations=style)


Measurer = Callable[[Subject], OperatorCost]


def profile(
    precision: Precision | str,
    *,
    part: str = DEFAULT_PART,
    clock_period: float = 5.0,
    toolchain: str = "auto",
    operators: Sequence[str] | None = None,
    out: str | Path | None = None,
    n_jobs: int | None = None,
    progress: bool = True,
    log: Callable[[str, str], object] | None = None,
) -> OperatorProfile:
    """Measure the cost of operators at one precision, or read what was measured before.

    Every finished operator is kept at once: a second start goes on where the first was stopped.

    Parameters
    ----------
    precision : Precision or str
    part : str
    clock_period : float
        Nanoseconds.
    toolchain : str
        ``"auto"`` takes the open toolchain; ``"vitis"`` and ``"vivado"`` need the vendor's.
    operators : sequence of str, optional
        All of the operator table if not given.
    out : path, optional
        File of the profile; its place in the store of this machine if not given.
    n_jobs : int, optional
        Operators measured at a time; the number of processors if not given.
    progress : bool
        Whether to draw a progress bar on standard error, where that is a terminal.
    log : callable, optional
        Called with operator and implementation as one text, and a line that a tool has just printed for it.

    Returns
    -------
    OperatorProfile

    Raises
    ------
    OperatorError
        An operator is unknown.
    ToolError
        The toolchain is missing or fails.
    StorageError
        The profile cannot be written.
    """
    precision = Precision.parse(precision)
    tool = get_toolchain(toolchain)
    if hasattr(tool, "vectors"):
        tool.vectors = 0  # bits are checked where formulas are built
    versions: Callable[[], dict[str, str]] = getattr(
        tool, "tool_versions", lambda: {tool.name: tool.version()}
    )
    target = Target(part, clock_period, toolchain=tool.name)
    wanted = subjects(operators)
    if out is None:
        name = profile_path(part, tool.name, tool.version(), clock_period, precision)
        out = cache_directory() / "operator_profiles" / name
    empty = OperatorProfile(
        part=part,
        toolchain=tool.name,
        toolchain_version=tool.version(),
        clock_period=clock_period,
        precision=str(precision),
        provenance=Provenance(
            kind="measured",
            tools=versions(),
            date=time.strftime("%Y-%m-%d"),
            timing_source=getattr(tool, "timing_source", ""),
        ),
        operators={},
    )
    return measure(
        empty,
        wanted,
        _measurer(tool, precision, target, log),
        Path(out),
        n_jobs=n_jobs,
        progress=progress,
        cancellation=getattr(tool, "cancellation", None),
    )


def subjects(operators: Iterable[str] | None = None) -> list[Subject]:
    """Every implementation of the given operators.

    Raises
    ------
    OperatorError
        An operator is unknown, or not one of the built-in table that the circuits are made of.
    """
    names = [get_operator(name).name for name in operators] if operators is not None else list(OPERATORS)
    if not names:
        raise OperatorError(f"no operator to profile; name some of {', '.join(OPERATORS)}")
    return [
        Subject(name, implementation)
        for name in dict.fromkeys(names)
        for implementation in _implementations(name)
    ]


def _implementations(name: str) -> tuple[str, ...]:
    # A quotient is a product with a reciprocal, which is a table.
    return ("table", "interp") if name == "/" else get_operator(name).implementations


def measure(
    empty: OperatorProfile,
    wanted: Sequence[Subject],
    measurer: Measurer,
    path: Path,
    *,
    n_jobs: int | None,
    progress: bool,
    cancellation: Cancellation | None = None,
) -> OperatorProfile:
    """Fill a profile, starting from what its file or its unfinished file already holds.

    Parameters
    ----------
    empty : OperatorProfile
        Says what is measured.
    wanted : sequence of Subject
    measurer : callable
        Gives the cost of one subject.
    path : Path
        Where the finished profile goes; the unfinished one lies beside it as ``.partial.json``.
    n_jobs : int or None
    progress : bool
    cancellation : Cancellation, optional
        Ends the programs of measurements that are under way when an exception ends the whole, Ctrl-C too.
    """
    workers = number_of_jobs(n_jobs)
    unfinished = path.with_suffix(".partial.json")
    current = empty
    for earlier in (path, unfinished):
        if earlier.exists():
            known = OperatorProfile.load(earlier)
            if (known.precision, known.target) == (empty.precision, empty.target):
                current = known
    waiting = [s for s in wanted if s.implementation not in current.operators.get(s.operator, {})]
    if not waiting and path.exists() and not unfinished.exists():
        return current
    console = Console(stderr=True)
    bar = Progress(console=console, disable=not (progress and sys.stderr.isatty()))
    with bar, closing(completed(measurer, waiting, workers, cancellation)) as measured:
        task = bar.add_task(f"{empty.precision} at {empty.clock_period:g} ns", total=len(waiting))
        for subject, cost in measured:
            costs = {**current.operators.get(subject.operator, {}), subject.implementation: cost}
            current = current.model_copy(update={"operators": {**current.operators, subject.operator: costs}})
            current.save(unfinished)
            bar.advance(task)
    order = [name for name in OPERATORS if name in current.operators]
    rest = [name for name in current.operators if name not in order]
    current = current.model_copy(
        update={"operators": {name: current.operators[name] for name in order + rest}}
    )
    current.save(path)
    unfinished.unlink(missing_ok=True)
    return current


def _measurer(
    tool: Toolchain,
    precision: Precision,
    target: Target,
    log: Callable[[str, str], object] | None,
) -> Measurer:
    def measurer(subject: Subject) -> OperatorCost:
        name = f"{subject.operator} {subject.implementation}"
        with listening(None if log is None else partial(log, name)):
            return _measured(tool, subject.datapath(precision), target)

    return measurer


def _measured(tool: Toolchain, datapath: Datapath, target: Target) -> OperatorCost:
    report = tool.build(datapath, target)
    delay = dict(report.stages_tried).get(1)
    # Only the open toolchain builds a circuit in as many stages as asked for.
    if delay is None and isinstance(tool, OpenToolchain):
        delay = _single_stage_delay(datapath, target, tool)
    index, result = _table_formats(datapath)
    return OperatorCost(
        latency_cycles=report.latency_cycles,
        delay_ps=delay,
        lut=report.lut,
        ff=report.ff,
        dsp=report.dsp,
        bram=report.bram,
        input_format=index,
        output_format=result,
        meets_clock=report.meets_clock,
    )


def _single_stage_delay(datapath: Datapath, target: Target, tool: OpenToolchain) -> float:
    """Longest path in picoseconds with a register at the output only."""
    circuit = trace(datapath)
    fsm = pipeline(circuit, [0] * len(circuit.ops), datapath.precision)
    results = yosys.synthesis_plan({"single": mapping_sources(fsm, emit(fsm, target))}).execute(
        timeout=tool.timeout, cancellation=tool.cancellation
    )
    return float(yosys.mapped_designs(results)["single"].critical_path_ps)


def _table_formats(datapath: Datapath) -> tuple[str, str]:
    """Formats of the widest table's index and entries."""
    lookups = [node for node in datapath.nodes if node.kind.value == "lookup"]
    if not lookups:
        return "", ""
    largest = max(lookups, key=lambda node: len(datapath.tables[node.index].entries))
    index = datapath.nodes[largest.operands[0]]

    def text(width: int, integer: int, signed: bool) -> str:
        return str(Precision(width, integer, signed))

    return (
        text(index.width, index.integer, index.signed),
        text(largest.width, largest.integer, largest.signed),
    )


__all__ = ["ARGUMENT_RANGE", "Measurer", "Subject", "measure", "profile", "subjects"]
