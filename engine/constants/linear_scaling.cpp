#include "constants/linear_scaling.hpp"

#include <span>
#include <vector>

namespace lat_sr {

bool is_scaled(const Tree& tree) {
    const std::size_t length = tree.length();
    return length > scaling_nodes && tree[length - 1].op == Op::add && tree[length - 2].op == Op::constant &&
           tree[length - 3].op == Op::multiply && tree[length - 4].op == Op::constant;
}

Tree scaled(const Tree& tree) {
    if (is_scaled(tree)) {
        return tree;
    }
    std::vector<Node> nodes(tree.nodes().begin(), tree.nodes().end());
    nodes.insert(nodes.end(),
                 {constant_node(1.0), operation_node(Op::multiply), constant_node(0.0), operation_node(Op::add)});
    return Tree(std::move(nodes));
}

Tree unscaled(const Tree& tree) {
    if (!is_scaled(tree)) {
        return tree;
    }
    const std::span<const Node> kept = tree.nodes().first(tree.length() - scaling_nodes);
    return Tree({kept.begin(), kept.end()});
}

} // namespace lat_sr
