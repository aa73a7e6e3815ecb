// Limits on the shape of formulas, with PySR's semantics.
#pragma once

#include "tree/tree.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace lat_sr {

// At most `most` times `inner` on any path below an `outer`.
struct NestingRule {
    Op outer = Op::constant;
    Op inner = Op::constant;
    std::size_t most = 0;
};

struct ShapeLimits {
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    struct OperandSizes {
        std::size_t left = unlimited;
        std::size_t right = unlimited; // also of a unary operation
    };

    std::size_t maxsize = 30; // of all outputs together
    std::size_t maxdepth = 10;
    std::array<OperandSizes, operation_count> operand_sizes{};
    std::vector<NestingRule> nesting;
};

// Owns its scratch memory; one instance a thread.
class ShapeChecker {
public:
    explicit ShapeChecker(const ShapeLimits& limits) : limits_(limits) {}

    bool allows(const Tree& tree);

private:
    bool allows_sizes(const Tree& tree);
    bool allows_nesting(const Tree& tree, const NestingRule& rule);

    const ShapeLimits& limits_;
    std::vector<std::size_t> sizes_;
    std::vector<std::size_t> depths_;
};

} // namespace lat_sr
