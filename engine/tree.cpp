#include "tree.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace lat_sr {

Tree::Tree(std::vector<Node> nodes) : nodes_(std::move(nodes)) {
    if (!update()) {
        throw std::invalid_argument("the nodes are not one tree in postfix order");
    }
}

bool Tree::update() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        std::uint32_t size = 1;
        for (int operand = 0; operand < nodes_[i].arity(); ++operand) {
            if (size > i) {
                return false;
            }
            size += nodes_[i - size].size;
        }
        nodes_[i].size = size;
    }
    return !nodes_.empty() && nodes_.back().size == nodes_.size();
}

void Tree::replace(std::size_t i, std::span<const Node> replacement) {
    const std::size_t begin = begin_of(i);
    std::vector<Node> result;
    result.reserve(nodes_.size() - nodes_[i].size + replacement.size());
    result.insert(result.end(), nodes_.begin(), nodes_.begin() + static_cast<std::ptrdiff_t>(begin));
    result.insert(result.end(), replacement.begin(), replacement.end());
    result.insert(result.end(), nodes_.begin() + static_cast<std::ptrdiff_t>(i) + 1, nodes_.end());
    nodes_.swap(result);
    update();
}

std::size_t Tree::complexity() const {
    return nodes_.size() + static_cast<std::size_t>(std::ranges::count(nodes_, Op::power, &Node::op));
}

std::size_t Tree::depth() const {
    std::vector<std::size_t> depths(nodes_.size(), 1);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const int arity = nodes_[i].arity();
        if (arity > 0) {
            depths[i] = depths[right_of(i)] + 1;
        }
        if (arity > 1) {
            depths[i] = std::max(depths[i], depths[left_of(i)] + 1);
        }
    }
    return depths.empty() ? 0 : depths.back();
}

std::uint64_t Tree::hash(std::vector<std::uint64_t>& stack) const {
    stack.clear();
    for (const Node& node : nodes_) {
        const std::uint64_t own = node.op == Op::variable ? node.variable : std::bit_cast<std::uint64_t>(node.value);
        std::uint64_t result = mix_hash(index_of(node.op) + 1, own);
        if (node.arity() == 2) {
            std::uint64_t right = stack.back();
            stack.pop_back();
            std::uint64_t left = stack.back();
            stack.pop_back();
            if (operation(node.op).commutative && right < left) {
                std::swap(left, right);
            }
            result = mix_hash(mix_hash(result, left), right);
        } else if (node.arity() == 1) {
            result = mix_hash(result, stack.back());
            stack.pop_back();
        }
        stack.push_back(result);
    }
    return stack.back();
}

void Tree::constants(std::vector<std::size_t>& positions) const {
    positions.clear();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (nodes_[i].op == Op::constant) {
            positions.push_back(i);
        }
    }
}

} // namespace lat_sr
