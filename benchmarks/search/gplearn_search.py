"""gplearn's search, generation after generation as long as there is time for another one."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tasks import MAXSIZE, NAMES, Task

from lat_sr import parse
from lat_sr.expression import Expression

Floats = NDArray[np.float64]

INFIX = {"add": "+", "sub": "-", "mul": "*"}
# Its square root is that of the magnitude.
NAMED = {"sqrt": "sqrt_abs"}


def _exponential(x: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.exp(np.minimum(x, 50.0))


def _hyperbolic_cosine(x: Floats) -> Floats:
    return np.cosh(np.clip(x, -50.0, 50.0))


def functions(operators: tuple[str, ...]) -> tuple[Any, ...]:
    """What gplearn calls the operators; those that it lacks are made, finite everywhere as it demands."""
    from gplearn.functions import make_function

    known = {"+": "add", "-": "sub", "*": "mul", "sin": "sin", "cos": "cos", "sqrt": "sqrt"}
    made = {"exp": _exponential, "cosh": _hyperbolic_cosine}
    return tuple(
        known[name] if name in known else make_function(function=made[name], name=name, arity=1)
        for name in operators
    )


def search(
    task: Task, seconds: float, seed: int, threads: int
) -> tuple[list[tuple[float, list[str]]], dict[str, Any]]:
    """Fronts over time: the best formula of every size after each generation; and facts of the run."""
    from gplearn.genetic import SymbolicRegressor

    settings = {
        "population_size": 1000,
        "function_set": functions(task.operators),
        "metric": "mse",
        "parsimony_coefficient": 1e-3,
        "n_jobs": threads,
        "random_state": seed,
        "low_memory": True,  # else it keeps all generations
    }
    # Its worker processes start here, outside its time.
    SymbolicRegressor(**{**settings, "population_size": 10 * threads, "generations": 1}).fit(task.X, task.y)
    model = SymbolicRegressor(**settings, warm_start=True, generations=1)
    best: dict[int, tuple[float, str]] = {}
    fronts: list[tuple[float, list[str]]] = []
    started = time.monotonic()
    taken = last = 0.0
    while taken + last < seconds:
        model.fit(task.X, task.y)
        for program in model._programs[-1]:
            size = len(program.program)
            if size <= MAXSIZE and program.raw_fitness_ < best.get(size, (np.inf, ""))[0]:
                best[size] = (program.raw_fitness_, str(program))
        model.set_params(generations=model.generations + 1)
        last, taken = time.monotonic() - started - taken, time.monotonic() - started
        fronts.append((taken, [text for _, text in best.values()]))
    formulas = {text: str(formula_of(text)) for _, texts in fronts for text in texts}
    found = [(at, [formulas[text] for text in texts]) for at, texts in fronts]
    return found, {"seconds": taken, "generations": len(fronts)}


def formula_of(text: str) -> Expression:
    """The formula that gplearn prints as nested calls, as in ``add(X0, sin(X1))``."""
    position = 0

    def read() -> str:
        nonlocal position
        start = position
        while position < len(text) and text[position] not in "(),":
            position += 1
        name = text[start:position].strip()
        if position == len(text) or text[position] != "(":
            return name.replace("X", "x")
        operands = []
        while text[position] in "(,":
            position += 1
            operands.append(read())
        position += 1
        if name in INFIX:
            return f"({operands[0]} {INFIX[name]} {operands[1]})"
        return f"{NAMED.get(name, name)}({operands[0]})"

    return parse(read(), NAMES)
