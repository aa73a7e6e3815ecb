"""The part, its clock and its tools."""

from __future__ import annotations

import math

import pytest

from lat_sr.errors import InputError
from lat_sr.target import Target


def test_available_time():
    assert Target().available_ps == 5000.0
    assert Target(clock_period=2, clock_uncertainty=0.5, timing_derate=1.5).available_ps == 1000.0


def test_equal_targets_are_one_key():
    assert {Target(clock_period=5): 1}[Target(clock_period=5.0)] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"clock_period": 0}, "clock_period is 0; a finite number above 0"),
        ({"clock_period": math.nan}, "clock_period"),
        ({"clock_period": "fast"}, "clock_period is 'fast'"),
        ({"clock_period": None}, "clock_period is None"),
        ({"clock_uncertainty": -0.1}, "clock_uncertainty is -0.1; a finite number 0 or more"),
        ({"clock_uncertainty": 5.0}, "leaves nothing"),
        ({"timing_derate": 0.0}, "timing_derate"),
        ({"timing_derate": math.inf}, "timing_derate"),
        ({"part": ""}, "part is ''"),
        ({"part": "../part"}, "without slashes"),
        ({"toolchain": None}, "toolchain is None"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(InputError, match=message):
        Target(**arguments)
