"""Pipeline schedules: which register stage every operation of a circuit belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lat_sr.errors import InputError
from lat_sr.latency.library import DelayLibrary
from lat_sr.latency.liveness import CONSTANT, INPUT, Operation, operations_of
from lat_sr.latency.mapping import Mapper, Net, Value, resources
from lat_sr.latency.operations import constant_value, evaluate

if TYPE_CHECKING:
    from alkaid.types import CombLogic

_PERIOD_STEP_PS = 1.0  # resolution of the balanced schedule's search for the shortest period


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stages of a circuit and what they cost.

    Parameters
    ----------
    stage : tuple of int
        The stage of every operation, from 0, in the order of the program's operations.
    stages : int
        Register stages between input and output port: the latency in clock cycles.
    stage_delay_ps : tuple of float
        Longest path of every stage, from port or register to register.
    fits : bool
        Whether every stage meets the available time.
    lut, dsp, ff : int
        Estimated resources.
    """

    stage: tuple[int, ...]
    stages: int
    stage_delay_ps: tuple[float, ...]
    fits: bool
    lut: int
    dsp: int
    ff: int

    @property
    def worst_ps(self) -> float:
        """The shortest clock period, in picoseconds, that this schedule meets."""
        return max(self.stage_delay_ps)


def schedule(
    comb: CombLogic, library: DelayLibrary, *, available_ps: float, stages: int | None = None
) -> Schedule:
    """Place pipeline registers.

    Parameters
    ----------
    comb : alkaid.types.CombLogic
        A combinational program.
    library : DelayLibrary
    available_ps : float
        Time between two registers.
    stages : int, optional
        Number of stages; the period is then made as short as that allows. Without it, the fewest stages whose
        paths fit `available_ps`.

    Returns
    -------
    Schedule
        With ``fits`` False where an operation alone is longer than the available time, or where `stages` are
        too few; ``worst_ps`` is then the clock that would do.

    Raises
    ------
    InputError
        `available_ps` is not positive or `stages` is less than 1.

    Examples
    --------
    >>> from lat_sr import lower, parse
    >>> from lat_sr.circuit import trace
    >>> from lat_sr.profiles import load_library
    >>> circuit = trace(lower(parse("x0*x1 + x2*x3 + x4*x5"), "ap_fixed<16,6>"))
    >>> schedule(circuit, load_library(), available_ps=5000.0).stages
    2
    """
    if not available_ps > 0:
        raise InputError(f"available_ps is {available_ps}; a positive number of picoseconds is expected")
    if stages is not None and stages < 1:
        raise InputError(f"stages is {stages}; at least one register stage is expected, at the output")
    problem = _Problem(comb, library)
    if stages is None:
        return problem.place(available_ps).finish(available_ps)
    # Latest possible start: a single stage. Fewer stages need a longer period, so bisection finds the shortest.
    longest = problem.place(float("inf")).worst()
    best = problem.place(longest)
    low, high = longest / stages / 2, longest
    while high - low > _PERIOD_STEP_PS:
        middle = (low + high) / 2
        placement = problem.place(middle)
        if placement.stages <= stages and placement.worst() <= max(middle, placement.worst_single):
            best, high = placement, min(middle, placement.worst())
            if placement.worst() >= middle:
                break
        else:
            low = middle
    return best.finish(available_ps)


class _Problem:
    def __init__(self, comb: CombLogic, library: DelayLibrary) -> None:
        self.operations = operations_of(comb)
        self.outputs = [index for index in comb.out_idxs if index >= 0]
        self.library = library

    def place(self, period_ps: float) -> _Placement:
        placement = _Placement(self, period_ps)
        for index in range(len(self.operations)):
            placement.add(index)
        return placement


@dataclass
class _Placement:
    """Operations placed one after the other, each in the earliest stage that has time for it."""

    problem: _Problem
    period_ps: float
    stage: list[int] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    delay: list[float] = field(default_factory=lambda: [0.0])
    worst_single: float = 0.0
    _registers: dict[tuple[Net, int], Net] = field(default_factory=dict)
    _origin: dict[Net, tuple[Net, int]] = field(default_factory=dict)
    _last_use: dict[tuple[Net, int], int] = field(default_factory=dict)

    @property
    def stages(self) -> int:
        return len(self.delay)

    def worst(self) -> float:
        return max(self.delay)

    def add(self, index: int) -> None:
        operation = self.problem.operations[index]
        if operation.opcode == INPUT:
            mapper = Mapper(self.problem.library)
            bits = [mapper.source(0.0) for _ in range(operation.width)]
            self._keep(0, Value([*bits], operation.signed, operation.fraction))
            return
        if operation.opcode == CONSTANT or not operation.live:
            self._keep(0, constant_value(operation) if operation.opcode == CONSTANT else _nothing(operation))
            return
        operands = operation.operands
        earliest = max((self.stage[k] for k in operands if not self._constant(k)), default=0)
        for stage in (earliest, earliest + 1):
            mapper = Mapper(self.problem.library)
            value = evaluate(mapper, operation, [self._at(k, stage) for k in operands])
            ready = mapper.at_register if index in self.problem.outputs else mapper.arrival
            latest = max(mapper.latest_open_end, *map(ready, value.bits))
            if latest <= self.period_ps:
                break
        else:
            self.worst_single = max(self.worst_single, latest)
        while self.stages <= stage:
            self.delay.append(0.0)
        self.delay[stage] = max(self.delay[stage], latest)
        self._keep(stage, value)

    def _keep(self, stage: int, value: Value) -> None:
        self.stage.append(stage)
        self.values.append(value)

    def _constant(self, index: int) -> bool:
        return not any(isinstance(bit, Net) for bit in self.values[index].bits)

    def _at(self, index: int, stage: int) -> Value:
        """A value as a later stage reads it: from registers."""
        value, made = self.values[index], self.stage[index]
        if made == stage:
            return value
        bits = [self._registered(bit, made, stage) if isinstance(bit, Net) else bit for bit in value.bits]
        return Value([*bits], value.signed, value.fraction)

    def _registered(self, net: Net, made: int, stage: int) -> Net:
        origin = self._origin.get(net, (net, made))
        self._last_use[origin] = max(self._last_use.get(origin, 0), stage)
        key = (origin[0], stage)
        if key not in self._registers:
            start = self.problem.library.flipflop.clock_to_output_ps
            held = self._registers[key] = Net(start, start)
            self._origin[held] = origin
        return self._registers[key]

    def finish(self, available_ps: float) -> Schedule:
        for index in self.problem.outputs:
            value, made = self.values[index], self.stage[index]
            for bit in value.bits:
                if isinstance(bit, Net):
                    self._last_use[self._origin.get(bit, (bit, made))] = self.stages
        lut, dsp = resources((net for net, _ in self._last_use), self.problem.library.lut.inputs)
        return Schedule(
            stage=tuple(self.stage),
            stages=self.stages,
            stage_delay_ps=tuple(self.delay),
            fits=self.worst() <= available_ps,
            lut=lut,
            dsp=dsp,
            ff=sum(last - made for (_, made), last in self._last_use.items()),
        )


def _nothing(operation: Operation) -> Value:
    return Value([0] * operation.width, operation.signed, operation.fraction)
