// A combinational circuit in alkaid's intermediate representation (ALIR, specification version 4).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

enum class Opcode : std::int8_t {
    negate = -2,
    input = -1,
    add,
    subtract,
    relu,
    slice,
    add_constant,
    constant,
    select,
    multiply,
    lookup,
    reduce,
    bitwise,
    sum,
};

// Variants of reduce and bitwise.
inline constexpr std::int64_t reduce_not = 0;
inline constexpr std::int64_t reduce_any = 1;
inline constexpr std::int64_t bitwise_xor = 2;

// Bits of the smallest two's complement (or unsigned, if low >= 0) format that holds [low, high].
[[nodiscard]] constexpr int interval_width(std::int64_t low, std::int64_t high) {
    const auto length = [](std::int64_t value) {
        return value > 0 ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))) : 0;
    };
    return low < 0 ? std::max(length(-low - 1), length(high)) + 1 : std::max(length(high), 1);
}

struct CircuitOperation {
    Opcode opcode = Opcode::constant;
    std::uint8_t arity = 0;
    std::uint8_t data_size = 0;
    std::array<std::uint32_t, 3> operands{}; // of earlier operations
    std::array<std::int64_t, 6> data{};
    // Bounds of the result, in units of 2**-fraction.
    std::int64_t low = 0;
    std::int64_t high = 0;
    int fraction = 0;

    [[nodiscard]] std::span<const std::uint32_t> inputs() const { return std::span(operands).first(arity); }
    bool operator==(const CircuitOperation&) const = default;
};

// Entry k of a table is the result for its operand's low + k.
struct CircuitTable {
    std::size_t begin;
    std::size_t size;
    int fraction;
};

struct Circuit {
    std::vector<CircuitOperation> operations;
    std::vector<CircuitTable> tables;
    std::vector<std::int64_t> entries; // of all tables
    // Operation of every output port, and the power of two that it is multiplied by.
    std::vector<std::uint32_t> outputs;
    std::vector<int> output_shifts;

    [[nodiscard]] std::span<const std::int64_t> contents(std::size_t table) const {
        return std::span(entries).subspan(tables[table].begin, tables[table].size);
    }
    void clear() {
        operations.clear();
        tables.clear();
        entries.clear();
        outputs.clear();
        output_shifts.clear();
    }
};

} // namespace lat_sr
