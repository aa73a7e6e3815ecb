"""PyOperon's search, with its front after every generation.

Its scikit-learn class shows nothing before the end, but the algorithm below it calls back after every generation and
ends where its evaluations are used up. So one run gives its fronts over time, and ends early where it is asked to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from lat_sr import parse
from lat_sr.expression import Call, Constant, Expression, Variable

Floats = NDArray[np.float64]

SYMBOLS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "square": "square",
    "sqrt": "sqrt",
    "exp": "exp",
    "sin": "sin",
    "cos": "cos",
    "cosh": "cosh",
}
# Of constants when a formula is printed; the class itself prints six.
DECIMALS = 12


def size(expression: Expression) -> int:
    """Nodes as PyOperon counts them: a variable and its factor are one.

    Examples
    --------
    >>> size(parse("2.5*x0 + sin(x1)"))
    4
    """
    weighted = sum(
        isinstance(node, Call)
        and node.operator == "*"
        and {type(operand) for operand in node.operands} == {Constant, Variable}
        for node in expression.walk()
    )
    return expression.size - 2 * weighted


@dataclass(frozen=True)
class PyOperonRun:
    """Fronts over time, each as formulas, and the counts of the library."""

    fronts: list[tuple[float, list[str]]]
    facts: dict[str, Any]


def search(
    X: Floats,
    y: Floats,
    *,
    operators: Sequence[str],
    names: Sequence[str],
    seconds: float,
    seed: int,
    threads: int,
    maxsize: int,
    settings: Mapping[str, Any],
    enough: float = float("-inf"),
) -> PyOperonRun:
    """Search with Levenberg-Marquardt and several objectives, which give a front.

    Parameters
    ----------
    X : ndarray of float64, shape (n_samples, n_features)
    y : ndarray of float64, shape (n_samples,)
    operators, names : sequence of str
        Operators as `lat_sr` calls them; the names of the columns in the formulas.
    seconds : float
        Whole ones are used.
    seed, threads : int
    maxsize : int
        Most nodes, with the scale and the intercept of every formula.
    settings : mapping
        Further parameters of ``pyoperon.sklearn.SymbolicRegressor``.
    enough : float
        The search ends when the first objective of some formula is as small.
    """
    import pyoperon
    from pyoperon.sklearn import SymbolicRegressor

    fronts: list[tuple[float, list[Any]]] = []
    evaluators: list[Any] = []

    class EndableEvaluator(pyoperon.MultiEvaluator):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            evaluators.append(self)

    class WatchedAlgorithm(pyoperon.NSGA2Algorithm):
        def Run(self, rng: Any, _: None, threads: int, warm_start: bool) -> None:
            def watch() -> None:
                front = self.BestFront
                fronts.append((time.monotonic() - started, [member.Genotype for member in front]))
                if min(member[0] for member in front) <= enough:
                    evaluators[0].Budget = 0

            super().Run(rng, watch, threads, warm_start)
            watch()

    model = SymbolicRegressor(
        allowed_symbols=",".join([*(SYMBOLS[name] for name in operators), "constant", "variable"]),
        optimizer_iterations=5,
        max_length=maxsize - 4,  # scale, product, intercept, sum
        max_depth=maxsize,
        population_size=1000,
        generations=10**9,
        max_evaluations=10**9,
        max_time=max(1, int(seconds)),
        n_threads=threads,
        random_state=seed,
        **settings,
    )
    with (
        mock.patch.object(pyoperon, "MultiEvaluator", EndableEvaluator),
        mock.patch.object(pyoperon, "NSGA2Algorithm", WatchedAlgorithm),
    ):
        started = time.monotonic()
        model.fit(X, y)

    table = pyoperon.DispatchTable()
    data = pyoperon.Dataset(np.asfortranarray(X))
    theirs = {f"X{i + 1}": Variable(name) for i, name in enumerate(names)}
    scaled: dict[str, str] = {}

    def formula(tree: Any) -> str:
        """With the scale and the intercept that PyOperon judges it with; empty where they are not finite."""
        text = pyoperon.InfixFormatter.Format(tree, model.variables_, DECIMALS)
        if text not in scaled:
            values = pyoperon.Evaluate(table, tree, data, pyoperon.Range(0, len(X)))
            scale, intercept = pyoperon.FitLeastSquares(values, y.astype(values.dtype))
            whole = f"{intercept!r} + {scale!r} * ({text})"
            finite = np.isfinite(scale) and np.isfinite(intercept)
            scaled[text] = str(parse(whole, list(theirs)).substitute(theirs)) if finite else ""
        return scaled[text]

    found = [(at, [text for tree in trees if (text := formula(tree))]) for at, trees in fronts]
    return PyOperonRun(found, {"seconds": fronts[-1][0], **model.stats_})
