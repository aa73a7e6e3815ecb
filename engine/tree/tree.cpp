#include "tree/tree.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <utility>

namespace lat_sr {

Tree::Tree(std::vector<Node> nodes, std::size_t outputs) : nodes_(std::move(nodes)), outputs_(outputs) {
    if (!update()) {
        throw std::invalid_argument("the nodes are not one tree in postfix order for each output");
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
    std::size_t trees = 0;
    for (std::size_t end = nodes_.size(); end > 0; end -= nodes_[end - 1].size) {
        ++trees;
    }
    return trees > 0 && trees == outputs_;
}

void Tree::roots(std::vector<std::size_t>& positions) const {
    positions.resize(outputs_);
    std::size_t end = nodes_.size();
    for (std::size_t output = outputs_; output-- > 0;) {
        positions[output] = end - 1;
        end -= nodes_[end - 1].size;
    }
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
    return depths.empty() ? 0 : std::ranges::max(depths);
}

std::uint64_t Tree::hash(std::vector<std::uint64_t>& stack) const { return hash_of(stack, true); }

std::uint64_t Tree::shape_hash(std::vector<std::uint64_t>& stack) const { return hash_of(stack, false); }

std::uint64_t Tree::hash_of(std::vector<std::uint64_t>& stack, bool constants) const {
    stack.clear();
    for (const Node& node : nodes_) {
        const double value = constants || node.op != Op::constant ? node.value : 0.0;
        const std::uint64_t own = node.op == Op::variable ? node.variable : std::bit_cast<std::uint64_t>(value);
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
    std::uint64_t result = stack.front();
    for (std::size_t output = 1; output < stack.size(); ++output) {
        result = mix_hash(result, stack[output]);
    }
    return result;
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
