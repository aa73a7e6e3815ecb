#include "tree/constraints.hpp"

#include <algorithm>

namespace lat_sr {

bool ShapeChecker::allows(const Tree& tree) {
    if (tree.length() > limits_.maxsize || !allows_sizes(tree)) {
        return false;
    }
    return std::ranges::all_of(limits_.nesting, [&](const NestingRule& rule) { return allows_nesting(tree, rule); });
}

bool ShapeChecker::allows_sizes(const Tree& tree) {
    sizes_.resize(tree.length());
    depths_.resize(tree.length());
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        const int arity = node.arity();
        const ShapeLimits::OperandSizes& most = limits_.operand_sizes[index_of(node.op)];
        // The exponent of a power is a node of the printed formula.
        sizes_[i] = node.op == Op::power ? 2 : 1;
        depths_[i] = 1;
        if (arity > 0) {
            const std::size_t right = Tree::right_of(i);
            if (sizes_[right] > most.right) {
                return false;
            }
            sizes_[i] += sizes_[right];
            depths_[i] = depths_[right] + 1;
        }
        if (arity > 1) {
            const std::size_t left = tree.left_of(i);
            if (sizes_[left] > most.left) {
                return false;
            }
            sizes_[i] += sizes_[left];
            depths_[i] = std::max(depths_[i], depths_[left] + 1);
        }
    }
    std::size_t size = 0;
    for (std::size_t end = tree.length(); end > 0; end = tree.begin_of(end - 1)) {
        size += sizes_[end - 1];
        if (depths_[end - 1] > limits_.maxdepth) {
            return false;
        }
    }
    return size <= limits_.maxsize;
}

bool ShapeChecker::allows_nesting(const Tree& tree, const NestingRule& rule) {
    // depths_[i]: most inner operations on a path from i down, i itself counted.
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        std::size_t below = 0;
        if (node.arity() > 0) {
            below = depths_[Tree::right_of(i)];
        }
        if (node.arity() > 1) {
            below = std::max(below, depths_[tree.left_of(i)]);
        }
        if (node.op == rule.outer && below > rule.most) {
            return false;
        }
        depths_[i] = below + (node.op == rule.inner ? 1 : 0);
    }
    return true;
}

} // namespace lat_sr
