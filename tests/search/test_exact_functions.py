"""Functions for tables have the same bits on every processor, and those of the core's own are correctly rounded."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from lat_sr import _engine

COUNT = 200_000
DIGESTS = Path(__file__).with_name("exact_function_digests.json")
# The C library takes its own variants for a processor, too.
WITHOUT_FMA = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX2_Usable,-FMA_Usable"}

Floats = np.ndarray[Any, np.dtype[np.float64]]


def over_exponents(rng: np.random.Generator, low: int, high: int, count: int) -> Floats:
    """Numbers of both signs whose exponents are evenly spread."""
    return np.ldexp(rng.uniform(1, 2, count), rng.integers(low, high, count)) * rng.choice([-1.0, 1.0], count)


def angles(rng: np.random.Generator, count: int) -> Floats:
    """Small ones, large ones and those next to the multiples of a quarter turn, where digits cancel."""
    part = count // 5
    return np.concatenate(
        [
            rng.uniform(-7, 7, part),
            rng.uniform(-(2.0**19), 2.0**19, part),
            over_exponents(rng, -60, 20, part),
            over_exponents(rng, 18, 1023, part),
            rng.integers(1, 2**22, part) * (np.pi / 2),
        ]
    )


def large_angles(rng: np.random.Generator, count: int) -> Floats:
    """Beyond 2^19."""
    multiples = rng.integers(2**19, 2**50, count // 2) * (np.pi / 2)
    return np.concatenate([over_exponents(rng, 19, 1023, count // 2), multiples])


def numbers(rng: np.random.Generator, count: int) -> Floats:
    part = count // 4
    return np.concatenate(
        [
            rng.uniform(-3, 3, part),
            over_exponents(rng, -70, 10, part),
            over_exponents(rng, -1022, 1023, part),
            rng.choice([-1.0, 1.0], part) + over_exponents(rng, -52, -2, part),
        ]
    )


def positive(rng: np.random.Generator, count: int) -> Floats:
    return np.abs(
        np.where(rng.random(count) < 0.1, rng.integers(1, 2**40, count) * 5e-324, numbers(rng, count))
    )


def within_one(rng: np.random.Generator, count: int) -> Floats:
    part = count // 3
    near = np.copysign(1 - np.abs(over_exponents(rng, -53, -2, part)), rng.uniform(-1, 1, part))
    return np.concatenate([rng.uniform(-1, 1, part), over_exponents(rng, -70, 0, part), near])


def moderate(limit: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, count: np.concatenate(
        [rng.uniform(-limit, limit, count // 2), over_exponents(rng, -60, 1, count // 2)]
    )


Arguments = Callable[[np.random.Generator, int], Floats]
ROUNDED: dict[str, Arguments] = {
    "log2": positive,
    "log10": positive,
    "log1p": lambda rng, count: np.maximum(numbers(rng, count), -1 + 2.0**-53),
    "tan": angles,
    "asin": within_one,
    "acos": within_one,
    "atan": numbers,
    "asinh": numbers,
    "acosh": lambda rng, count: 1 + np.abs(numbers(rng, count)),
    "atanh": within_one,
    "exp2": moderate(1100.0),
    **{f"pow {n}": numbers for n in (-3, -1, 3, 4, 5, 7)},
    "pow 1024": lambda rng, count: rng.uniform(-2.0, 2.0, count),
    "pow -1021": lambda rng, count: rng.uniform(-2.0, 2.0, count),
    "sin": large_angles,
    "cos": large_angles,
}
# The bits of these are as fixed, but they are up to three units in the last place off.
ROUGHER: dict[str, Arguments] = {
    "sin of moderate angles": lambda rng, count: rng.uniform(-(2.0**19), 2.0**19, count),
    "cos of moderate angles": lambda rng, count: rng.uniform(-(2.0**19), 2.0**19, count),
    "exp": moderate(750.0),
    "log": positive,
    "sinh": moderate(720.0),
    "cosh": moderate(720.0),
    "tanh": moderate(40.0),
    "gauss": moderate(30.0),
    "sqrt": positive,
    "inv": numbers,
}
ARGUMENTS = ROUNDED | ROUGHER


def arguments(name: str, count: int) -> Floats:
    return ARGUMENTS[name](np.random.default_rng([14, *name.encode()]), count)


def values(name: str, x: Floats) -> Floats:
    if name == "exp2":
        return np.asarray(_engine.exp2(x))
    function, *exponent = name.removesuffix(" of moderate angles").split()
    tree = _engine.Tree([("variable", 0.0), (function, float(*exponent))])
    return np.asarray(_engine.function_values(tree, x))


def digests() -> dict[str, str]:
    """Of the results' bits."""
    return {
        name: hashlib.sha256(values(name, arguments(name, COUNT)).astype("<f8").tobytes()).hexdigest()
        for name in ARGUMENTS
    }


def exact(name: str, x: float) -> mpmath.mpf:
    function, _, exponent = name.partition(" ")
    number = mpmath.mpf(x)
    match function:
        case "exp2":
            return mpmath.power(2, number)
        case "log2":
            return mpmath.log(number, 2)
        case "pow":
            return number ** int(exponent)
        case _:
            return getattr(mpmath, function)(number)


@pytest.mark.parametrize("name", list(ROUNDED))
def test_results_are_correctly_rounded(name: str) -> None:
    x = arguments(name, 2400)
    found = values(name, x)
    checked = 0
    with mpmath.workprec(200):
        for argument, value in zip(x.tolist(), found.tolist(), strict=True):
            if name == "log1p" and abs(argument) < 1e-300:
                continue  # mpmath rounds its sum with one
            truth = exact(name, argument)
            if abs(truth) < 2.0**-1021 or abs(truth) > 2.0**1023:
                continue  # no normal number
            assert abs(value - truth) <= 0.501 * mpmath.mpf(float(np.spacing(abs(float(truth))))), argument
            checked += 1
    assert checked > 600


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("log2", 2.0**-1074, -1074.0),
        ("log2", np.inf, np.inf),
        ("log10", 1e22, 22.0),
        ("log1p", -0.0, -0.0),
        ("log1p", 5e-324, 5e-324),
        ("tan", -0.0, -0.0),
        ("tan", np.inf, np.nan),
        ("asin", 1.0, np.pi / 2),
        ("asin", 1.5, np.nan),
        ("asin", 5e-324, 5e-324),
        ("acos", -1.0, np.pi),
        ("acos", 1.0, 0.0),
        ("acos", -1.5, np.nan),
        ("atan", -np.inf, -np.pi / 2),
        ("atan", 1e308, np.pi / 2),
        ("atan", -0.0, -0.0),
        ("asinh", -np.inf, -np.inf),
        ("acosh", 1.0, 0.0),
        ("acosh", 0.5, np.nan),
        ("acosh", np.inf, np.inf),
        ("atanh", 1.0, np.nan),
        ("sin", 1e308, 0.4533964905016491),
        ("cos", -np.inf, np.nan),
        ("exp2", -1074.0, 5e-324),
        ("exp2", 1024.0, np.inf),
        ("exp2", -np.inf, 0.0),
        ("pow 3", -np.inf, -np.inf),
        ("pow 3", -0.0, -0.0),
        ("pow -3", -np.inf, -0.0),
        ("pow -1", 0.0, np.nan),
        ("pow 0", np.nan, 1.0),
        ("pow 1024", 2.0, np.inf),
        ("pow 1024", 0.5, 2.0**-1024),
    ],
)
def test_results_at_the_ends_of_the_domain(name: str, argument: float, value: float) -> None:
    found = values(name, np.array([argument, np.nan]))
    np.testing.assert_array_equal(found[0], value)
    assert np.signbit(found[0]) == np.signbit(value) or np.isnan(value)
    assert np.isnan(found[1]) or name == "pow 0"


def test_bits_are_those_of_every_other_machine() -> None:
    assert digests() == json.loads(DIGESTS.read_text())


@pytest.mark.parametrize("instruction_set", ["baseline", "avx2", "avx512"])
def test_bits_are_those_of_every_instruction_set(instruction_set: str) -> None:
    variants = WITHOUT_FMA if instruction_set == "baseline" else {}
    environment = {**os.environ, "LAT_SR_ISA": instruction_set, **variants}
    run = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    found = json.loads(run.stdout)
    if found.pop("instruction set") != instruction_set:
        pytest.skip(f"this processor has no {instruction_set}")
    assert found == json.loads(DIGESTS.read_text())


if __name__ == "__main__":
    print(json.dumps({"instruction set": _engine.instruction_set(), **digests()}, indent=1))
