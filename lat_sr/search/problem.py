"""What a search is given, what it gives back, and the one method that an engine must have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lat_sr.errors import InputError
from lat_sr.expression import Expression, equation_of, expand_user_operators, only_expression, parse
from lat_sr.jobs import number_of_jobs
from lat_sr.latency.circuit_model import CircuitModel
from lat_sr.latency.cost_model import CostModel
from lat_sr.losses import LOSSES, UserGradient, UserLoss, get_loss
from lat_sr.operators import get_operator

OperandSizes = int | tuple[int, int]

FIXED_POINT = ("never", "archive", "always")


@dataclass(frozen=True, kw_only=True)
class SearchProblem:
    """Samples, operators, cost model, budgets and limits of one search.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
        Kept as float32 or float64; the search computes in that type.
    y : array_like, shape (n_samples,) or (n_samples, n_outputs)
        Targets; -1 or +1 for the two-class losses. With several columns a candidate is a formula for each of them: one
        circuit, whose cost counts and in which equal parts are shared, and the mean of the outputs' losses. For the
        loss ``cross_entropy`` the columns are the probabilities of the classes, or `y` is the number of the class of
        each row, counted from 0, and has one column.
    cost : CostModel
        What nodes cost on the target.
    circuit : CircuitModel, optional
        Judges the formulas that become parents or enter the archive by their circuits, so that budgets and front are
        those of the hardware; `cost` then only steers.
    fixed_point : {"never", "archive", "always"}
        Which losses are those of the circuit's results instead of the formula's: none, those in the archive and the
        front, or all (several times slower). Needs `circuit`.
    weights : array_like, shape (n_samples,), optional
        Weights of the rows, not negative.
    feature_names : sequence of str, optional
        Names of the variables in the results; ``x0, x1, ...`` by default.
    loss : str or callable
        One of :data:`lat_sr.losses.LOSSES`. Or a function ``loss(y, prediction, weights)`` of arrays with a value for
        each row, which gives a number that is not negative: the mean over the rows of something, as parts of the rows
        may be judged alone. The rows come in any order, weights are 1 where there are none. It is called for every
        candidate, from several threads one after the other, so the search is as slow as it is. What it raises ends
        the search.
    loss_gradient : callable, optional
        ``gradient(y, prediction, weights)``, the derivatives of such a loss by the predictions. Without it,
        constants are fitted by differences of the loss, two calls for each constant and step.
    loss_parameter : float, optional
        Threshold of the loss ``huber`` (1 if not given), or the quantile of ``quantile`` (0.5).
    operators : sequence of str
        Names from :data:`lat_sr.operators.OPERATORS`.
    max_latency, max_lut, max_dsp : float, optional
        Budgets: a candidate over any of them is never evaluated.
    maxsize, maxdepth : int
        Most nodes of all outputs' formulas together, parts that the circuit shares counted as often as they stand
        there, and most nodes on a path from a root.
    constraints : mapping of str to int or (int, int), optional
        Most nodes in the operand of a unary operator, or in both operands of a binary one; -1 for no limit.
    nested_constraints : mapping of str to mapping of str to int, optional
        ``{"sin": {"cos": 1}}``: at most one cos on any path below a sin.
    value_limit : float, optional
        A formula whose result or one of whose tables exceeds this magnitude on a row is worth nothing. By default
        the cost model's output bound, if all targets lie within it.
    guesses : sequence of Expression or str, or of sequences of them
        Formulas that the search starts from besides random ones, with several outputs a sequence of one for each; those
        over a budget or a limit are left out.
    seed : int
        Of all random choices. If `max_evaluations` ends the search, a seed gives the same front for any number of
        threads.
    timeout : float or None
        Seconds.
    max_evaluations : int, optional
        Candidates.
    target_loss : float
        The search ends when a formula reaches it.
    n_jobs : int, optional
        Threads, as joblib counts them; those that this process may use if not given.

    Raises
    ------
    InputError
        For data or settings that no search can use.
    OperatorError
        For an unknown operator.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    cost: CostModel
    circuit: CircuitModel | None = None
    fixed_point: str = "never"
    weights: NDArray[Any] | None = None
    feature_names: tuple[str, ...] | None = None
    loss: str | UserLoss = "l2"
    loss_gradient: UserGradient | None = None
    loss_parameter: float | None = None
    operators: tuple[str, ...] = ("+", "-", "*")
    max_latency: float | None = None
    max_lut: float | None = None
    max_dsp: float | None = None
    maxsize: int = 30
    maxdepth: int = 10
    constraints: Mapping[str, OperandSizes] = field(default_factory=dict)
    nested_constraints: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    value_limit: float | None = None
    guesses: tuple[tuple[Expression, ...], ...] = ()
    seed: int = 0
    timeout: float | None = 60.0
    max_evaluations: int | None = None
    target_loss: float = 0.0
    n_jobs: int | None = None

    def __post_init__(self) -> None:
        X = np.asarray(self.X)
        X = np.ascontiguousarray(X, dtype=X.dtype if X.dtype in (np.float32, np.float64) else np.float64)
        if X.ndim != 2 or not X.size:
            raise InputError(f"X has shape {X.shape}; give at least one row and one column")
        self._set(X=X, y=self._targets(X))
        if self.weights is not None:
            weights = _rows("weights", self.weights, X)
            if np.any(weights < 0) or not np.any(weights > 0):
                raise InputError("weights must not be negative, and at least one must be positive")
            self._set(weights=weights)
        for name, values in (("X", X), ("y", self.y), ("weights", self.weights)):
            if values is not None and not np.all(np.isfinite(values)):
                raise InputError(f"{name} holds NaN or infinity (in {X.dtype}); remove or replace those rows")
        self._check_circuit()
        self._check_features()
        self._check_loss()
        self._check_limits()
        self._set(operators=tuple(dict.fromkeys(get_operator(name).name for name in self.operators)))
        self._set(guesses=tuple(self._guess_of_all(guess) for guess in self.guesses))
        self._set(constraints=_operand_sizes(self.constraints or {}))
        self._set(nested_constraints=_nesting(self.nested_constraints or {}))

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def n_outputs(self) -> int:
        """Formulas of a candidate."""
        return 1 if self.y.ndim == 1 else int(self.y.shape[1])

    def _targets(self, X: NDArray[Any]) -> NDArray[Any]:
        """The targets; those of several outputs as a matrix."""
        y = np.asarray(self.y)
        if self.loss == "cross_entropy" and y.ndim == 1:
            y = _one_hot(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        return _rows("y", y, X, columns=y.ndim == 2)

    def _check_circuit(self) -> None:
        if self.fixed_point not in FIXED_POINT:
            raise InputError(f"fixed_point is {self.fixed_point!r}; allowed are {', '.join(FIXED_POINT)}")
        if self.circuit is None:
            if self.fixed_point != "never":
                raise InputError(
                    f"fixed_point={self.fixed_point!r} needs a circuit model: give circuit, or an "
                    'estimator latency_model="scheduled"'
                )
        elif self.circuit.X.shape != self.X.shape:
            raise InputError(
                f"the circuit model has data of shape {self.circuit.X.shape} and X is {self.X.shape}; give it the "
                "same rows and columns"
            )

    def _check_features(self) -> None:
        features = self.X.shape[1]
        if self.cost.n_features != features:
            raise InputError(
                f"the cost model has {self.cost.n_features} inputs and X has {features} columns; "
                "compile the cost model for these columns"
            )
        names = tuple(self.feature_names or (f"x{i}" for i in range(features)))
        if len(names) != features or len(set(names)) != features:
            raise InputError(f"feature_names are {list(names)}; {features} different names are needed")
        self._set(feature_names=names)

    def _guess_of_all(self, guess: Expression | str | Sequence[Expression | str]) -> tuple[Expression, ...]:
        parts = (guess,) if isinstance(guess, (Expression, str)) else tuple(guess)
        if len(parts) != self.n_outputs:
            raise InputError(
                f"a guess has {len(parts)} formula(s) for {self.n_outputs} output(s); give one for each output"
            )
        return tuple(self._guess(part) for part in parts)

    def _guess(self, guess: Expression | str) -> Expression:
        assert self.feature_names is not None
        expression = parse(guess, self.feature_names) if isinstance(guess, str) else guess
        unknown = [name for name in expression.variables if name not in self.feature_names]
        if unknown:
            raise InputError(
                f"the guess {expression} has the variables {', '.join(unknown)}; the features are "
                f"{', '.join(self.feature_names)}"
            )
        return expand_user_operators(expression)

    def _check_loss(self) -> None:
        if callable(self.loss):
            if self.n_outputs > 1:
                raise InputError(
                    f"a loss of your own takes one output, and y has {self.n_outputs}; search the outputs one by one, "
                    f"or take one of the losses {', '.join(LOSSES)}"
                )
            return
        loss = get_loss(self.loss)
        if loss.classes:
            self._check_classes()
        self._set(loss_parameter=loss.checked_parameter(self.loss_parameter))
        if self.loss_gradient is not None:
            raise InputError(
                f"loss_gradient goes with a loss of your own; the one of {self.loss} is built in, leave it out"
            )
        if loss.two_classes and not np.all(np.abs(self.y) == 1):
            raise InputError(f"the loss {self.loss} takes targets -1 and +1 only; recode y")

    def _check_classes(self) -> None:
        if self.n_outputs < 2:
            raise InputError(f"the loss {self.loss} needs two or more classes; for one score take logistic")
        if np.any(self.y < 0) or not np.allclose(self.y.sum(axis=1), 1, atol=1e-4):
            raise InputError(
                f"the loss {self.loss} takes a column for each class with its probability, so that the sum of a row is "
                "1, or the number of each row's class, counted from 0; recode y"
            )

    def _check_limits(self) -> None:
        for name in ("maxsize", "maxdepth", "max_evaluations"):
            value = getattr(self, name)
            if value is not None and (int(value) != value or value < 1):
                raise InputError(f"{name} is {value}; it must be a whole number >= 1")
        for name in ("max_latency", "max_lut", "max_dsp", "value_limit"):
            value = getattr(self, name)
            if value is not None and not value >= 0:
                raise InputError(f"{name} is {value}; it must be a number >= 0")
        number_of_jobs(self.n_jobs)
        if not 0 <= int(self.seed) < 2**63:
            raise InputError(f"seed is {self.seed}; it must be a whole number from 0 to 2**63 - 1")
        if self.timeout is not None and not self.timeout > 0:
            raise InputError(f"timeout is {self.timeout}; it must be a positive number of seconds")
        if self.timeout is None and self.max_evaluations is None:
            raise InputError(
                "a search without timeout and without max_evaluations never ends; give one of them"
            )
        if self.maxsize < self.n_outputs:
            raise InputError(
                f"maxsize is {self.maxsize}; {self.n_outputs} outputs have at least {self.n_outputs} nodes"
            )


def _rows(name: str, values: ArrayLike, X: NDArray[Any], *, columns: bool = False) -> NDArray[Any]:
    with np.errstate(over="ignore"):  # infinity is refused by its name later
        rows = np.ascontiguousarray(values, dtype=X.dtype)
    if rows.ndim != 1 + columns or rows.shape[0] != X.shape[0] or not rows.size:
        raise InputError(
            f"{name} has shape {rows.shape}; X has {X.shape[0]} rows, so it must be ({X.shape[0]},)"
            + (f" or ({X.shape[0]}, n_outputs)" if name == "y" else "")
        )
    return rows


def _one_hot(labels: NDArray[Any]) -> NDArray[Any]:
    """Columns of the classes from their numbers."""
    with np.errstate(invalid="ignore"):  # no number equals no whole one
        numbers = labels.astype(np.int64)
    if not labels.size or np.any(numbers != labels) or numbers.min() < 0:
        raise InputError(
            "the loss cross_entropy takes the number of each row's class, counted from 0, or a column for each class; "
            "recode y"
        )
    return np.eye(int(numbers.max()) + 1)[numbers]


def _operand_sizes(constraints: Mapping[str, OperandSizes]) -> dict[str, OperandSizes]:
    result: dict[str, OperandSizes] = {}
    for name, sizes in constraints.items():
        operator = get_operator(name)
        if operator.arity == 1 and isinstance(sizes, Sequence) and len(sizes) == 1:
            (sizes,) = sizes
        if operator.arity == 1 and isinstance(sizes, int):
            result[operator.name] = sizes
        elif operator.arity == 2 and isinstance(sizes, Sequence) and len(sizes) == 2:
            result[operator.name] = (int(sizes[0]), int(sizes[1]))
        else:
            wanted = "one size" if operator.arity == 1 else "a pair of sizes (left, right)"
            raise InputError(f"the constraint of {name} is {sizes!r}; {name} takes {wanted}, -1 for no limit")
    return result


def _nesting(constraints: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    result: dict[str, dict[str, int]] = {}
    for outer, inner in constraints.items():
        for name, most in inner.items():
            if int(most) != most or most < 0:
                raise InputError(
                    f"nested_constraints[{outer!r}][{name!r}] is {most}; it must be a whole number >= 0"
                )
            result.setdefault(get_operator(outer).name, {})[get_operator(name).name] = int(most)
    return result


@dataclass(frozen=True, slots=True)
class Point:
    """A formula of the front, or the formulas of several outputs that are one circuit.

    Parameters
    ----------
    expressions : tuple of Expression
        One for each output.
    loss : float
        On all rows.
    complexity : int
        Nodes, of all outputs together.
    latency_cycles : int
    delay_ps : float
        Combinational delay, registers left out.
    lut, dsp : float
    """

    expressions: tuple[Expression, ...]
    loss: float
    complexity: int
    latency_cycles: int
    delay_ps: float
    lut: float
    dsp: float

    @property
    def expression(self) -> Expression:
        """The formula of the only output; InputError where there are several."""
        return only_expression(self.expressions)

    @property
    def equation(self) -> str:
        """The formulas as text, with semicolons between them."""
        return equation_of(self.expressions)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Parameters
    ----------
    points : tuple of Point
        The non-dominated ones over (loss, latency, LUT), by latency, LUT.
    evaluations : int
        Candidates whose loss was computed.
    seconds : float
    stop_reason : str
        ``timeout``, ``max_evaluations``, ``target_loss``, ``interrupted`` or ``callback``.
    seed : int
    node_rows : float
        Nodes times rows evaluated, a measure of speed.
    proposals, over_budget : int
        Candidates that were made, and those of them that a budget refused before their loss was computed.
    judged, refused : int
        Candidates whose circuit was asked for, as they would enter the archive, and those of them whose circuit is over
        the budget.
    """

    points: tuple[Point, ...]
    evaluations: int
    seconds: float
    stop_reason: str
    seed: int
    node_rows: float = 0.0
    proposals: int = 0
    over_budget: int = 0
    judged: int = 0
    refused: int = 0


#: Called about four times a second with the seconds so far, the evaluations and the front; true ends the search.
Callback = Callable[[float, int, Sequence[Point]], object]


@runtime_checkable
class Engine(Protocol):
    """Anything that can search."""

    def search(self, problem: SearchProblem, *, callback: Callback | None = None) -> SearchResult:
        """Search until the problem's timeout, its evaluations, or Ctrl-C, which keeps the best so far.

        Parameters
        ----------
        problem : SearchProblem
        callback : callable, optional
            See :data:`Callback`. An exception of its own ends the search and is raised again.

        Returns
        -------
        SearchResult
            Every point is within the budgets; there is at least one.

        Raises
        ------
        BudgetError
            No expression can meet a budget; the message names the smallest that can be met.
        OperatorError
            The engine does not have an operator.
        """
        ...
