#include "datapath/interval.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace lat_sr {

namespace {

// Two's complement arithmetic on the bits is the matter of this part.
// NOLINTBEGIN(bugprone-signed-bitwise)

int bits_of(std::int64_t value) { return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))); }

std::int64_t shifted(std::int64_t value, int left) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << static_cast<unsigned>(left));
}

// Beyond any format instead of overflowing.
std::int64_t saturating_shift(std::int64_t value, int left) {
    constexpr std::int64_t largest = std::int64_t{1} << 62;
    if (value == 0) {
        return 0;
    }
    if (left + bits_of(std::abs(value)) > 62) {
        return value < 0 ? -largest : largest;
    }
    return shifted(value, left);
}

} // namespace

int interval_width(Interval interval) {
    if (interval.low >= 0) {
        return std::max(bits_of(interval.high), 1);
    }
    return std::max(bits_of(-interval.low - 1), interval.high < 0 ? bits_of(-interval.high) : bits_of(interval.high)) +
           1;
}

Interval shifted(Interval interval, int left) { return {shifted(interval.low, left), shifted(interval.high, left)}; }

Interval absolute(Interval a) {
    if (a.low >= 0) {
        return a;
    }
    return a.high >= 0 ? Interval{0, std::max(-a.low, a.high)} : Interval{-a.high, -a.low};
}

Interval product(Interval a, Interval b, bool square) {
    if (square) {
        const Interval magnitude = absolute(a);
        return {magnitude.low * magnitude.low, magnitude.high * magnitude.high};
    }
    const auto [low, high] = std::minmax({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high});
    return {low, high};
}

Interval combined(NodeKind kind, Interval a, Interval b) {
    switch (kind) {
    case NodeKind::add:
        return {a.low + b.low, a.high + b.high};
    case NodeKind::subtract:
        return {a.low - b.high, a.high - b.low};
    case NodeKind::minimum:
        return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case NodeKind::maximum:
        return {std::max(a.low, b.low), std::max(a.high, b.high)};
    default: // select
        return {std::min(a.low, b.low), std::max(a.high, b.high)};
    }
}

bool fits(Interval interval, int fraction, const FixedFormat& format) {
    const int right = fraction - format.fraction;
    const int steps = std::min(right, 63);
    const std::int64_t low = right > 0 ? interval.low >> steps : saturating_shift(interval.low, -right);
    const std::int64_t high = right > 0 ? -(-interval.high >> steps) : saturating_shift(interval.high, -right);
    return format.low <= low && high <= format.high;
}

Interval cast_bounds(Interval interval, int fraction, const FixedFormat& format) {
    const bool jumps = format.overflow == Overflow::wrap || format.overflow == Overflow::sat_zero;
    if (jumps && !fits(interval, fraction, format)) {
        return {format.low, format.high};
    }
    return {cast_to(format, interval.low, fraction), cast_to(format, interval.high, fraction)};
}

// NOLINTEND(bugprone-signed-bitwise)

} // namespace lat_sr
