// Logarithms to base 2 as whole numbers.

#include "base/octaves.hpp"
#include "tests/check.hpp"

#include <cmath>
#include <limits>

using namespace lat_sr;

namespace {

TEST(octaves_are_exact_beside_powers_of_two) {
    for (int exponent = -1022; exponent <= 1023; ++exponent) {
        const double power = std::ldexp(1.0, exponent);
        const double above = std::nextafter(power, std::numeric_limits<double>::infinity());
        CHECK(floor_log2(power) == exponent && ceil_log2(power) == exponent);
        CHECK(floor_log2(above) == exponent && ceil_log2(above) == exponent + 1);
        CHECK(floor_log2(-above) == exponent && ceil_log2(-above) == exponent + 1);
        if (exponent > -1022) {
            const double below = std::nextafter(power, 0.0);
            CHECK(floor_log2(below) == exponent - 1 && ceil_log2(below) == exponent);
        }
    }
    constexpr double least = std::numeric_limits<double>::denorm_min();
    CHECK(floor_log2(least) == -1074 && ceil_log2(least) == -1074 && ceil_log2(3 * least) == -1072);
}

} // namespace
