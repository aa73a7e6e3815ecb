"""Formulas from the Feynman lectures with at most six variables, and samples of them.

The list and the ranges of the variables are those of Udrescu and Tegmark, "AI Feynman" (2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lat_sr import parse
from lat_sr.expression import Expression, Variable, evaluate

Floats = NDArray[np.float64]

ROWS = 1000
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
