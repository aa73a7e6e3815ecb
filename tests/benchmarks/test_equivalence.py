"""Whether a formula that was found is called the truth when it is, and only then."""

from __future__ import annotations

import pytest
from equivalence import first_recovered, recovered

from lat_sr import parse

PI = "3.141592653589793"
GAUSSIAN = f"exp(-square(x0/x1)/2)/(sqrt(2*{PI})*x1)"
DISTANCE = "sqrt(square(x1 - x0) + square(x3 - x2))"

# What the searches really print: scales that cancel, shifted phases, remnants of fitted constants.
EQUAL = [
    ("1.0004*x0*x1", "x0*x1"),
    ("0.3989/exp(0.5*square(x0/x1))/x1", GAUSSIAN),
    ("exp(-0.5*x0*x0/(x1*x1) - 0.9189385)/x1 + 1e-7", GAUSSIAN),
    ("exp(-0.5*square(x0/x1) - sqrt(square(3.9e-7*x0)))/(2.506628*x1) + sin(1.3e-10*x0)", GAUSSIAN),
    ("1.7*sqrt(square(0.5882353*x0 - 0.5882353*x1) + square(0.5882353*x2 - 0.5882353*x3))", DISTANCE),
    ("x0*x1/sqrt(x1*x1 - x2*x2)", "x0/sqrt(1 - square(x2)/square(x1))"),
    ("x1/x2*sqrt(x0*x2/x1)", "sqrt(x0*x1/x2)"),
    ("x0/sqrt((x1 + 2 + 1/(x1 - 0.0001))*(x1*4))", "x0/(2*(1 + x1))"),
    ("x0*sin(x1 + 1.5707963)", "x0*cos(x1)"),
    ("0.5*sin(2*x0)", "sin(x0)*cos(x0)"),
    ("sqrt(x0*x0 + x1*x1 - 2*x0*x1*(cos(x2)*cos(x3) + sin(x2)*sin(x3)))",
        "sqrt(square(x0) + square(x1) - 2*x0*x1*cos(x2 - x3))"),
    ("x2*(x0 + x1)/(x2 + x0*x1/x2)", "(x0 + x1)/(1 + x0*x1/square(x2))"),
    ("x0/(x0*x2/x1 + 1)", "1/(1/x0 + x2/x1)"),
]  # fmt: skip

DIFFERENT = [
    ("1.01*x0*x1", "x0*x1"),
    ("-x0", "x0"),
    ("0", "x0"),
    ("x0*x1 + 0.01*x0", "x0*x1"),
    ("0.3989/exp(0.51*square(x0/x1))/x1", GAUSSIAN),
    ("0.3989/exp(0.5*square(x0/x1))", GAUSSIAN),
    ("sqrt(square(x1 - x0) + square(x3 + x2))", DISTANCE),
    ("1.7*sqrt(square(x0 - x1) + square(x2 - x3))", DISTANCE),
    ("x0*x1/sqrt(x1*x1 - 1.1*x2*x2)", "x0/sqrt(1 - square(x2)/square(x1))"),
    ("x0 - x0*x0*x0/6", "sin(x0)"),
    ("x0*sin(x1 + 1.5)", "x0*cos(x1)"),
    ("x2*(x0 + x1)/(x2 + x0*x1)", "(x0 + x1)/(1 + x0*x1/square(x2))"),
]


@pytest.mark.parametrize(("found", "truth"), EQUAL)
def test_the_truth_in_another_form_is_recovered(found: str, truth: str) -> None:
    assert recovered(parse(found), parse(truth))


@pytest.mark.parametrize(("found", "truth"), DIFFERENT)
def test_another_formula_is_not_recovered(found: str, truth: str) -> None:
    assert not recovered(parse(found), parse(truth))


def test_constants_may_be_good_to_fewer_digits() -> None:
    truth = parse("exp(-square(x0)/2) + x1")
    assert recovered(parse("1.004*exp(-0.503*square(x0)) + 0.996*x1 + 0.003"), truth, digits=2)
    assert not recovered(parse("1.004*exp(-0.503*square(x0)) + 0.996*x1 + 0.003"), truth)
    assert not recovered(parse("1.02*exp(-0.5*square(x0)) + x1"), truth, digits=2)


def test_the_first_that_is_equal_is_named() -> None:
    assert first_recovered(["x0", "x1*x0", "x0*x1"], "x0*x1", 60.0) == ("x1*x0", [])
    assert first_recovered(["x0", "x1"], "x0*x1", 60.0) == (None, [])


@pytest.mark.slow
def test_a_formula_that_takes_too_long_is_undecided() -> None:
    endless = "square(" * 12 + "x0 + x1 + sin(x0*x1)" + ")" * 12  # expands to millions of terms
    assert first_recovered([endless, "x0"], "x0", 5.0) == ("x0", [endless])
