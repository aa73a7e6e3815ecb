// Operators on doubles as lat_sr/operators declares them: NaN outside of their domain.
#pragma once

#include "operators.hpp"

#include <cstddef>

namespace lat_sr {

using FloatFunction = double (*)(double);

// Of an operation with one operand, other than a power.
[[nodiscard]] FloatFunction float_function(Op op);

// All pointers are to `count` values; `b` is null for an operation with one operand.
void apply_float(Op op, double exponent, const double* a, const double* b, double* out, std::size_t count);

} // namespace lat_sr
