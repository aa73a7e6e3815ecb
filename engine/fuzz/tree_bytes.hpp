// Trees from a fuzzer's bytes: every input is some tree, and small changes of the bytes are small changes of the tree.
#pragma once

#include "tree/tree.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr::fuzz {

class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool empty() const { return bytes_.empty(); }

    // Zero at the end.
    template <class T> T take() {
        T value{};
        const std::size_t count = std::min(sizeof(T), bytes_.size());
        std::memcpy(&value, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
        return value;
    }

private:
    std::span<const std::uint8_t> bytes_;
};

inline double take_constant(Bytes& bytes) {
    constexpr std::array usual{0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e-30, 1e30};
    const auto selector = bytes.take<std::uint8_t>();
    if (selector < usual.size()) {
        return usual[selector];
    }
    const double value = selector % 2 == 0 ? static_cast<double>(bytes.take<std::int16_t>()) / 256.0
                                           : static_cast<double>(bytes.take<float>());
    return std::isfinite(value) ? value : 0.0;
}

inline std::vector<Node> take_nodes(Bytes& bytes, std::size_t features, std::size_t most) {
    constexpr int largest_exponent = 8;
    std::vector<Node> nodes;
    std::size_t waiting = 0; // operands without an operation
    while (!bytes.empty() && nodes.size() < most) {
        const auto op = static_cast<Op>(bytes.take<std::uint8_t>() % operation_count);
        const auto arity = static_cast<std::size_t>(operation(op).arity);
        if (op == Op::constant) {
            nodes.push_back(constant_node(take_constant(bytes)));
        } else if (op == Op::variable || waiting < arity) {
            nodes.push_back(variable_node(bytes.take<std::uint8_t>() % features));
        } else if (op == Op::power) {
            nodes.push_back(
                operation_node(op, bytes.take<std::uint8_t>() % (2 * largest_exponent + 1) - largest_exponent));
        } else {
            nodes.push_back(operation_node(op));
        }
        waiting += 1 - static_cast<std::size_t>(nodes.back().arity());
    }
    if (nodes.empty()) {
        nodes.push_back(variable_node(0));
        waiting = 1;
    }
    for (; waiting > 1; --waiting) {
        nodes.push_back(operation_node(Op::add));
    }
    return nodes;
}

} // namespace lat_sr::fuzz
