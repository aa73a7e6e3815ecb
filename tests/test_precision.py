"""Fixed-point formats against exact rationals and two independent libraries."""

from __future__ import annotations

import math
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import apytypes
import hls4ml
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from quantizers.fixed_point.fixed_point_ops_np import get_fixed_quantizer_np

from lat_sr.errors import InputError, PrecisionError
from lat_sr.precision import MAX_WIDTH, Overflow, Precision, Quantization

INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def precisions(draw, max_width=MAX_WIDTH, signed=None, overflows=tuple(Overflow)):
    width = draw(st.integers(1, max_width))
    overflow = draw(st.sampled_from(overflows))
    is_signed = draw(st.booleans()) if signed is None else signed
    assume(not (width == 1 and is_signed and overflow is Overflow.SAT_SYM))
    integer = draw(st.integers(-20, 70))
    return Precision(width, integer, is_signed, draw(st.sampled_from(Quantization)), overflow)


def rounded(value: Fraction, mode: Quantization) -> int:
    """Round a rational by the words of the standard."""
    floor, nearest = math.floor(value), math.floor(value + Fraction(1, 2))
    if mode is Quantization.TRN:
        return floor
    if mode is Quantization.TRN_ZERO:
        return int(value)
    if value - floor != Fraction(1, 2):
        return nearest
    return {
        Quantization.RND: floor + 1,
        Quantization.RND_MIN_INF: floor,
        Quantization.RND_ZERO: floor if value > 0 else floor + 1,
        Quantization.RND_INF: floor + 1 if value > 0 else floor,
        Quantization.RND_CONV: floor + floor % 2,
    }[mode]


def reference(value: Fraction, p: Precision) -> int:
    """Quantise a rational without any limit on its size."""
    integer = rounded(value * Fraction(2) ** p.fraction, p.quantization)
    half = 2 ** (p.width - 1)
    low, high = (-half, half - 1) if p.signed else (0, 2 * half - 1)
    if p.overflow is Overflow.WRAP:
        return (integer - low) % (2 * half) + low
    if p.overflow is Overflow.SAT_SYM and p.signed:
        low += 1
    if p.overflow is Overflow.SAT_ZERO:
        return integer if low <= integer <= high else 0
    return min(max(integer, low), high)


@given(precisions(), st.floats(allow_nan=False, allow_infinity=False))
@example(Precision(16, 6), 1e300)
@example(Precision(16, 6), -5e-324)
@example(Precision(52, 70), 1.7976931348623157e308)
@example(Precision(1, 200), 2.0**199)
def test_from_float_is_exact_for_every_double(p, x):
    assert int(p.from_float(x)) == reference(Fraction(x), p)


@given(precisions(), INT64, st.integers(-130, 130))
@example(Precision(8, 8, True, Quantization.RND_CONV), -(2**63), 64)
@example(Precision(8, 8, True, Quantization.RND_INF), -(2**63), 64)
@example(Precision(8, 8, True, Quantization.RND_MIN_INF), -(2**63) + 1, 64)
@example(Precision(8, 8, True, Quantization.RND), 2**63 - 1, 63)
@example(Precision(2, 2, True, Quantization.RND_ZERO), 3 * 2**60 + 1, 61)
def test_cast_is_exact_for_every_int64(p, value, fraction):
    assert int(p.cast(value, fraction)) == reference(Fraction(value) / Fraction(2) ** fraction, p)


@given(precisions(max_width=8), st.integers(-400, 400), st.integers(-3, 9))
def test_cast_near_the_grid(p, value, extra):
    fraction = p.fraction + extra
    assert int(p.cast(value, fraction)) == reference(Fraction(value) / Fraction(2) ** fraction, p)


@given(
    precisions(signed=True, overflows=(Overflow.WRAP, Overflow.SAT)),
    st.integers(-(2**62), 2**62),
    st.integers(-8, 40),
)
def test_agrees_with_apytypes(p, value, extra):
    # Beyond 64 bits apytypes loses the upper ones before it saturates.
    assume(abs(value) << max(0, -extra) < 2**63)
    fraction = p.fraction + extra
    exact = apytypes.APyFixed(value % 2**64, int_bits=64 - fraction, frac_bits=fraction)
    cast = exact.cast(
        int_bits=p.integer,
        frac_bits=p.fraction,
        quantization=getattr(apytypes.QuantizationMode, p.quantization.name),
        overflow=getattr(apytypes.OverflowMode, p.overflow.name),
    )
    bits = cast.to_bits()
    assert int(p.cast(value, fraction)) == bits - (bits >> (p.width - 1)) * 2**p.width


@given(
    precisions(max_width=20, overflows=(Overflow.WRAP, Overflow.SAT, Overflow.SAT_SYM)),
    st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=20),
    st.integers(-2, 12),
)
def test_agrees_with_quantizers(p, values, extra):
    x = np.array(values) * 2.0 ** -(p.fraction + extra)
    quantize = get_fixed_quantizer_np(p.quantization.name, p.overflow.name)
    keep = int(p.signed)
    expected = quantize(x, np.float64(keep), np.float64(p.integer - keep), np.float64(p.fraction))
    np.testing.assert_array_equal(p.quantize(x), expected)


@given(precisions(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=9))
def test_arrays_agree_with_scalars(p, values):
    integers = p.from_float(np.array(values))
    assert integers.dtype == np.int64
    assert integers.tolist() == [int(p.from_float(v)) for v in values]
    assert p.cast(integers, p.fraction).tolist() == integers.tolist()
    assert p.from_float(p.to_float(integers)).tolist() == integers.tolist()
    assert integers.min() >= p.low
    assert integers.max() <= p.high


@given(precisions())
def test_print_and_parse_round_trip(p):
    assert Precision.parse(str(p)) == p
    assert Precision.parse(str(p).replace("AP_", "").replace(",", " , ").upper()) == p
    assert Precision.parse(p) is p


@pytest.mark.parametrize(
    ("text", "printed", "slug"),
    [
        ("ap_fixed<16,6>", "ap_fixed<16,6>", "ap_fixed_16_6"),
        (" ap_fixed < 16 , 6 , AP_TRN , AP_WRAP , 0 > ", "ap_fixed<16,6>", "ap_fixed_16_6"),
        ("ap_ufixed<8,-2,rnd>", "ap_ufixed<8,-2,AP_RND>", "ap_ufixed_8_m2_rnd_wrap"),
        ("ap_fixed<8,4,TRN,SAT_SYM>", "ap_fixed<8,4,AP_TRN,AP_SAT_SYM>", "ap_fixed_8_4_trn_sat_sym"),
    ],
)
def test_spelling(text, printed, slug):
    p = Precision.parse(text)
    assert str(p) == printed
    assert p.slug == slug


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no fixed-point format"),
        ("float", "no fixed-point format"),
        ("ap_fixed<16>", "1 parameter"),
        ("ap_fixed<16,6,RND,SAT,0,1>", "6 parameter"),
        ("ap_fixed<16,6.5>", "'6.5' is no number of bits"),
        ("ap_fixed<0,0>", "no bits"),
        ("ap_fixed<64,32>", r"ap_fixed<64,32> is too wide.*at most 52"),
        ("ap_fixed<8,300>", "out of scale"),
        ("ap_fixed<16,6,ROUND>", "'round' is no quantization mode.*RND_CONV"),
        ("ap_fixed<16,6,RND,WRAP_SM>", "'wrap_sm' is no overflow mode.*SAT_SYM"),
        ("ap_fixed<16,6,RND,WRAP,2>", "saturation bits"),
        ("ap_fixed<1,1,RND,SAT_SYM>", "nothing but zero"),
        (None, "no fixed-point format"),
    ],
)
def test_refuses_formats_by_name(text, message):
    with pytest.raises(PrecisionError, match=message):
        Precision.parse(text)


@pytest.mark.parametrize("arguments", [(16.0, 6), ("16", 6), (True, 1), (16, None), (16, 6, True, "up")])
def test_refuses_wrong_parameters(arguments):
    with pytest.raises(PrecisionError):
        Precision(*arguments)


def test_bounds():
    p = Precision(8, 4)
    assert (p.low, p.high, p.fraction) == (-128, 127, 4)
    assert (p.minimum, p.maximum, p.lsb) == (-8.0, 7.9375, 0.0625)
    assert Precision(8, 4, overflow=Overflow.SAT_SYM).low == -127
    unsigned = Precision(8, 10, signed=False)
    assert (unsigned.low, unsigned.high, unsigned.maximum) == (0, 255, 1020.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, [0.0, -math.inf]])
def test_refuses_values_that_are_not_finite(bad):
    with pytest.raises(InputError, match="finite"):
        Precision(16, 6).from_float(bad)


@pytest.mark.parametrize("bad", ["text", [[1.0], [1.0, 2.0]], [1j], [None], [2**70, 1]])
def test_refuses_values_that_are_not_numbers(bad):
    with pytest.raises(InputError):
        Precision(16, 6).from_float(bad)


def test_integers_are_taken_exactly():
    p = Precision(52, 60)
    assert int(p.from_float(2**59 - 2**8)) == 2**51 - 1  # the double nearest to 2**59 - 1 would be 2**59
    assert int(p.from_float(np.int64(2**59 - 1))) == 2**51 - 1
    with pytest.raises(InputError, match="int64"):
        p.cast(np.array([2**63], dtype=np.uint64), 0)
    with pytest.raises(InputError, match="integers are expected"):
        p.cast(np.array([1.5]), 0)


def test_empty_arrays_keep_their_shape():
    p = Precision(16, 6)
    assert p.from_float(np.empty((0, 3))).shape == (0, 3)
    assert p.cast(np.empty((0, 3), dtype=np.int64), 4).shape == (0, 3)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_agrees_with_the_cpp_header(tmp_path):
    """All modes, signed and not, against the ``ap_fixed`` that hls4ml compiles with."""
    formats = [Precision(7, 3, s, q, o) for q in Quantization for o in Overflow for s in (True, False)]
    prints = "\n".join(
        f'{{ {p} y = x; std::printf("%lld ", (long long)y.range(6, 0).to_int64()); }}' for p in formats
    )
    source = tmp_path / "cast.cpp"
    source.write_text(f"""
        #include <cstdio>
        #include "ap_fixed.h"
        int main() {{
          long long integer;
          while (std::scanf("%lld", &integer) == 1) {{
            ap_fixed<40, 20> x;
            x.range(39, 0) = ap_int<40>(integer);
            {prints}
            std::puts("");
          }}
        }}""")
    include = Path(hls4ml.__file__).parent / "templates/vivado/ap_types"
    program = tmp_path / "cast"
    subprocess.run(["g++", "-w", "-std=c++14", f"-I{include}", source, "-o", program], check=True)
    rng = np.random.default_rng(0)
    values = np.concatenate(
        [rng.integers(-(2**39), 2**39, 200), rng.integers(-(2**24), 2**24, 300), np.arange(-300, 300) << 14]
    )
    done = subprocess.run(
        [program], input="\n".join(map(str, values)), capture_output=True, text=True, check=True
    )
    expected = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.int64)
    for column, p in enumerate(formats):
        np.testing.assert_array_equal(p.cast(values, 20) & 127, expected[:, column], err_msg=str(p))


def test_from_float_of_large_arrays() -> None:
    p = Precision.parse("ap_fixed<14,5,AP_RND_CONV,AP_SAT>")
    values = np.random.default_rng(2).normal(scale=8.0, size=(50_001, 3))
    integers = p.from_float(values)
    assert integers.shape == values.shape
    for column in range(3):
        np.testing.assert_array_equal(integers[:, column], p.from_float(values[:, column]))
    np.testing.assert_array_equal(p.from_float(values.T), integers.T)
