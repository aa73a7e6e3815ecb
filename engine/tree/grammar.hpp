// What formulas are made of, and random ones.
#pragma once

#include "base/random.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <vector>

namespace lat_sr {

struct Grammar {
    std::vector<Op> unary;
    std::vector<Op> binary;
    std::size_t features = 1;
    double variable_share = 0.65; // of the leaves

    [[nodiscard]] Node random_leaf(Random& random) const;
    // An operation of the arity; there must be one.
    [[nodiscard]] Node random_operation(Random& random, int arity) const;
    // Postfix nodes of a tree of about `length` nodes, and of exactly one if there are no operations.
    [[nodiscard]] std::vector<Node> random_nodes(Random& random, std::size_t length) const;
};

} // namespace lat_sr
