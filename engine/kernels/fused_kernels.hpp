// Loops over blocks of rows that do two operations in one pass, compiled once for each instruction set and chosen at
// run time: what the first one gives stays in a register, where a pass of its own would store and load it again. Each
// operation rounds by itself, so that the values are those of two passes to the last bit.
#pragma once

#include "tree/operators.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace lat_sr {

// How a second operation takes the result of the first, t, and another operand, c.
enum class Second : std::uint8_t { add, subtract, subtract_from, multiply, square }; // t + c, t - c, c - t, t c, t t
inline constexpr std::size_t second_count = 5;

inline constexpr std::array first_operations{Op::add, Op::subtract, Op::multiply};

constexpr bool is_first_operation(Op op) { return op >= first_operations.front() && op <= first_operations.back(); }

// Nothing for an operation that does not fuse; t is its right operand or else the left one.
constexpr std::optional<Second> second_operation(Op op, bool t_is_right) {
    switch (op) {
    case Op::add:
        return Second::add;
    case Op::subtract:
        return t_is_right ? Second::subtract_from : Second::subtract;
    case Op::multiply:
        return Second::multiply;
    case Op::square:
        return Second::square;
    default:
        return std::nullopt;
    }
}

// Which of the operands point to one value for all rows.
inline constexpr unsigned scalar_a = 1;
inline constexpr unsigned scalar_b = 2;
inline constexpr unsigned scalar_c = 4;
inline constexpr std::size_t scalar_patterns = 8;

// t = a first b; of a and b at most one is a scalar. No output overlaps an input.
template <class T> struct FusedKernels {
    using Kernel = void (*)(const T* a, const T* b, const T* c, T* out, std::size_t rows);

    using Patterns = std::array<Kernel, scalar_patterns>;
    std::array<std::array<Patterns, second_count>, first_operations.size()> table{};

    [[nodiscard]] Kernel find(Op first, Second second, unsigned scalars) const {
        return table[index_of(first) - index_of(first_operations.front())][static_cast<std::size_t>(second)][scalars];
    }
};
static_assert(index_of(first_operations.back()) - index_of(first_operations.front()) + 1 == first_operations.size());

// The best for this processor.
template <class T> const FusedKernels<T>& fused_kernels();

} // namespace lat_sr
