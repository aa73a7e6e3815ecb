// Passes over circuits.
#pragma once

#include "circuit/circuit.hpp"

#include <cstdint>
#include <vector>

namespace lat_sr {

// References to the result of every operation, by operands and outputs.
void count_references(const Circuit& circuit, std::vector<std::uint32_t>& references);

// Removes operations whose results nothing reads, unused inputs too, and tables that nothing looks up.
class DeadOperationRemoval {
public:
    void operator()(Circuit& circuit);

private:
    void remove_tables(Circuit& circuit);

    std::vector<std::uint8_t> alive_;
    std::vector<std::uint32_t> position_;
    std::vector<CircuitTable> tables_;
};

// Makes an addition or subtraction and one that only feeds it a single sum of three: as many such pairs as there can
// be, of those choices the one that saves adders of the most bits, of equal ones the pairs nearest to the outputs. What
// is fused into another operation is left behind, dead.
class TernaryAdderFusion {
public:
    void operator()(Circuit& circuit);

private:
    static constexpr std::uint8_t none = 2; // operands of an adder

    // What fusion saves in the tree of adders that ends in an operation, where it may take an operand in, and where it
    // may not; and the operand it would take in.
    struct Saving {
        std::int64_t open = 0;
        std::int64_t closed = 0;
        std::uint8_t operand = none;
    };

    std::vector<std::uint32_t> references_;
    std::vector<Saving> savings_;
};

} // namespace lat_sr
