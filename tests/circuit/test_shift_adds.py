"""Multiplication by constants in few additions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lat_sr._engine import shift_adds


def product(value: int) -> tuple[float, int]:
    """The last term for an operand of 1, and the levels of adders."""
    terms, levels = [1.0], [0]
    for first, second, shift, subtract in shift_adds(value):
        other = terms[second] * 2.0**shift
        terms.append(terms[first] - other if subtract else terms[first] + other)
        levels.append(max(levels[first], levels[second]) + 1)
    return terms[-1], levels[-1]


def signed_digits(value: int) -> int:
    """Nonzero digits of the canonical signed form."""
    return (value ^ 3 * value).bit_count()


@given(st.integers(0, 2**40).map(lambda value: 2 * value + 1))
def test_shift_adds_multiply(value: int) -> None:
    ratio = abs(product(value)[0]) / value
    assert ratio == 2.0 ** round(np.log2(ratio))


@given(st.integers(0, 2**40).map(lambda value: 2 * value + 1))
def test_levels_are_the_fewest_and_no_digit_takes_more_than_an_adder(value: int) -> None:
    assert product(value)[1] == math.ceil(math.log2(signed_digits(value)))
    assert len(shift_adds(value)) <= signed_digits(value) - 1


@pytest.mark.parametrize(
    ("value", "adders"),
    [
        (1, 0),
        (7, 1),  # 8 - 1
        (0b1010101, 2),  # 5 * 17, two levels either way: the shared product saves an adder
        (0b1010101010101, 4),  # 127 * 43, seven digits
        (54093, 4),  # 13 * 4161, nine digits
        (58675, 5),  # 7 * 1025 * 8 + 5 * 255, eight digits
    ],
)
def test_partial_products_are_shared(value: int, adders: int) -> None:
    assert len(shift_adds(value)) == adders


def test_four_adders_are_enough_for_every_number_of_twelve_bits() -> None:
    # A. G. Dempster, M. D. Macleod, "Constant integer multiplication using minimum adders", IEE Proceedings 141, 1994.
    assert max(len(shift_adds(value)) for value in range(1, 1 << 12, 2)) == 4


@pytest.mark.parametrize("value", [0, -3, 6, 2**53 + 1])
def test_only_odd_positive_numbers_are_taken(value: int) -> None:
    with pytest.raises(ValueError, match="an odd number from 1 to"):
        shift_adds(value)
