// The operations of a circuit as mapped hardware.
#pragma once

#include "circuit/circuit.hpp"
#include "mapping/bit_mapping.hpp"
#include "mapping/liveness.hpp"
#include "mapping/table_tree.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

// The bits of an operation's result.
struct MappedValue {
    Row bits;
    bool is_signed = false; // whether the last bit is a sign
    int fraction = 0;
    // The summands, where a single consumer may add them together with its own, and the fraction at which the sum's
    // carry chain starts.
    std::span<const Summand> summands;
    int base = 0;
    // A choice between these bits and a value that takes few bits to tell, as saturation makes: what decides, and
    // tells the other value.
    Row unclamped;
    Row choice;

    // The value times 2**exponent.
    [[nodiscard]] MappedValue shifted(int exponent) const;
};

class OperationMapper {
public:
    explicit OperationMapper(const DelayLibrary& library) : bits_(library), trees_(library) {}

    [[nodiscard]] BitMapper& bits() { return bits_; }

    // Bits that nothing reads are constant zeros. The operation is no input, its operands are mapped.
    MappedValue map(const Circuit& circuit, const CircuitOperation& operation, const LiveOperation& format,
                    std::span<const MappedValue> operands);
    MappedValue constant(const CircuitOperation& operation, const LiveOperation& format);
    MappedValue nothing(const LiveOperation& format);

private:
    struct Term {
        MappedValue value;
        bool negated;
    };

    // `width` bits at a finer or equal fraction, with zeros below and the sign (or zeros) above.
    Row aligned(Row bits, bool is_signed, int zeros_below, std::size_t width);
    Row aligned(const MappedValue& value, int fraction, std::size_t width) {
        return aligned(value.bits, value.is_signed, fraction - value.fraction, width);
    }
    MappedValue result(const LiveOperation& format, Row bits);
    // Whether the tool adds the summands of `sum` together with the other terms of a sum of so many bits, of which the
    // lowest is `finest`.
    [[nodiscard]] bool may_join(const MappedValue& sum, std::span<const Term> terms, int finest,
                                std::size_t width) const;

    MappedValue sum(const CircuitOperation& operation, const LiveOperation& format,
                    std::span<const MappedValue> operands);
    MappedValue slice(const CircuitOperation& operation, const LiveOperation& format, const MappedValue& operand);
    MappedValue relu(const LiveOperation& format, const MappedValue& operand);
    MappedValue select(const CircuitOperation& operation, const LiveOperation& format,
                       std::span<const MappedValue> operands);
    MappedValue bitwise(const CircuitOperation& operation, const LiveOperation& format,
                        std::span<const MappedValue> operands);
    MappedValue reduce(const CircuitOperation& operation, const LiveOperation& format, const MappedValue& operand);
    MappedValue multiply(const LiveOperation& format, std::span<const MappedValue> operands);
    MappedValue lookup(const Circuit& circuit, const CircuitOperation& operation, const LiveOperation& format,
                       const MappedValue& index);
    MappedValue instantiated(const Circuit& circuit, const CircuitOperation& operation, const LiveOperation& format,
                             const MappedValue& index);

    BitMapper bits_;
    TableTrees trees_;
    std::vector<Summand> summands_; // scratch
};

} // namespace lat_sr
