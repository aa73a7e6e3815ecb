// One constant for each sum and each product: what variation leaves of c1 + x + c2 or c1 * (c2 * x) costs nodes, and a
// fit of its constants has no single answer.
#pragma once

#include "tree/tree.hpp"

#include <cstddef>
#include <vector>

namespace lat_sr {

// Owns its scratch memory.
class ConstantMerger {
public:
    // Merges the constants of every sum (with differences) and product, and computes operations of constants alone;
    // false if there are none. Changes values by rounding only; the tree never grows.
    bool merge(Tree& tree);

private:
    // Parts of one sum or of one product belong together; `group_` holds the topmost node's position.
    void set_groups(const Tree& tree);
    // Whether there is anything to do; sets the merged values and what is left out.
    bool plan(Tree& tree);
    // Appends the nodes of the subtree; none if it is left out.
    void emit(const Tree& tree, std::size_t i);

    std::vector<std::size_t> group_;
    std::vector<double> sign_;          // of a part in its sum
    std::vector<unsigned char> pinned_; // must not vanish: the difference would become a negation
    std::vector<unsigned char> member_; // a constant that is a part of a sum or product
    std::vector<unsigned char> left_out_;
    std::vector<std::size_t> kept_; // of each group: the constant that holds the others, or none
    std::vector<std::size_t> roots_;
    std::vector<Node> nodes_;
};

} // namespace lat_sr
