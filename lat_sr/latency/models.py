"""Latency models: clock cycles and resources of formulas before anything is built.

``additive`` sums the cycles of every operator, which is what PySR's complexity does. ``critical_path`` takes the
longest path of integer cycles. ``scheduled`` places registers: with a delay library on the very circuit that would be
built, without one on the operators' own delays, chained inside the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from numpy.typing import ArrayLike

from lat_sr import _engine
from lat_sr.circuit.tracing import traceable
from lat_sr.costs import OperatorCost, OperatorProfile, load_library
from lat_sr.costs.delay_library import DelayLibrary
from lat_sr.datapath import Datapath, lower
from lat_sr.datapath.native import native_port
from lat_sr.errors import InputError
from lat_sr.expression import Call, Expression, expand_user_operators, parse
from lat_sr.latency.native import native_library
from lat_sr.target import Target

MODELS = ("additive", "critical_path", "scheduled")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Predicted cost of the circuit of one or several formulas.

    Attributes
    ----------
    latency_cycles : int
        Register stages from input to output port.
    delay_ps : float
        Longest path between registers in picoseconds; of the profile's operators, for models that know no circuit.
    lut, ff, dsp, bram : int
        Resources; sums over the operators where the model knows no circuit.
    model : str
        The latency model.
    meets_clock : bool
        False where a single operation is longer than the clock period.
    """

    latency_cycles: int
    delay_ps: float
    lut: int
    ff: int
    dsp: int
    bram: int
    model: str
    meets_clock: bool = True


def estimate(
    expressions: str | Expression | Sequence[str | Expression],
    profile: OperatorProfile,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    *,
    X: ArrayLike | None = None,
    input_names: Sequence[str] | None = None,
    model: str = "scheduled",
    implementations: str | Mapping[str, str] = "table",
) -> Estimate:
    """Predict latency and resources of formulas that share one circuit.

    Parameters
    ----------
    expressions : str, Expression or sequence of them
        One per output.
    profile : OperatorProfile
        Gives the precision and the target.
    ranges : mapping of str to (float, float), optional
        Ranges of the inputs; the whole range of the precision where none is given.
    X : array_like, shape (n_samples, n_inputs), optional
        Data that give the ranges instead.
    input_names : sequence of str, optional
        The ports; the variables of the formulas if not given.
    model : {"scheduled", "critical_path", "additive"}
    implementations : str or mapping of str to str
        How functions are made; see `lat_sr.lower`.

    Returns
    -------
    Estimate

    Raises
    ------
    ProfileError
        The profile lacks an operator.

    Examples
    --------
    >>> import lat_sr
    >>> published = lat_sr.load_profile("ap_fixed<16,6>", toolchain="vivado_hls")
    >>> lat_sr.estimate("sin(x0)*x1 - 0.5", published, model="critical_path").latency_cycles
    10
    """
    if model not in MODELS:
        raise InputError(f"latency model {model!r} is unknown; use one of {', '.join(MODELS)}")
    given = [expressions] if isinstance(expressions, (str, Expression)) else list(expressions)
    roots = [parse(item, input_names) if isinstance(item, str) else item for item in given]
    if model == "scheduled" and profile.toolchain == "open":
        datapath = lower(
            roots,
            profile.precision,
            input_names=input_names,
            X=X,
            ranges=ranges,
            implementations=implementations,
        )
        return estimate_datapath(datapath, profile.target, load_library(part=profile.part))
    return _of_operators([expand_user_operators(root) for root in roots], profile, model, implementations)


def estimate_datapath(datapath: Datapath, target: Target, library: DelayLibrary) -> Estimate:
    """Predict the cost of a datapath by scheduling the circuit that would be built.

    Parameters
    ----------
    datapath : Datapath
    target : Target
    library : DelayLibrary
    """
    cost = _circuit_cost(library, target.available_ps)
    circuit = cost(traceable(datapath), native_port(datapath.precision))
    return Estimate(
        circuit.latency_cycles,
        circuit.delay_ps,
        circuit.lut,
        circuit.ff,
        circuit.dsp,
        0,
        "scheduled",
        circuit.fits,
    )


@lru_cache(maxsize=16)
def _circuit_cost(library: DelayLibrary, available_ps: float) -> _engine.CircuitCost:
    return _engine.CircuitCost(native_library(library), available_ps)


# The combination of an operator's start with its own cost, by model: (cycle, picoseconds into it).
_Moment = tuple[int, float]


def _of_operators(
    roots: Sequence[Expression],
    profile: OperatorProfile,
    model: str,
    implementations: str | Mapping[str, str],
) -> Estimate:
    period = profile.target.available_ps
    costs: dict[Expression, OperatorCost] = {}
    ends: dict[Expression, _Moment] = {}
    finish = _chained(period) if model == "scheduled" else _whole_cycles
    for root in roots:
        for node in root.walk("post"):
            if node in ends:
                continue
            start = max((ends[operand] for operand in node.operands), default=(0, 0.0))
            if isinstance(node, Call):
                costs[node] = profile.cost(node.operator, _implementation(node, profile, implementations))
                ends[node] = finish(start, costs[node])
            else:
                ends[node] = start
    if model == "additive":
        # Every occurrence counts, equal ones too, as in a sum over the tree.
        cycles = sum(
            costs[node].latency_cycles for root in roots for node in root.walk() if isinstance(node, Call)
        )
    else:
        cycle, into = max(ends[root] for root in roots)
        cycles = cycle + (into > 0)
    delays = [cost.delay_ps or cost.latency_cycles * period for cost in costs.values()]
    return Estimate(
        latency_cycles=max(1, cycles),
        delay_ps=min(max(delays, default=0.0), period),
        lut=sum(cost.lut or 0 for cost in costs.values()),
        ff=sum(cost.ff or 0 for cost in costs.values()),
        dsp=sum(cost.dsp or 0 for cost in costs.values()),
        bram=sum(cost.bram or 0 for cost in costs.values()),
        model=model,
        meets_clock=all(cost.meets_clock for cost in costs.values()),
    )


def _implementation(
    node: Call, profile: OperatorProfile, implementations: str | Mapping[str, str]
) -> str | None:
    chosen = implementations if isinstance(implementations, str) else implementations.get(node.operator)
    return chosen if chosen in profile.operators.get(node.operator, {}) else None


def _whole_cycles(start: _Moment, cost: OperatorCost) -> _Moment:
    return start[0] + cost.latency_cycles, 0.0


def _chained(period: float) -> Callable[[_Moment, OperatorCost], _Moment]:
    """Operators follow each other inside a cycle while they fit; a longer one starts with a cycle of its own."""

    def finish(start: _Moment, cost: OperatorCost) -> _Moment:
        cycle, into = start
        if cost.delay_ps is None:
            # Only whole cycles are published: the result leaves a register.
            return cycle + (into > 0) + cost.latency_cycles, 0.0
        if into + cost.delay_ps <= period:
            return cycle, into + cost.delay_ps
        if cost.delay_ps <= period:
            return cycle + 1, cost.delay_ps
        return cycle + (into > 0) + cost.latency_cycles, 0.0

    return finish
