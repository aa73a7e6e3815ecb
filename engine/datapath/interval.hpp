// Ranges of integers, and what operations of the datapath make of them: exact bounds.
#pragma once

#include "datapath/fixed_point.hpp"

#include <cstdint>

namespace lat_sr {

struct Interval {
    std::int64_t low = 0;
    std::int64_t high = 0;

    constexpr Interval() = default;
    constexpr Interval(std::int64_t first, std::int64_t last) : low(first), high(last) {}

    bool operator==(const Interval&) const = default;
};

// Bits of the smallest two's complement (or unsigned, if low >= 0) format that holds the interval; for a negative power
// of two as the higher end one bit more, as in Python.
[[nodiscard]] int interval_width(Interval interval);

[[nodiscard]] Interval shifted(Interval interval, int left);
[[nodiscard]] Interval absolute(Interval a);
// Of one value with itself, or of two independent ones.
[[nodiscard]] Interval product(Interval a, Interval b, bool square);
// Of add, subtract, minimum, maximum and select, on one fraction.
[[nodiscard]] Interval combined(NodeKind kind, Interval a, Interval b);

// Whether a cast changes the values, which have the given fraction bits, by rounding at most.
[[nodiscard]] bool fits(Interval interval, int fraction, const FixedFormat& format);
// Exact where no value wraps, else the whole format.
[[nodiscard]] Interval cast_bounds(Interval interval, int fraction, const FixedFormat& format);

} // namespace lat_sr
