// The engine's operation codes. Names are those of lat_sr/operators.py.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace lat_sr {

enum class Op : std::uint8_t {
    constant,
    variable,
    add,
    subtract,
    multiply,
    divide,
    minimum,
    maximum,
    negate,
    absolute,
    square,
    cube,
    power, // to a constant integer, kept in the node's value
    relu,
    sign,
    floor,
    ceil,
    inverse,
    sqrt,
    sqrt_abs,
    exp,
    log,
    log_abs,
    log2,
    log10,
    log1p,
    sin,
    cos,
    tan,
    asin,
    acos,
    atan,
    sinh,
    cosh,
    tanh,
    asinh,
    acosh,
    atanh,
    gauss,
};

inline constexpr std::size_t operation_count = static_cast<std::size_t>(Op::gauss) + 1;

constexpr std::size_t index_of(Op op) { return static_cast<std::size_t>(op); }

struct Operation {
    std::string_view name;
    int arity;
    // Costs a table (directly, or through the reciprocal's as `/` and negative powers do).
    bool table;
    bool commutative = false;
};

// NOLINTBEGIN(modernize-use-designated-initializers): a table
inline constexpr std::array<Operation, operation_count> operations{{
    {"constant", 0, false}, {"variable", 0, false},  {"+", 2, false, true},   {"-", 2, false},    {"*", 2, false, true},
    {"/", 2, true},         {"min", 2, false, true}, {"max", 2, false, true}, {"neg", 1, false},  {"abs", 1, false},
    {"square", 1, false},   {"cube", 1, false},      {"pow", 1, false},       {"relu", 1, false}, {"sign", 1, false},
    {"floor", 1, false},    {"ceil", 1, false},      {"inv", 1, true},        {"sqrt", 1, true},  {"sqrt_abs", 1, true},
    {"exp", 1, true},       {"log", 1, true},        {"log_abs", 1, true},    {"log2", 1, true},  {"log10", 1, true},
    {"log1p", 1, true},     {"sin", 1, true},        {"cos", 1, true},        {"tan", 1, true},   {"asin", 1, true},
    {"acos", 1, true},      {"atan", 1, true},       {"sinh", 1, true},       {"cosh", 1, true},  {"tanh", 1, true},
    {"asinh", 1, true},     {"acosh", 1, true},      {"atanh", 1, true},      {"gauss", 1, true},
}};
// NOLINTEND(modernize-use-designated-initializers)

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
