#include "variation/simplify.hpp"

#include "kernels/kernels.hpp"

#include <cmath>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr {

namespace {

using Nodes = std::vector<Node>;

bool is_constant(const Nodes& nodes) { return nodes.back().op == Op::constant; }
bool is_value(const Nodes& nodes, double value) { return is_constant(nodes) && nodes.back().value == value; }

Nodes joined(Nodes left, const Nodes& right, Node root) {
    left.insert(left.end(), right.begin(), right.end());
    left.push_back(root);
    return left;
}

// Of `nodes` = (rest op constant), with the constant on either side: the constant and the rest.
bool split_constant(const Nodes& nodes, Op op, double& constant, Nodes& rest) {
    if (nodes.back().op != op) {
        return false;
    }
    const auto end = nodes.end() - 1;
    const auto right = end - nodes[nodes.size() - 2].size;
    if (nodes[nodes.size() - 2].op == Op::constant) {
        constant = nodes[nodes.size() - 2].value;
        rest.assign(nodes.begin(), right);
        return true;
    }
    if (right == nodes.begin() + 1 && nodes.front().op == Op::constant) {
        constant = nodes.front().value;
        rest.assign(right, end);
        return true;
    }
    return false;
}

void set_sizes(Nodes& nodes) {
    const Tree tree(std::move(nodes));
    nodes.assign(tree.nodes().begin(), tree.nodes().end());
}

Nodes simplify(const Tree& tree, std::size_t i) {
    const Node& node = tree[i];
    if (node.is_leaf()) {
        return {node};
    }
    const Kernels<double>& exact = kernels<double>();
    const std::size_t op = index_of(node.op);
    Nodes right = simplify(tree, Tree::right_of(i));
    if (node.arity() == 1) {
        if (is_constant(right)) {
            double value = 0.0;
            exact.unary[op](&right.back().value, &value, 1, static_cast<int>(node.value));
            if (std::isfinite(value)) {
                return {constant_node(value)};
            }
        }
        if (node.op == Op::negate && right.back().op == Op::negate) {
            right.pop_back();
            return right;
        }
        right.push_back(node);
        set_sizes(right);
        return right;
    }
    Nodes left = simplify(tree, tree.left_of(i));
    if (is_constant(left) && is_constant(right)) {
        double value = 0.0;
        exact.binary[op](&left.back().value, &right.back().value, &value, 1);
        if (std::isfinite(value)) {
            return {constant_node(value)};
        }
    }
    const bool sum = node.op == Op::add;
    const bool product = node.op == Op::multiply;
    if (is_value(right, sum || node.op == Op::subtract ? 0.0 : 1.0) &&
        (sum || product || node.op == Op::subtract || node.op == Op::divide)) {
        return left;
    }
    if ((sum && is_value(left, 0.0)) || (product && is_value(left, 1.0))) {
        return right;
    }
    if (product && (is_value(left, 0.0) || is_value(right, 0.0))) {
        return {constant_node(0.0)};
    }
    if (sum || product) {
        if (is_constant(left)) {
            std::swap(left, right);
        }
        double inner = 0.0;
        Nodes rest;
        if (is_constant(right) && split_constant(left, node.op, inner, rest)) {
            const double outer = right.back().value;
            const double both = sum ? outer + inner : outer * inner;
            // Beyond the numbers' range the formula would become another one.
            if (sum ? std::isfinite(both) : std::isnormal(both)) {
                right.back().value = both;
                left = std::move(rest);
            }
        }
    }
    Nodes result = joined(std::move(left), right, node);
    set_sizes(result);
    return result;
}

} // namespace

Tree simplified(const Tree& tree) {
    std::vector<std::size_t> roots;
    tree.roots(roots);
    Nodes nodes;
    for (const std::size_t root : roots) {
        const Nodes output = simplify(tree, root);
        nodes.insert(nodes.end(), output.begin(), output.end());
    }
    return Tree(std::move(nodes), roots.size());
}

} // namespace lat_sr
