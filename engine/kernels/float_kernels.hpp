// Loops over doubles: operators as lat_sr/operators declares them (NaN outside of their domain), and what tables are
// made and judged by. Compiled once for each instruction set and chosen at run time.
#pragma once

#include "tree/operators.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace lat_sr {

// A table over the integers of an operand.
struct TableShape {
    int coarse = 0;         // bits dropped from the argument altogether
    int drop = 0;           // further bits, dropped too or, with slopes, interpolated
    std::int64_t first = 0; // index of the first entry
    const std::int32_t* values = nullptr;
    double value_unit = 1.0;
    const std::int32_t* slopes = nullptr; // null without interpolation
    double slope_unit = 1.0;
    int result_fraction = 0;
};

// All pointers are to `count` values; an output may be the input itself where there is one input of doubles.
struct FloatKernels {
    using Unary = void (*)(const double* a, double* out, std::size_t count);
    using Binary = void (*)(const double* a, const double* b, double* out, std::size_t count);

    std::array<Unary, operation_count> unary{};
    std::array<Binary, operation_count> binary{};
    void (*power)(const double* a, double exponent, double* out, std::size_t count) = nullptr;
    Unary exp2 = nullptr;
    // scale * a + offset
    void (*affine)(const double* a, double scale, double offset, double* out, std::size_t count) = nullptr;
    // a * unit
    void (*convert)(const std::int64_t* a, double unit, double* out, std::size_t count) = nullptr;
    // Nearest integers of a * scale, ties to even.
    void (*round)(const double* a, double scale, std::int32_t* out, std::size_t count) = nullptr;
    bool (*all_finite)(const double* a, std::size_t count) = nullptr;
    void (*clip)(double* a, double low, double high, std::size_t count) = nullptr;
    // Least and largest; without NaN.
    void (*range)(const double* a, std::size_t count, double& low, double& high) = nullptr;
    // Squares of what a table gives less the truth.
    void (*square_errors)(const TableShape& table, const std::int64_t* arguments, const double* truth, double* out,
                          std::size_t count) = nullptr;
};

// The best for this processor.
const FloatKernels& float_kernels();

} // namespace lat_sr
