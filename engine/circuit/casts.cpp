#include "circuit/casts.hpp"

#include <algorithm>
#include <cstdint>

namespace lat_sr {

namespace {

// Where more bits are dropped than any value has, every mode but truncation to minus infinity gives zero.
constexpr int most_dropped = 58;

// Every rounding is a truncation after something was added. The summand depends on the bits that are dropped (half of
// the new least significant bit is `half`) and on one more bit of the operand: its sign or its parity after truncation.
struct Summands {
    std::int64_t set;   // where that bit is 1
    std::int64_t clear; // where it is 0
};

Summands summands_by_sign(Quantization mode, std::int64_t half) {
    switch (mode) {
    case Quantization::trn_zero:
        return {.set = 2 * half - 1, .clear = 0};
    case Quantization::rnd:
        return {.set = half, .clear = half};
    case Quantization::rnd_zero:
        return {.set = half, .clear = half - 1};
    case Quantization::rnd_inf:
        return {.set = half - 1, .clear = half};
    case Quantization::rnd_min_inf:
        return {.set = half - 1, .clear = half - 1};
    default:
        return {.set = 0, .clear = 0};
    }
}

Signal rounded(CircuitBuilder& builder, const Signal& a, int dropped, Quantization mode) {
    const int fraction = a.fraction - dropped;
    if (dropped > most_dropped) {
        const bool to_minus_infinity = mode == Quantization::trn;
        return to_minus_infinity ? builder.slice(a, fraction, {.low = a.low < 0 ? -1 : 0, .high = a.high < 0 ? -1 : 0})
                                 : Signal{};
    }
    const std::int64_t half = std::int64_t{1} << (dropped - 1);
    std::int64_t low = a.low;
    std::int64_t high = a.high;
    Signal key = a;
    Summands summands{};
    if (mode == Quantization::rnd_conv) {
        key = builder.bits(a, dropped, 1);
        summands = {.set = key.is_constant() ? half - 1 : half, .clear = half - 1};
        low += half - 1;
        high += half;
    } else {
        summands = summands_by_sign(mode, half);
        summands = {.set = a.low >= 0 ? summands.clear : summands.set,
                    .clear = a.high < 0 ? summands.set : summands.clear};
        low = a.low >= 0 ? low + summands.clear : std::min(low + summands.set, summands.clear);
        high = a.high < 0 ? high + summands.set : std::max(high + summands.clear, summands.set - 1);
    }
    const Signal summand =
        builder.select(key, constant_signal(summands.set, a.fraction), constant_signal(summands.clear, a.fraction));
    const Bounds bounds{.low = low, .high = high};
    const Signal sum = builder.add(a, summand, &bounds);
    return builder.slice(sum, fraction, {.low = low >> dropped, .high = high >> dropped});
}

bool holds(const FixedFormat& format, const Signal& a) {
    const Bounds bounds = a.at(format.fraction);
    return format.low <= bounds.low && bounds.high <= format.high;
}

// Bits of the format without its sign, counted from the least significant bit of `a`; may be negative.
int magnitude(const Signal& a, const FixedFormat& format) {
    return format.width - (format.is_signed ? 1 : 0) - (format.fraction - a.fraction);
}

Signal wrapped(CircuitBuilder& builder, const Signal& a, const FixedFormat& format) {
    const int width = magnitude(a, format);
    if (width + (format.is_signed ? 1 : 0) <= 0) {
        return {};
    }
    const std::int64_t size = std::int64_t{1} << width;
    return builder.slice(a, a.fraction, {.low = format.is_signed ? -size : 0, .high = size - 1});
}

// A flag: whether bits above the format's magnitude differ from the sign.
Signal overflows(CircuitBuilder& builder, const Signal& a, const FixedFormat& format) {
    const int position = magnitude(a, format);
    if (a.low >= 0 || position < 0) {
        const int first = std::max(position, 0);
        return builder.any(builder.bits(a, first, a.width() - first));
    }
    const int count = a.width() - 1 - position;
    const Signal above = builder.bits(a, position, count);
    return builder.any(builder.exclusive_or(above, builder.bits(a, a.width(), count)));
}

Signal saturated(CircuitBuilder& builder, const Signal& a, const FixedFormat& format, const Signal& within) {
    if (holds(format, a)) {
        return a;
    }
    Signal limit;
    if (format.overflow != Overflow::sat_zero) {
        limit = builder.select_negative(a, constant_signal(format.low, format.fraction),
                                        constant_signal(format.high, format.fraction));
    }
    const Signal inside = wrapped(builder, a, format);
    return builder.select(overflows(builder, a, format), limit, inside, &within);
}

// The most negative value replaced by the next one, as symmetric saturation wants it.
Signal without_minimum(CircuitBuilder& builder, const Signal& a, const FixedFormat& format, const Signal& within) {
    const int position = magnitude(a, format);
    if (position < 0 || holds(format, a)) {
        return a;
    }
    const Signal low_bits = builder.bits(a, 0, position + 1);
    const Signal pattern = builder.exclusive_or(low_bits, constant_signal(std::int64_t{1} << position, 0));
    return builder.select(builder.any(pattern), a, constant_signal(format.low, format.fraction), &within);
}

// A value whose fraction is not finer than the format's, brought into its range.
Signal confined(CircuitBuilder& builder, Signal a, const FixedFormat& format, const Signal& within) {
    if (holds(format, a)) {
        return a;
    }
    if (format.overflow == Overflow::wrap) {
        return wrapped(builder, a, format);
    }
    if (!format.is_signed) {
        a = builder.relu(a);
    }
    if (format.overflow == Overflow::sat_sym && format.is_signed) {
        FixedFormat full = format;
        full.overflow = Overflow::sat;
        full.low = -full.high - 1;
        const Signal bounds{.low = full.low, .high = full.high, .fraction = full.fraction};
        return without_minimum(builder, saturated(builder, a, full, bounds), format, within);
    }
    return saturated(builder, a, format, within);
}

} // namespace

Signal cast_signal(CircuitBuilder& builder, const Signal& a, const FixedFormat& format, const Signal& within) {
    const int dropped = a.fraction - format.fraction;
    const Signal value = dropped > 0 && !a.is_constant() ? rounded(builder, a, dropped, format.quantization) : a;
    if (value.is_constant()) {
        return constant_signal(cast_to(format, value.low, value.fraction), format.fraction);
    }
    return confined(builder, value, format, within);
}

} // namespace lat_sr
