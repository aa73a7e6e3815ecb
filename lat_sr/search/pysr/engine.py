"""The search by PySR: what is asked of it as plain data, and the call itself.

`plan` turns a search problem into keywords of ``PySRRegressor`` and Julia code without starting Julia; `PySREngine`
runs the plan and reads the front. How the latency budget gets into PySR depends on the latency model:

- ``additive``: operators count with their clock cycles (``complexity_of_operators``), and `maxsize` bounds the sum, as
  in Tsoi et al.;
- ``critical_path``, ``scheduled``: a ``loss_function`` adds up the longest path of a tree, in clock cycles or in
  picoseconds, and gives infinity above the budget. A ``complexity_mapping`` would not do: mutations and constraints
  of PySR count nodes, so that populations fill with trees that can never be reported.

Functions are Julia's own, or, where a table is given for them, the circuit's tables with the circuit's integers (see
`lat_sr.search.pysr.julia_tables`).

The formulas that come back are costed again like those of every other engine.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lat_sr import _engine
from lat_sr.costs import OperatorProfile
from lat_sr.datapath import ExplicitTable
from lat_sr.errors import BudgetError, InputError, LatSrError, MissingToolError
from lat_sr.expression import Call, Constant, Expression, expand_user_operators, parse
from lat_sr.expression.postfix import tree_of
from lat_sr.losses import get_loss
from lat_sr.operators import closest_names, get_operator
from lat_sr.search.native import native_cost_model
from lat_sr.search.problem import Callback, Point, SearchProblem, SearchResult
from lat_sr.search.pysr.julia_tables import (
    julia_table_function,
    table_function_name,
    without_table_names,
)

__all__ = ["PySREngine", "PySRPlan", "known_options", "plan"]

LATENCY_MODELS = ("additive", "critical_path", "scheduled")

# PySR has no limit on iterations besides a number of them.
_ENDLESS = 10**8

# PySR takes no smaller maxsize.
_LEAST_MAXSIZE = 7

#: The table of a function, or the range of arguments for which the lowering chooses one.
Tables = Mapping[str, ExplicitTable | tuple[float, float]]

# Set by parameters of the estimators or by the problem, so that they cannot be options besides.
_OWN = {
    "binary_operators": "binary_operators",
    "unary_operators": "unary_operators",
    "operators": "unary_operators and binary_operators",
    "elementwise_loss": "loss",
    "loss_function": "loss and max_latency",
    "loss_function_expression": "loss and max_latency",
    "complexity_of_operators": "latency_model='additive' and profile",
    "complexity_mapping": "latency_model",
    "maxsize": "maxsize",
    "maxdepth": "maxdepth",
    "constraints": "constraints",
    "nested_constraints": "nested_constraints",
    "timeout_in_seconds": "timeout",
    "max_evals": "max_evaluations",
    "random_state": "random_state",
    "select_k_features": "select_k_features",
    "guesses": "guesses",
    "warm_start": "warm_start",
}


@dataclass(frozen=True)
class PySRPlan:
    """A call of PySR before it happens.

    Parameters
    ----------
    regressor : dict
        Keywords of ``PySRRegressor``.
    fit : dict
        Keywords of its ``fit`` besides ``X`` and ``y``.
    """

    regressor: dict[str, Any]
    fit: dict[str, Any]


@cache
def known_options() -> tuple[str, ...]:
    """Keywords of the installed PySR, read from its source: importing it would start Julia.

    Returns
    -------
    tuple of str

    Raises
    ------
    MissingToolError
        PySR is not installed.
    """
    found = importlib.util.find_spec("pysr")
    if found is None or found.origin is None:
        raise MissingToolError("PySR is missing; install it with: pip install pysr")
    tree = ast.parse((Path(found.origin).parent / "sr.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == "PySRRegressor":
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                    arguments = [*method.args.args[1:], *method.args.kwonlyargs]
                    return tuple(argument.arg for argument in arguments)
    raise MissingToolError(f"the PySR in {found.origin} has no PySRRegressor; install version 1 or 2 of it")


def plan(
    problem: SearchProblem,
    profile: OperatorProfile | None = None,
    *,
    latency_model: str = "critical_path",
    tables: Tables | None = None,
    options: Mapping[str, Any] | None = None,
) -> PySRPlan:
    """Say how PySR is to be called for a problem.

    Parameters
    ----------
    problem : SearchProblem
    profile : OperatorProfile, optional
        What operators cost; needed by ``additive``, and by a budget of latency.
    latency_model : {"additive", "critical_path", "scheduled"}
        See the module.
    tables : mapping of operator name to ExplicitTable or (float, float), optional
        Functions that the search computes by the circuit's tables, in the profile's precision: the table, or the
        range of its arguments. The others are Julia's.
    options : mapping, optional
        Further keywords of ``PySRRegressor``: parallelism, procs, cluster_manager, batching, output_directory and so
        on. With a cluster_manager or procs, processes share the work unless parallelism says otherwise.

    Returns
    -------
    PySRPlan

    Raises
    ------
    InputError
        An option is unknown to the installed PySR or is a parameter of ours, a profile is missing, a table does not
        fit its precision, or PySR does not take the maxsize.
    """
    options = dict(options or {})
    _check_options(options)
    if problem.maxsize < _LEAST_MAXSIZE:
        raise InputError(f"maxsize is {problem.maxsize}; PySR takes {_LEAST_MAXSIZE} or more")
    if latency_model not in LATENCY_MODELS:
        raise InputError(f"latency_model is {latency_model!r}; allowed are {', '.join(LATENCY_MODELS)}")
    operators = [get_operator(name) for name in problem.operators]
    twins = _table_functions(problem, profile, tables or {})
    names = {o.name: "^" if o.name == "pow" else o.name for o in operators}
    names |= {name: table_function_name(name) for name in twins}
    arity = {1: [o for o in operators if o.arity == 1], 2: [o for o in operators if o.arity == 2]}
    if not isinstance(problem.loss, str):
        raise InputError(
            "PySR does not take a loss in Python; name one, or give elementwise_loss in engine_options"
        )
    if problem.n_outputs > 1:
        raise InputError(
            f"PySR searches one output at a time, and y has {problem.n_outputs}; search the outputs one by one "
            'or with engine="native"'
        )
    loss = get_loss(problem.loss)
    name, julia = (text.format(problem.loss_parameter) for text in (loss.julia_name, loss.julia))
    keywords: dict[str, Any] = {
        "model_selection": "accuracy",
        "binary_operators": [o.julia or names[o.name] for o in arity[2]],
        "unary_operators": [twins.get(o.name) or o.julia or o.name for o in arity[1]],
        "extra_sympy_mappings": {
            **{names[o.name]: o.sympy for o in operators if o.name in twins or o.julia is not None},
            **options.pop("extra_sympy_mappings", {}),
        },
        "maxsize": problem.maxsize,
        "maxdepth": problem.maxdepth,
        "constraints": _constraints(problem, names),
        "nested_constraints": {
            names[outer]: {names[inner]: most for inner, most in rule.items() if inner in names}
            for outer, rule in problem.nested_constraints.items()
            if outer in names
        },
        "niterations": _ENDLESS,
        "timeout_in_seconds": problem.timeout,
        "max_evals": problem.max_evaluations,
        "precision": 64 if problem.X.dtype == np.float64 else 32,
        "progress": False,
        "verbosity": 0,
        **_parallelism(problem, options),
    }
    if problem.guesses:
        keywords["guesses"] = _guesses([guess for (guess,) in problem.guesses], names)
    if problem.target_loss > 0:
        keywords["early_stop_condition"] = problem.target_loss
    if latency_model == "additive":
        costs = _profile(profile, "latency_model='additive'").complexity_map()
        keywords["complexity_of_operators"] = {
            names[o.name]: costs[o.name] for o in operators if o.name in costs
        }
        keywords["elementwise_loss"] = name
    elif problem.max_latency is None:
        keywords["elementwise_loss"] = name
    else:
        known = _profile(profile, f"max_latency with latency_model={latency_model!r}")
        weights, budget = _path_weights(known, arity, latency_model, problem.max_latency)
        keywords["loss_function"] = _budgeted_loss(julia, weights, budget)
    used = {key: value for key, value in keywords.items() if value not in (None, [], {})}
    return PySRPlan(
        {**used, **options}, {"weights": problem.weights, "variable_names": list(problem.feature_names or ())}
    )


def _table_functions(
    problem: SearchProblem, profile: OperatorProfile | None, tables: Tables
) -> dict[str, str]:
    """Julia definitions of the functions that are tables, by operator."""
    wanted = {get_operator(name).name: table for name, table in tables.items()}
    unused = [name for name in wanted if name not in problem.operators]
    if unused:
        raise InputError(
            f"tables are given for {', '.join(unused)}, which the search does not use; its operators are "
            f"{', '.join(problem.operators)}"
        )
    return {
        name: julia_table_function(name, _profile(profile, "the format of tables").precision, table)
        for name, table in wanted.items()
    }


def _parallelism(problem: SearchProblem, options: Mapping[str, Any]) -> dict[str, Any]:
    if "cluster_manager" in options or "procs" in options:
        return {"parallelism": "multiprocessing"}
    if problem.n_jobs == 1 and options.get("parallelism", "serial") == "serial":
        # PySR's runs repeat only in this mode.
        return {"parallelism": "serial", "deterministic": True, "random_state": problem.seed}
    return {}


def _guesses(guesses: Sequence[Expression], names: Mapping[str, str]) -> list[str]:
    """Formulas as PySR reads them: only operators of the search, under their names in Julia."""

    def without_negation(node: Expression, operands: tuple[Expression, ...]) -> Expression:
        if isinstance(node, Call) and node.operator == "neg" and "neg" not in names:
            return Call("*", (Constant(-1.0), *operands))
        return node.with_operands(operands)

    texts = []
    for guess in guesses:
        formula = guess.fold(without_negation)
        unknown = {node.operator for node in formula.walk() if isinstance(node, Call)} - names.keys()
        if unknown:
            warnings.warn(
                f"the guess {guess} is left out: {', '.join(sorted(unknown))} is not among the operators of the search",
                UserWarning,
                stacklevel=3,
            )
        else:
            renamed = re.sub(r"\w+(?=\()", lambda call: names.get(call[0], call[0]), str(formula))
            texts.append(renamed)
    return texts


def _check_options(options: Mapping[str, Any]) -> None:
    for option in options:
        if option in _OWN:
            raise InputError(
                f"engine_options sets {option!r}, which is the parameter {_OWN[option]}; give it there"
            )
        known = known_options()
        if option not in known:
            raise InputError(f"the installed PySR has no option {option!r}{closest_names(option, known)}")


def _profile(profile: OperatorProfile | None, purpose: str) -> OperatorProfile:
    if profile is None:
        raise InputError(f"PySR needs the cost of operators for {purpose}; give a profile")
    return profile


def _constraints(problem: SearchProblem, names: Mapping[str, str]) -> dict[str, Any]:
    limits: dict[str, Any] = {
        names[name]: limit for name, limit in problem.constraints.items() if name in names
    }
    if "pow" in names:
        # The circuit has integer powers only: an exponent is one constant.
        base, _ = limits.get("^", (-1, 1))
        limits["^"] = (base, 1)
    return limits


def _path_weights(
    profile: OperatorProfile,
    arity: Mapping[int, Sequence[Any]],
    latency_model: str,
    max_latency: float,
) -> tuple[dict[int, tuple[int, ...]], int]:
    """What an operator adds to a path, by arity and position, and the most that a path may add up to."""

    def weight(name: str) -> int:
        cost = profile.cost(name)
        if latency_model == "critical_path" or cost.delay_ps is None:
            return max(1, cost.latency_cycles) * (1 if latency_model == "critical_path" else period)
        return round(cost.delay_ps)

    period = round(profile.target.available_ps)
    weights = {number: tuple(weight(o.name) for o in operators) for number, operators in arity.items()}
    return weights, int(max_latency) * (1 if latency_model == "critical_path" else period)


def _budgeted_loss(loss: str, weights: Mapping[int, tuple[int, ...]], budget: int) -> str:
    """Julia's loss of a tree: infinite where its longest path is over the budget."""
    unary, binary = (
        f"({', '.join(map(str, weights[n]))},)[branch.op]" if weights[n] else "0" for n in (1, 2)
    )
    return f"""\
function budgeted_loss(tree, dataset::Dataset{{T,L}}, options)::L where {{T,L}}
    path = tree_mapreduce(
        leaf -> 0,
        branch -> branch.degree == 1 ? {unary} : {binary},
        (parent, children...) -> parent + max(children...),
        tree,
        Int;
        break_sharing=Val(true),
    )
    path > {budget} && return L(Inf)
    prediction, complete = eval_tree_array(tree, dataset.X, options)
    complete || return L(Inf)
    row_loss(p, y) = {loss}
    losses = row_loss.(prediction, dataset.y)
    dataset.weights === nothing && return L(sum(losses) / length(losses))
    return L(sum(losses .* dataset.weights) / sum(dataset.weights))
end
"""


@dataclass(frozen=True)
class PySREngine:
    """PySR as a search engine.

    Parameters
    ----------
    profile : OperatorProfile, optional
    latency_model : {"additive", "critical_path", "scheduled"}, default="critical_path"
    options : mapping, optional
        Further keywords of ``PySRRegressor``.
    tables : mapping, optional
        Functions that the search computes by the circuit's tables; see `plan`.
    """

    profile: OperatorProfile | None = None
    latency_model: str = "critical_path"
    options: Mapping[str, Any] = field(default_factory=dict)
    tables: Tables = field(default_factory=dict)

    def search(self, problem: SearchProblem, *, callback: Callback | None = None) -> SearchResult:
        """See `lat_sr.search.Engine.search`; the callback is called once, at the end."""
        wanted = plan(
            problem,
            self.profile,
            latency_model=self.latency_model,
            tables=self.tables,
            options=_unused_run(self.options),
        )
        regressor = _regressor_class()(**wanted.regressor)
        started = time.monotonic()
        try:
            regressor.fit(problem.X, problem.y, **wanted.fit)
            stop_reason = "timeout" if problem.max_evaluations is None else "max_evaluations"
        except KeyboardInterrupt:
            if getattr(regressor, "equations_", None) is None:
                raise
            stop_reason = "interrupted"
        seconds = time.monotonic() - started
        points = _points(regressor.equations_, problem)
        if callback is not None:
            callback(seconds, 0, points)
        return SearchResult(points, 0, seconds, stop_reason, problem.seed)


def _regressor_class() -> Any:
    try:
        from pysr import PySRRegressor
    except Exception as error:  # juliacall and juliapkg raise whatever went wrong in Julia or on the network
        raise MissingToolError(
            f"PySR cannot start Julia ({type(error).__name__}: {error}); install Julia 1.10 or later from "
            "https://julialang.org and put it on the search path, or use engine='native'"
        ) from error
    return PySRRegressor


def _unused_run(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with a run_id whose directory is not there yet: each output is a run of its own."""
    result = dict(options)
    if "run_id" in result:
        directory = Path(result.get("output_directory") or "outputs")
        number = 1
        while (directory / result["run_id"]).exists():
            number += 1
            result["run_id"] = f"{options['run_id']}_{number}"
    return result


def _points(table: Any, problem: SearchProblem) -> tuple[Point, ...]:
    """Formulas within the budgets, with the cost model's estimate of what they cost."""
    assert problem.feature_names is not None
    names = problem.feature_names
    model = native_cost_model(problem.cost)
    budgets = (("latency_cycles", problem.max_latency), ("lut", problem.max_lut), ("dsp", problem.max_dsp))
    points = []
    for loss, text in zip(table["loss"], table["equation"], strict=True):
        try:
            formula: Expression = parse(without_table_names(str(text)), names)
            cost = _engine.cost(tree_of(expand_user_operators(formula), names), model)
        except (LatSrError, ValueError):
            continue  # a power that no circuit has, or a constant part without a value
        if np.isfinite(loss) and all(
            limit is None or getattr(cost, name) <= limit for name, limit in budgets
        ):
            points.append(
                Point(
                    (formula,),
                    float(loss),
                    formula.size,
                    cost.latency_cycles,
                    cost.delay_ps,
                    cost.lut,
                    cost.dsp,
                )
            )
    if points:
        return tuple(points)
    mean = Constant(float(np.average(problem.y, weights=problem.weights)))
    cost = _engine.cost(tree_of(mean, names), model)
    if any(limit is not None and getattr(cost, name) > limit for name, limit in budgets):
        raise BudgetError("no formula of PySR's front meets the budgets, nor does a constant; raise them")
    error = float(np.average((problem.y - mean.value) ** 2, weights=problem.weights))
    return (Point((mean,), error, 1, cost.latency_cycles, cost.delay_ps, cost.lut, cost.dsp),)
