"""Exact recovery of formulas from the Feynman lectures, against PyOperon.

    python benchmarks/search/feynman.py [--seconds 60] [--formulas 36] [--seeds 1] [--noise 0] [--out DIR]

Formulas with at most six variables from the list of Udrescu and Tegmark, "AI Feynman" (2020), with its ranges of the
variables; 1,000 rows each, with ``--noise 0.01`` plus 1 % of the target's standard deviation. A formula counts as
recovered where some formula of the front differs from it, brought to one fraction by sympy, in no coefficient by more
than a thousandth of the largest. Our search ends early when the loss is down to rounding errors; PyOperon takes all of
its time. The table is Markdown; ``feynman.json`` keeps every formula that was found.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from lat_sr import parse
from lat_sr.errors import LatSrError
from lat_sr.expression import Expression, Variable, evaluate, to_sympy
from lat_sr.search import NativeEngine, SearchProblem, uniform_cost_model
from lat_sr.storage import write_atomic

ROWS = 1000
MAXSIZE = 30
OPERATORS = ("+", "-", "*", "/", "square", "sqrt", "exp", "sin", "cos")
PI = "3.141592653589793"

# Number in the lectures, formula, and the ranges of the variables where they are not 1 to 5.
Formula = tuple[str, str, dict[str, tuple[float, float]]]
FORMULAS: tuple[Formula, ...] = (
    ("I.6.20a", f"exp(-square(theta)/2)/sqrt(2*{PI})", {"theta": (1, 3)}),
    ("I.6.20", f"exp(-square(theta/sigma)/2)/(sqrt(2*{PI})*sigma)", {"theta": (1, 3), "sigma": (1, 3)}),
    ("I.8.14", "sqrt(square(x2 - x1) + square(y2 - y1))", {}),
    ("I.12.1", "mu*Nn", {}),
    ("I.12.2", f"q1*q2/(4*{PI}*epsilon*square(r))", {}),
    ("I.12.5", "q2*Ef", {}),
    ("I.14.3", "m*g*z", {}),
    ("I.14.4", "k*square(x)/2", {}),
    ("I.15.10", "m*v/sqrt(1 - square(v)/square(c))", {"v": (1, 2), "c": (3, 10)}),
    ("I.16.6", "(u + v)/(1 + u*v/square(c))", {}),
    ("I.18.4", "(m1*r1 + m2*r2)/(m1 + m2)", {}),
    ("I.18.12", "r*F*sin(theta)", {}),
    ("I.24.6", "m*(square(omega) + square(omega0))*square(x)/4", {"m": (1, 3), "omega": (1, 3), "omega0": (1, 3)}),
    ("I.25.13", "q/C", {}),
    ("I.27.6", "1/(1/d1 + n/d2)", {}),
    ("I.29.16", "sqrt(square(x1) + square(x2) - 2*x1*x2*cos(theta1 - theta2))", {}),
    ("I.32.5", f"square(q)*square(a)/(6*{PI}*epsilon*(c*square(c)))", {}),
    ("I.34.8", "q*v*B/p", {}),
    ("I.34.10", "omega0/(1 - v/c)", {"v": (1, 2), "c": (3, 10)}),
    ("I.34.14", "(1 + v/c)/sqrt(1 - square(v)/square(c))*omega0", {"v": (1, 2), "c": (3, 10)}),
    ("I.39.1", "1.5*pr*V", {}),
    ("I.39.22", "n*kb*T/V", {}),
    ("I.43.16", "mu*q*Volt/d", {}),
    ("I.47.23", "sqrt(gamma*pr/rho)", {}),
    ("I.50.26", "x1*(cos(omega*t) + alpha*square(cos(omega*t)))", dict.fromkeys(("x1", "omega", "t", "alpha"), (1, 3))),
    ("II.3.24", f"Pwr/(4*{PI}*square(r))", {}),
    ("II.6.15b", f"3/(4*{PI}*epsilon)*p*sin(theta)*cos(theta)/(r*square(r))",
        dict.fromkeys(("epsilon", "p", "theta", "r"), (1, 3)),
    ),
    ("II.8.31", "epsilon*square(Ef)/2", {}),
    ("II.11.3", "q*Ef/(m*(square(omega0) - square(omega)))",
        {"q": (1, 3), "Ef": (1, 3), "m": (1, 3), "omega0": (3, 5), "omega": (1, 2)},
    ),
    ("II.27.16", "epsilon*c*square(Ef)", {}),
    ("II.34.2", "q*v*r/2", {}),
    ("II.38.14", "Y/(2*(1 + sigma))", {}),
    ("III.12.43", f"n*h/(2*{PI})", {}),
    ("III.17.37", "beta*(1 + alpha*cos(theta))", {}),
    ("III.13.18", f"2*E*square(d)*k*2*{PI}/h", {}),
    ("I.34.27", f"h/(2*{PI})*omega", {}),
)  # fmt: skip

Floats = NDArray[np.float64]
Search = Callable[[Floats, Floats, tuple[str, ...], float, int], list[str]]


def samples(formula: Formula, noise: float) -> tuple[Floats, Floats, tuple[str, ...], Expression]:
    """Rows of the formula's variables, called x0, x1 and so on, and of its value."""
    number, text, ranges = formula
    expression = parse(text)
    given = expression.variables
    names = tuple(f"x{i}" for i in range(len(given)))
    rng = np.random.default_rng(sum(map(ord, number)))
    X = np.column_stack([rng.uniform(*ranges.get(name, (1, 5)), ROWS) for name in given])
    truth = expression.substitute({old: Variable(new) for old, new in zip(given, names, strict=True)})
    y = evaluate(truth, X, names)
    return X, y + noise * y.std() * rng.standard_normal(ROWS), names, truth


def positive(expression: Expression) -> Any:
    """As sympy sees it for positive variables, so that roots of products come apart."""
    found = to_sympy(expression)
    found = found.subs({symbol: sympy.Symbol(symbol.name, positive=True) for symbol in found.free_symbols})
    return sympy.expand(sympy.expand_trig(sympy.expand(found).replace(_is_function, _with_three_digits)))


def _is_function(part: Any) -> bool:
    return isinstance(part, sympy.exp | sympy.sin | sympy.cos) or (part.is_Pow and not part.exp.is_Integer)


def _with_three_digits(part: Any) -> Any:
    """The same function of an argument whose constants are rounded, so that equal functions cancel."""
    digits = {number: sympy.Rational(f"{float(number):.2e}") for number in part.atoms(sympy.Float)}
    return part.func(*(sympy.expand(argument.xreplace(digits)) for argument in part.args))


def recovered(found: Expression, truth: Expression) -> bool:
    """Whether two formulas are equal, with constants good to three digits."""

    def numerator(value: Any) -> Any:
        return sympy.expand(sympy.fraction(sympy.together(value))[0])

    difference = numerator(positive(found) - positive(truth))
    scale = max((abs(c) for c in numerator(positive(truth)).as_coefficients_dict().values()), default=1)
    # The numerator of the difference has the factors of both denominators.
    own = numerator(positive(found) + positive(truth))
    scale = max(scale, *(abs(c) for c in own.as_coefficients_dict().values()))
    return all(abs(c) <= 1e-3 * scale for c in difference.as_coefficients_dict().values())


def lat_sr_front(X: Floats, y: Floats, names: tuple[str, ...], seconds: float, seed: int) -> list[str]:
    """Our front, best first."""
    problem = SearchProblem(
        X=X.astype(np.float32),
        y=y,
        cost=uniform_cost_model(len(names), functions=("sqrt", "exp", "sin", "cos", "inv")),
        feature_names=names,
        operators=OPERATORS,
        maxsize=MAXSIZE,
        maxdepth=MAXSIZE,
        value_limit=np.inf,
        timeout=seconds,
        target_loss=1e-11 * float(np.var(y)),
        seed=seed,
    )
    points = NativeEngine().search(problem).points
    return [str(point.expression) for point in sorted(points, key=lambda point: point.loss)]


def pyoperon_front(X: Floats, y: Floats, names: tuple[str, ...], seconds: float, seed: int) -> list[str]:
    """PyOperon's front, best first."""
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(
        allowed_symbols="add,sub,mul,div,square,sqrt,exp,sin,cos,constant,variable",
        objectives=["mse", "length"],
        optimizer_iterations=5,
        max_length=MAXSIZE - 4,
        max_depth=MAXSIZE,
        generations=10**9,
        max_evaluations=10**9,
        max_time=int(seconds),
        n_threads=len(os.sched_getaffinity(0)),
        random_state=seed,
    ).fit(X, y)
    theirs = {f"X{i + 1}": Variable(name) for i, name in enumerate(names)}
    front = sorted(model.pareto_front_, key=lambda entry: entry["mean_squared_error"])
    return [str(parse(entry["model"], list(theirs)).substitute(theirs)) for entry in front]


SYSTEMS: dict[str, Search] = {"lat_sr": lat_sr_front, "PyOperon": pyoperon_front}


def first_recovered(front: Sequence[str], truth: Expression, names: tuple[str, ...]) -> str | None:
    """The first formula of the front that is the truth."""
    for text in front[:8]:
        try:
            if recovered(parse(text, names), truth):
                return text
        except (LatSrError, TypeError, ValueError, RecursionError):
            continue  # not comparable: complex values, or no polynomial
    return None


def main() -> int:
    """Run the comparison, or go on with one that was stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--formulas", type=int, default=len(FORMULAS), help="the first so many")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "results" / "search")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"feynman_noise{args.noise:g}_{args.seconds:g}s.json"
    results: dict[str, Any] = json.loads(path.read_text())["results"] if path.exists() else {}
    facts = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": time.strftime("%Y-%m-%d"),
        "seconds": args.seconds,
        "noise": args.noise,
    }
    for formula in FORMULAS[: args.formulas]:
        X, y, names, truth = samples(formula, args.noise)
        for seed in range(1, args.seeds + 1):
            for system in args.systems:
                key = f"{system}, {formula[0]}, {seed}"
                if key in results:
                    continue
                started = time.monotonic()
                front = SYSTEMS[system](X, y, names, args.seconds, seed)
                taken = time.monotonic() - started
                found = first_recovered(front, truth, names)
                results[key] = {"recovered": found, "best": front[0], "seconds": taken}
                write_atomic(path, json.dumps({**facts, "results": results}, indent=1) + "\n")
                print(key, found is not None, f"{taken:.1f} s", file=sys.stderr, flush=True)
    print("| system | recovered | of | median seconds |\n|---|---|---|---|")
    for system in args.systems:
        runs = [run for key, run in results.items() if key.startswith(f"{system}, ")]
        good = [run for run in runs if run["recovered"] is not None]
        median = float(np.median([run["seconds"] for run in runs])) if runs else 0.0
        print(
            f"| {system} | {len(good)} ({len(good) / max(len(runs), 1):.0%}) | {len(runs)} | {median:.1f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
