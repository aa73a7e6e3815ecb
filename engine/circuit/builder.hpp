// Builds a circuit operation by operation, with exact integer bounds.
#pragma once

#include "base/intern_index.hpp"
#include "circuit/circuit.hpp"
#include "circuit/passes.hpp"
#include "circuit/shift_adds.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <unordered_map>
#include <vector>

namespace lat_sr {

struct Bounds {
    std::int64_t low;
    std::int64_t high;
};

// A value of the circuit: an integer in [low, high] that stands for integer * 2**-fraction.
//
// Powers of two and signs cost nothing until a consumer needs them, so they are kept beside the operation: the value
// is the operation's result times 2**shift, negated if `negated`. A constant needs no operation until it is an operand.
struct Signal {
    static constexpr std::uint32_t no_operation = ~std::uint32_t{0};

    std::uint32_t operation = no_operation;
    std::int64_t low = 0;
    std::int64_t high = 0;
    int fraction = 0;
    int shift = 0;
    bool negated = false;

    [[nodiscard]] bool is_constant() const { return low == high; }
    // Bits, with the sign bit if there are negative values.
    [[nodiscard]] int width() const;
    // Bounds at a finer or equal fraction; a zero lies on every grid. Saturates at 2**60.
    [[nodiscard]] Bounds at(int finer) const;
    [[nodiscard]] Signal negative() const {
        return {.operation = operation,
                .low = -high,
                .high = -low,
                .fraction = fraction,
                .shift = shift,
                .negated = !negated};
    }
    [[nodiscard]] Signal times_power_of_two(int exponent) const {
        return {.operation = operation,
                .low = low,
                .high = high,
                .fraction = fraction - exponent,
                .shift = shift + exponent,
                .negated = negated};
    }
    bool operator==(const Signal&) const = default;
};

// Without trailing zero bits.
[[nodiscard]] Signal constant_signal(std::int64_t value, int fraction);

// Equal operations are shared. Keeps its memory, and the shift-adds of constants, from circuit to circuit.
class CircuitBuilder {
public:
    void clear();

    Signal input(std::size_t column, Bounds bounds, int fraction);
    Signal add(Signal a, Signal b, const Bounds* bounds = nullptr); // bounds at the finer fraction replace arithmetic
    Signal subtract(const Signal& a, const Signal& b, const Bounds* bounds = nullptr) {
        return add(a, b.negative(), bounds);
    }
    Signal multiply(const Signal& a, const Signal& b);
    // a * value * 2**-value_fraction by shifts and adds.
    Signal scale(const Signal& a, std::int64_t value, int value_fraction);
    // `set` where the uppermost bit of `key` is 1: the sign of a signed key, the value of a flag. The bounds of
    // `within` are kept, if it is given.
    Signal select(Signal key, Signal set, Signal clear, const Signal* within = nullptr);
    Signal select_negative(const Signal& a, const Signal& negative, const Signal& otherwise,
                           const Signal* within = nullptr);
    Signal relu(const Signal& a);
    // Rounded down to a coarser fraction, modulo the format that the bounds of the result need. Wiring only.
    Signal slice(const Signal& a, int fraction, Bounds bounds);
    // `count` bits from `position` (0 is the lowest) as an unsigned integer; the sign repeats upwards.
    Signal bits(const Signal& a, int position, int count);
    // A flag: 1 where a bit of an unsigned value is set.
    Signal any(const Signal& a);
    // Of unsigned integers.
    Signal exclusive_or(Signal a, Signal b);
    // Entry a - a.low.
    Signal lookup(const Signal& a, std::span<const std::int64_t> entries, int fraction);

    // Unused operations removed, sums of three terms fused. `port` has the bounds and the fraction of every output.
    const Circuit& finish(std::span<const Signal> outputs, const Signal& port);

private:
    static constexpr std::size_t largest_cache = std::size_t{1} << 16;

    Signal add_constant(const Signal& a, const Signal& summand);
    Signal operand(const Signal& a, bool keep_sign = false);
    Signal output(const Signal& a, const Signal& port);
    std::size_t table(std::span<const std::int64_t> entries, int fraction);
    // An operation whose result, times 2**shift, has these bounds at this fraction.
    Signal emit(Opcode opcode, std::initializer_list<std::uint32_t> operands, std::initializer_list<std::int64_t> data,
                Bounds bounds, int fraction, int shift = 0);
    std::uint32_t shared(const CircuitOperation& operation);
    const std::vector<ShiftAdd>& additions(std::uint64_t value);

    Circuit circuit_;
    InternIndex index_; // of the operations
    DeadOperationRemoval remove_dead_operations_;
    TernaryAdderFusion fuse_ternary_adders_;
    std::unordered_map<std::uint64_t, std::vector<ShiftAdd>> shift_adds_;
};

} // namespace lat_sr
