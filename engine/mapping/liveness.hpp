// Formats of the operations of a circuit, and which bits of their results are read.
#pragma once

#include "circuit/circuit.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

using BitMask = std::uint64_t; // lowest bit first

struct LiveOperation {
    int width = 1;
    int fraction = 0;
    bool is_signed = false;
    bool single_use = false; // exactly one operand of one operation reads the result
    bool is_output = false;
    BitMask live = 0; // bits of the result that are read

    // Bits up to the highest one that is read.
    [[nodiscard]] std::size_t top() const;
    // Marks bits as read; those above the highest stand for it.
    void need(BitMask mask);
    void need_all() { need((BitMask{1} << width) - 1); }
    void need_sign() { need(BitMask{1} << (width - 1)); }
};

// An operand of an operation that aligns its operands, times 2**shift and negated or not.
struct AlignedOperand {
    std::uint32_t operation;
    bool negated;
    int shift;
};

struct AlignedOperands {
    std::array<AlignedOperand, 3> operands;
    std::size_t count = 0;

    [[nodiscard]] auto begin() const { return operands.begin(); }
    [[nodiscard]] auto end() const { return operands.begin() + count; }
};

[[nodiscard]] AlignedOperands aligned_operands(const CircuitOperation& operation);

struct SummandFormat {
    int fraction;
    bool negated;
};

// Fraction of the lowest bit of a sum that needs a carry chain; bits below come from one operand.
[[nodiscard]] int chain_base(std::span<const SummandFormat> summands);

class Liveness {
public:
    // In the order of the circuit's operations; holds until the next call.
    std::span<const LiveOperation> operator()(const Circuit& circuit);

private:
    void read_operands(const Circuit& circuit, std::size_t number);
    void read_bitwise(const CircuitOperation& operation, const LiveOperation& result);
    void read_sum(const CircuitOperation& operation, const LiveOperation& result);

    std::vector<LiveOperation> operations_;
    std::vector<std::uint32_t> references_;
};

} // namespace lat_sr
