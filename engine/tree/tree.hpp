// Expression trees as postfix arrays: operands first, the root last, every subtree contiguous. A formula with several
// outputs is a tree for each, one after the other: nothing joins them, so nothing can part them.
#pragma once

#include "base/hash.hpp"
#include "tree/operators.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

struct Node {
    double value = 0.0;     // of a constant; exponent of a power
    std::uint32_t size = 1; // nodes in the subtree that ends here, set by Tree::update
    std::uint16_t variable = 0;
    Op op = Op::constant;

    [[nodiscard]] int arity() const { return operation(op).arity; }
    [[nodiscard]] bool is_leaf() const { return arity() == 0; }
};

inline Node constant_node(double value) { return {.value = value, .op = Op::constant}; }
inline Node variable_node(std::size_t variable) {
    return {.variable = static_cast<std::uint16_t>(variable), .op = Op::variable};
}
inline Node operation_node(Op op, double value = 0.0) { return {.value = value, .op = op}; }

// Whether they stand for the same, whatever is below them.
inline bool equal_nodes(const Node& a, const Node& b) {
    return a.op == b.op && a.value == b.value && a.variable == b.variable;
}

class Tree {
public:
    Tree() = default;
    // Postfix order. Throws std::invalid_argument if the nodes do not form one tree for each output.
    explicit Tree(std::vector<Node> nodes, std::size_t outputs = 1);

    [[nodiscard]] std::size_t length() const { return nodes_.size(); }
    [[nodiscard]] bool empty() const { return nodes_.empty(); }
    [[nodiscard]] const Node& operator[](std::size_t i) const { return nodes_[i]; }
    [[nodiscard]] Node& operator[](std::size_t i) { return nodes_[i]; }
    [[nodiscard]] std::span<const Node> nodes() const { return nodes_; }

    [[nodiscard]] std::size_t outputs() const { return outputs_; }
    // Positions of the outputs' roots, in order.
    void roots(std::vector<std::size_t>& positions) const;

    // First node of the subtree whose root is i.
    [[nodiscard]] std::size_t begin_of(std::size_t i) const { return i + 1 - nodes_[i].size; }
    // Roots of the operands of i; a unary operation has only the right one.
    [[nodiscard]] static std::size_t right_of(std::size_t i) { return i - 1; }
    [[nodiscard]] std::size_t left_of(std::size_t i) const { return i - 1 - nodes_[i - 1].size; }

    [[nodiscard]] std::span<const Node> subtree(std::size_t i) const {
        return std::span<const Node>(nodes_).subspan(begin_of(i), nodes_[i].size);
    }

    // Puts `replacement` in the place of the subtree whose root is i.
    void replace(std::size_t i, std::span<const Node> replacement);

    // Node count of the formula as printed, of all outputs together: a power's exponent is a node there.
    [[nodiscard]] std::size_t complexity() const;
    // Nodes on the longest path from a root to a leaf.
    [[nodiscard]] std::size_t depth() const;
    // Equal for equal formulas, whatever the order of operands of sums and products. `stack` is scratch memory.
    [[nodiscard]] std::uint64_t hash(std::vector<std::uint64_t>& stack) const;
    // The same whatever the values of constants.
    [[nodiscard]] std::uint64_t shape_hash(std::vector<std::uint64_t>& stack) const;

    // Positions of the constants, in order.
    void constants(std::vector<std::size_t>& positions) const;

    // Recomputes the subtree sizes; false if the nodes do not form one tree for each output.
    bool update();

private:
    [[nodiscard]] std::uint64_t hash_of(std::vector<std::uint64_t>& stack, bool constants) const;

    std::vector<Node> nodes_;
    std::size_t outputs_ = 1;
};

} // namespace lat_sr
