"""The search engine in C++."""

from __future__ import annotations

import hashlib
import math
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import islice, permutations
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np

from lat_sr import _engine
from lat_sr.errors import BudgetError, FormatError, InputError, OperatorError
from lat_sr.expression import Call, Constant, Expression, UserOperator, Variable, expand_user_operators
from lat_sr.expression.postfix import expressions_of, tree_of
from lat_sr.expression.user_operators import built_in_operators
from lat_sr.files import write_atomic
from lat_sr.jobs import number_of_jobs
from lat_sr.latency.cost_model import CostModel, FunctionCost, WidthCost
from lat_sr.losses import Floats
from lat_sr.operators import get_operator
from lat_sr.search.problem import Callback, Point, SearchProblem, SearchResult

# Least and most; whole numbers where the bounds are.
_ALLOWED: Mapping[str, tuple[float, float]] = {
    "populations": (1, 10_000),
    "population_size": (2, 1_000_000),
    "batch_size": (1, 2**40),
    "parsimony": (0.0, math.inf),
    "tournament_size": (1, 1_000_000),
    "epoch": (1, 10**9),
    "crossover_probability": (0.0, 1.0),
    "graft_probability": (0.0, 1.0),
    "fit_probability": (0.0, 1.0),
    "fit_steps": (0, 10_000),
    "polish_steps": (0, 10_000),
    "crowding": (0.0, math.inf),
    "migration": (0.0, 1.0),
    "archive_migration": (0.0, 1.0),
    "patience": (0, 10**9),
    "checkpoint_period": (0.0, math.inf),
}

# The core's, so that they stand in one place.
_DEFAULTS = _engine.SearchOptions()

_EXAMPLES = 16  # formulas of each of the user's operators to start from
_BUDGETS = {"max_latency": "latency_cycles", "max_lut": "lut", "max_dsp": "dsp"}


# First bytes of a checkpoint; the number is that of its format.
_SECONDS = struct.Struct("<d")
# For a search whose time was over before.
_LEAST_SECONDS = 1e-3
_MAGIC = b"lat_sr search 4\n"


@dataclass(frozen=True, kw_only=True)
class NativeEngine:
    """Populations of regularised evolution with fitted constants, on all cores.

    The defaults suit most problems. An estimator takes the same settings as `engine_options`.

    Parameters
    ----------
    populations : int, default=8
        Populations that evolve side by side and exchange members.
    population_size : int, default=500
        Formulas in each population, at least 2.
    batch_size : int, default=None
        Rows that judge offspring. If None, 1024 where there are more than twice as many, else all, and all for a loss
        of your own. The front is always scored on all rows.
    parsimony : float, default=0.0
        Loss charged for a node in selection.
    linear_scaling : bool, default=False
        Whether each candidate f is tried as ``f * a + b`` with the fitted a and b wherever limits and budgets have room
        for the product and the sum, which cost and count as any others. Needs the operators + and ``*``, and one
        output.
    tournament_size : int, default=8
        Members that compete to become a parent.
    epoch : int, default=250
        Offspring of a population between two migrations.
    crossover_probability : float, default=0.25
        Share of offspring with two parents.
    graft_probability : float, default=0.3
        Share of offspring in which one part is exchanged for the best of about 60 small formulas, as an expansion of
        the loss by the part's values tells.
    fit_probability : float, default=0.2
        Share of offspring whose constants are fitted besides those that are nearly as good as their parents.
    fit_steps : int, default=8
        Steps of a fit of constants.
    polish_steps : int, default=12
        Steps of the fit on all rows of a formula that enters the archive.
    crowding : float, default=0.3
        How strongly sizes that are frequent in a population are held back.
    migration : float, default=0.03
        Share of a population that members of other populations replace after an epoch.
    archive_migration : float, default=0.05
        Share of a population that members of the archive replace after an epoch.
    patience : int, default=1000
        Epochs in which the smallest loss falls by less than a thousandth before half of the populations start anew, for
        as many epochs apart from the others; 0 for never.
    checkpoint : path-like, default=None
        File that keeps the state of the search. A search of the same problem goes on from it: stopped and started
        again as often as you like, it takes the same way as one that was never stopped, in the same time in all.
    checkpoint_period : float, default=20.0
        Seconds between two writes of the checkpoint.

    Raises
    ------
    InputError
        A setting is outside of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lat_sr.latency.cost_model import uniform_cost_model
    >>> from lat_sr.search import NativeEngine, SearchProblem
    >>> X = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    >>> problem = SearchProblem(
    ...     X=X, y=X[:, 0] * X[:, 1], cost=uniform_cost_model(2), max_evaluations=5000, target_loss=1e-9
    ... )
    >>> min(point.loss for point in NativeEngine(populations=2).search(problem).points) < 1e-9
    True
    """

    populations: int = _DEFAULTS.populations
    population_size: int = _DEFAULTS.population_size
    batch_size: int | None = _DEFAULTS.batch_size
    parsimony: float = _DEFAULTS.parsimony
    linear_scaling: bool = _DEFAULTS.linear_scaling
    tournament_size: int = _DEFAULTS.tournament_size
    epoch: int = _DEFAULTS.epoch
    crossover_probability: float = _DEFAULTS.crossover_probability
    graft_probability: float = _DEFAULTS.graft_probability
    fit_probability: float = _DEFAULTS.fit_probability
    fit_steps: int = _DEFAULTS.fit_steps
    polish_steps: int = _DEFAULTS.polish_steps
    crowding: float = _DEFAULTS.crowding
    migration: float = _DEFAULTS.migration
    archive_migration: float = _DEFAULTS.archive_migration
    patience: int = _DEFAULTS.patience
    checkpoint: str | os.PathLike[str] | None = None
    checkpoint_period: float = 20.0

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            value = getattr(self, name)
            if name == "batch_size" and value is None:
                continue
            kind = Integral if isinstance(allowed[0], int) else Real
            if (
                isinstance(value, bool)
                or not isinstance(value, kind)
                or not allowed[0] <= float(value) <= allowed[1]
            ):
                whole = "whole number" if kind is Integral else "number"
                raise InputError(
                    f"{name} is {value!r}; it must be a {whole} from {allowed[0]} to {allowed[1]:g}"
                )

    @property
    def _evolution(self) -> dict[str, Any]:
        """The settings that decide the course of a search."""
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if not field.name.startswith("checkpoint")
        }

    def search(self, problem: SearchProblem, *, callback: Callback | None = None) -> SearchResult:
        """See :meth:`lat_sr.search.Engine.search`.

        An operator that was defined by a formula is searched as the operators it is made of, from formulas that use it.
        Besides, FormatError is raised for a checkpoint that is damaged or of another problem.
        """
        problem = _in_built_in_operators(problem)
        model = native_cost_model(problem.cost)
        _check_operators(problem)
        if self.linear_scaling:
            _check_linear_scaling(problem)
        _check_budgets(problem, model)
        assert problem.feature_names is not None
        names = problem.feature_names

        def points(found: Sequence[_engine.Entry]) -> tuple[Point, ...]:
            return tuple(
                Point(
                    expressions_of(entry.tree.postfix, names),
                    entry.loss,
                    entry.complexity,
                    entry.cost.latency_cycles,
                    entry.cost.delay_ps,
                    entry.cost.lut,
                    entry.cost.dsp,
                )
                for entry in found
            )

        state, spent, keep = self._state(problem)
        if problem.timeout is not None:
            problem = replace(problem, timeout=max(problem.timeout - spent, _LEAST_SECONDS))
        report = None
        if callback is not None:

            def report(seconds: float, evaluations: int, front: Sequence[_engine.Entry]) -> bool:
                return bool(callback(spent + seconds, evaluations, points(front)))

        outcome = _engine.search(
            problem.X, problem.y, problem.weights, self._settings(problem, model), report, state, keep
        )
        if not outcome.front:
            raise InputError(
                "no formula has a finite loss on this data within value_limit; scale the data, or give more time"
            )
        counts = outcome.counts
        return SearchResult(
            points(outcome.front),
            counts.evaluations,
            spent + outcome.seconds,
            outcome.stop_reason.name,
            problem.seed,
            node_rows=counts.node_rows,
            proposals=counts.proposals,
            over_budget=counts.over_budget,
            judged=counts.judged,
            refused=counts.refused,
        )

    def _settings(self, problem: SearchProblem, model: _engine.CostModel) -> _engine.Settings:
        return _engine.Settings(
            loss=_loss(problem),
            loss_parameter=problem.loss_parameter or 0.0,
            value_limit=_value_limit(problem),
            cost=model,
            max_latency=_limit(problem.max_latency),
            max_lut=_limit(problem.max_lut),
            max_dsp=_limit(problem.max_dsp),
            operators=list(problem.operators),
            limits=shape_limits(problem),
            options=_engine.SearchOptions(**self._evolution),
            seed=int(problem.seed),
            timeout=_limit(problem.timeout),
            max_evaluations=problem.max_evaluations,
            target_loss=problem.target_loss,
            threads=number_of_jobs(problem.n_jobs),
            guesses=[tree_of(guess, problem.feature_names or ()) for guess in problem.guesses],
            circuit=None if problem.circuit is None else problem.circuit.native(),
            fixed_point=_engine.FixedPoint[problem.fixed_point],
        )

    def _state(
        self, problem: SearchProblem
    ) -> tuple[bytes | None, float, Callable[[float, bytes], None] | None]:
        """The state to start from, the seconds spent on it, and what keeps later ones."""
        if self.checkpoint is None:
            return None, 0.0, None
        path = Path(self.checkpoint)
        head = _MAGIC + _identity(problem, self._evolution)
        state, spent = None, 0.0
        if path.exists():
            content = path.read_bytes()
            if not content.startswith(_MAGIC):
                raise FormatError(f"{path} is no checkpoint of this version; delete it, or name another file")
            if not content.startswith(head):
                raise FormatError(
                    f"{path} is the checkpoint of a search with other data or settings; delete it to start again, "
                    "or name another file"
                )
            digest, body = content[len(head) :][:32], content[len(head) :][32:]
            if hashlib.sha256(body).digest() != digest:
                raise FormatError(f"{path} is damaged; delete it to start from the beginning")
            (spent,), state = _SECONDS.unpack_from(body), body[_SECONDS.size :]
        written = 0.0

        def keep(seconds: float, bytes_: bytes) -> None:
            nonlocal written
            if seconds >= written + self.checkpoint_period:
                body = _SECONDS.pack(spent + seconds) + bytes_
                write_atomic(path, head + hashlib.sha256(body).digest() + body)
                written = seconds

        return state, spent, keep


def _identity(problem: SearchProblem, evolution: Mapping[str, Any]) -> bytes:
    """Digest of everything that decides the course of a search; not of when it ends."""
    digest = hashlib.sha256()
    arrays = ("X", "y", "weights")
    digest.update(repr(problem.y.shape).encode())
    ends = ("timeout", "max_evaluations", "target_loss", "n_jobs")
    for name in arrays:
        values = getattr(problem, name)
        digest.update(b"" if values is None else np.ascontiguousarray(values).data)
    rest = {
        field.name: getattr(problem, field.name)
        for field in fields(problem)
        if field.name not in (*arrays, *ends, "cost", "circuit")
    }
    for name in ("loss", "loss_gradient"):
        if callable(rest[name]):  # its address would be another one in the next process
            rest[name] = (
                f"{rest[name].__module__}.{getattr(rest[name], '__qualname__', type(rest[name]).__name__)}"
            )
    digest.update(repr(sorted(rest.items(), key=lambda item: item[0])).encode())
    digest.update(repr(sorted(evolution.items())).encode())
    digest.update(repr(_cost_numbers(problem.cost)).encode())
    digest.update(b"" if problem.circuit is None else problem.circuit.digest())
    return digest.digest()


def _cost_numbers(cost: CostModel) -> list[object]:
    def plain(value: object) -> object:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if is_dataclass(value) and not isinstance(value, type):
            return [plain(getattr(value, field.name)) for field in fields(value)]
        if isinstance(value, Mapping):
            return sorted((key, plain(entry)) for key, entry in value.items())
        return value

    return [plain(getattr(cost, field.name)) for field in fields(cost)]


def native_cost_model(cost: CostModel) -> _engine.CostModel:
    """Hand a cost model to the C++ core.

    Parameters
    ----------
    cost : CostModel

    Returns
    -------
    lat_sr._engine.CostModel
    """

    def widths(entry: WidthCost) -> tuple[list[float], list[float]]:
        return entry.delay_ps.tolist(), entry.lut.tolist()

    def function(entry: FunctionCost) -> _engine.FunctionCost:
        return _engine.FunctionCost(
            segments_ps=list(entry.segments_ps),
            lut=float(entry.lut),
            dsp=float(entry.dsp),
            bram=float(entry.bram),
            low=float(entry.low),
            high=float(entry.high),
            fraction=int(entry.fraction),
        )

    known = set(_engine.operator_names())
    return _engine.CostModel(
        available_ps=cost.available_ps,
        register_ps=cost.register_ps,
        input_low=cost.input_low.tolist(),
        input_high=cost.input_high.tolist(),
        input_fraction=cost.input_fraction,
        output_low=cost.output_low,
        output_high=cost.output_high,
        output_fraction=cost.output_fraction,
        constant_fraction=cost.constant_fraction,
        width_limit=cost.width_limit,
        multiply_limits=cost.multiply_limits,
        primitives={name: widths(entry) for name, entry in cost.primitives.items()},
        multiply=_engine.GridCost(cost.multiply.delay_ps, cost.multiply.lut, cost.multiply.dsp),
        scale=_engine.GridCost(cost.scale.delay_ps, cost.scale.lut, cost.scale.dsp),
        functions={name: function(entry) for name, entry in cost.functions.items() if name in known},
        fused=function(cost.fused),
    )


def shape_limits(problem: SearchProblem) -> _engine.ShapeLimits:
    """The problem's limits on the shape of formulas, for the C++ core.

    Parameters
    ----------
    problem : SearchProblem

    Returns
    -------
    lat_sr._engine.ShapeLimits
    """
    sizes = {}
    for name, limit in problem.constraints.items():
        left, right = (-1, limit) if isinstance(limit, int) else limit
        # The engine's power has one operand, the base.
        sizes[name] = (-1, left) if name == "pow" else (left, right)
    nesting = [
        (outer, inner, most)
        for outer, rule in problem.nested_constraints.items()
        for inner, most in rule.items()
    ]
    known = set(_engine.operator_names())
    return _engine.ShapeLimits(
        problem.maxsize,
        problem.maxdepth,
        {name: pair for name, pair in sizes.items() if name in known},
        [rule for rule in nesting if rule[0] in known and rule[1] in known],
    )


def _limit(value: float | None) -> float:
    return math.inf if value is None else float(value)


def _loss(problem: SearchProblem) -> str | _engine.UserLoss:
    """The loss's name, or the user's functions with their answers checked."""
    function, gradient = problem.loss, problem.loss_gradient
    if isinstance(function, str):
        return function

    def checked_loss(y: Floats, prediction: Floats, weights: Floats) -> float:
        answer = function(y, prediction, weights)
        try:
            value = float(answer)
        except (TypeError, ValueError) as error:
            raise InputError(f"the loss gave {answer!r}; it must give one number for all rows") from error
        if value < 0:
            raise InputError(f"the loss gave {value:g}; it must not be negative, so add its smallest value")
        return value

    def checked_gradient(y: Floats, prediction: Floats, weights: Floats) -> Floats:
        assert gradient is not None
        values = np.ascontiguousarray(gradient(y, prediction, weights), dtype=np.float64)
        if values.shape != y.shape:
            raise InputError(f"loss_gradient gave the shape {values.shape}; it must be that of y, {y.shape}")
        return values

    return _engine.UserLoss(checked_loss, None if gradient is None else checked_gradient)


def _value_limit(problem: SearchProblem) -> float:
    if problem.value_limit is not None:
        return float(problem.value_limit)
    bound = max(abs(problem.cost.output_low), abs(problem.cost.output_high))
    return bound if float(np.max(np.abs(problem.y))) <= bound else math.inf


def _in_built_in_operators(problem: SearchProblem) -> SearchProblem:
    """The problem without the user's operators; formulas that use them are guesses."""
    names = [Variable(name) for name in problem.feature_names or ()]
    given = [get_operator(name) for name in problem.operators]
    examples = [
        (Call(operator.name, operands),) * problem.n_outputs
        for operator in given
        if isinstance(operator, UserOperator)
        for operands in islice(permutations(names, operator.arity), _EXAMPLES)
    ]
    guesses = tuple(
        tuple(expand_user_operators(part, unary=True) for part in guess)
        for guess in (*problem.guesses, *examples)
    )
    return replace(problem, operators=built_in_operators(problem.operators), guesses=guesses)


def _check_operators(problem: SearchProblem) -> None:
    known = set(_engine.operator_names())
    foreign = [name for name in problem.operators if name not in known]
    if foreign:
        raise OperatorError(
            f"the native engine has built-in operators only, not {', '.join(foreign)}; define it by a formula "
            "with lat_sr.define_operator, or use engine='pysr'"
        )
    needed = {"inv" if name == "/" else name for name in problem.operators if not get_operator(name).is_exact}
    missing = sorted(needed - set(problem.cost.functions))
    if missing:
        raise OperatorError(
            f"the cost model lacks {', '.join(missing)}; compile it for all operators of the search"
        )


def _check_linear_scaling(problem: SearchProblem) -> None:
    if problem.n_outputs > 1:
        raise InputError(f"linear_scaling is for one output, and y has {problem.n_outputs}; leave it out")
    if not {"+", "*"} <= set(problem.operators):
        raise InputError(
            f"linear_scaling multiplies and adds, and the operators are {', '.join(problem.operators)}; "
            "give + and * too, or leave linear_scaling out"
        )


def _check_budgets(problem: SearchProblem, model: _engine.CostModel) -> None:
    assert problem.feature_names is not None
    leaves: list[Expression] = [Constant(0.0), *(Variable(name) for name in problem.feature_names)]
    costs = [_engine.cost(tree_of(leaf, problem.feature_names), model) for leaf in leaves]
    for budget, field in _BUDGETS.items():
        limit = getattr(problem, budget)
        smallest = min(getattr(cost, field) for cost in costs)
        if limit is not None and limit < smallest:
            raise BudgetError(
                f"no expression meets {budget}={limit:g}; the smallest budget that one can meet is {smallest:g}"
            )
