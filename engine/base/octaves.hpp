// Logarithms to base 2 as whole numbers, exact: a library's log2 rounds, and not everywhere alike.
#pragma once

#include <cmath>

namespace lat_sr {

// The largest k with 2^k <= |value|, of a finite value that is not 0.
inline int floor_log2(double value) { return std::ilogb(value); }

// The smallest k with |value| <= 2^k, of a finite value that is not 0.
inline int ceil_log2(double value) {
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent); // in [1/2, 1)
    return std::fabs(mantissa) == 0.5 ? exponent - 1 : exponent;
}

} // namespace lat_sr
