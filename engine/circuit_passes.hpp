// Passes over circuits.
#pragma once

#include "circuit.hpp"

#include <cstdint>
#include <vector>

namespace lat_sr {

// References to the result of every operation, by operands and outputs.
void count_references(const Circuit& circuit, std::vector<std::uint32_t>& references);

// Removes operations whose results nothing reads, unused inputs too.
class DeadOperationRemoval {
public:
    void operator()(Circuit& circuit);

private:
    std::vector<std::uint8_t> alive_;
    std::vector<std::uint32_t> position_;
};

// Makes an addition or subtraction and one that only feeds it a single sum of three, from the last operation to the
// first. What is fused into another operation is left behind, dead.
class TernaryAdderFusion {
public:
    void operator()(Circuit& circuit);

private:
    std::vector<std::uint32_t> references_;
};

} // namespace lat_sr
