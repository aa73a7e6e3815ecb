// The engine's operators, from their declarations in operators.inc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lat_sr {

enum class Op : std::uint8_t {
#define LAT_SR_OPERATOR(code, ...) code,
#include "tree/operators.inc"
};

constexpr std::size_t index_of(Op op) { return static_cast<std::size_t>(op); }

struct Operation {
    std::string_view name;
    int arity;
    // Costs a table (directly, or through the reciprocal's as `/` and negative powers do).
    bool table;
    bool commutative;
};

inline constexpr std::array operations{
#define LAT_SR_OPERATOR(code, operator_name, operands, needs_table, symmetric, ...)                                    \
    Operation{.name = operator_name, .arity = operands, .table = needs_table, .commutative = symmetric},
#include "tree/operators.inc"
};
inline constexpr std::size_t operation_count = operations.size();

constexpr const Operation& operation(Op op) { return operations[index_of(op)]; }

constexpr std::optional<Op> find_operation(std::string_view name) {
    for (std::size_t i = index_of(Op::add); i < operation_count; ++i) {
        if (operations[i].name == name) {
            return static_cast<Op>(i);
        }
    }
    return std::nullopt;
}

} // namespace lat_sr
