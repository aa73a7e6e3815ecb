// Loops over blocks of rows, one per operation, compiled once for each instruction set and chosen at run time.
#pragma once

#include "tree/operators.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace lat_sr {

// Names and formulas are those of lat_sr/losses.py.
enum class LossKind : unsigned char { l2, l1, huber, quantile, l2_margin, logistic, cross_entropy };
inline constexpr std::size_t loss_count = 7;
inline constexpr std::array<std::string_view, loss_count> loss_names{
    "l2", "l1", "huber", "quantile", "l2_margin", "logistic", "cross_entropy"};

// All pointers are to `rows` values; no output overlaps an input.
template <class T> struct Kernels {
    using Unary = void (*)(const T* a, T* out, std::size_t rows, int exponent);
    using Binary = void (*)(const T* a, const T* b, T* out, std::size_t rows);
    using BinaryRight = void (*)(const T* a, T b, T* out, std::size_t rows);
    using BinaryLeft = void (*)(T a, const T* b, T* out, std::size_t rows);
    // Adjoint of the operand from that of the result: d = g * df/da.
    using UnaryGradient = void (*)(const T* a, const T* out, const T* g, T* d, std::size_t rows, int exponent);
    using BinaryGradient = void (*)(const T* a, const T* b, const T* out, const T* g, T* d, std::size_t rows);
    // Weighted sum of the rows' losses, of which each is the mean over the outputs or one of all outputs; weights may
    // be null. Targets and predictions are a column for each output.
    using Loss = double (*)(const T* const* y, const T* const* prediction, std::size_t outputs, const T* weights,
                            std::size_t rows, T parameter);
    // First derivative and a positive curvature of each row's loss by each output, times the row's weight.
    using LossGradient = void (*)(const T* const* y, const T* const* prediction, std::size_t outputs, const T* weights,
                                  T* const* first, T* const* second, std::size_t rows, T parameter);

    std::array<Unary, operation_count> unary{};
    std::array<Binary, operation_count> binary{};
    std::array<BinaryRight, operation_count> binary_right{}; // scalar right operand
    std::array<BinaryLeft, operation_count> binary_left{};   // scalar left operand
    std::array<UnaryGradient, operation_count> unary_gradient{};
    std::array<BinaryGradient, operation_count> left_gradient{};
    std::array<BinaryGradient, operation_count> right_gradient{};
    std::array<Loss, loss_count> loss{};
    std::array<LossGradient, loss_count> loss_gradient{};
    // Largest magnitude; infinity if any value is not a number.
    T (*largest)(const T* a, std::size_t rows) = nullptr;
    // sum(a * b)
    double (*dot)(const T* a, const T* b, std::size_t rows) = nullptr;
    // Adds sum(weights * columns[j] * columns[k]) to out[j * count + k], for k <= j.
    void (*gram)(const T* const* columns, std::size_t count, const T* weights, std::size_t rows, double* out) = nullptr;
};

// The best for this processor.
template <class T> const Kernels<T>& kernels();

} // namespace lat_sr
