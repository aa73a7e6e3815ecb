#include "tree/grammar.hpp"

namespace lat_sr {

Node Grammar::random_leaf(Random& random) const {
    if (random.chance(variable_share)) {
        return variable_node(random.below(features));
    }
    return constant_node(static_cast<double>(static_cast<float>(random.normal())));
}

Node Grammar::random_operation(Random& random, int arity) const {
    const std::vector<Op>& choices = arity == 2 ? binary : unary;
    const Op op = choices[random.below(choices.size())];
    constexpr int largest_exponent = 4;
    return operation_node(op, op == Op::power ? static_cast<double>(2 + random.below(largest_exponent - 1)) : 0.0);
}

std::vector<Node> Grammar::random_nodes(Random& random, std::size_t length) const {
    std::vector<Node> nodes;
    if (length <= 1 || (unary.empty() && binary.empty()) || (length == 2 && unary.empty())) {
        nodes.push_back(random_leaf(random));
        return nodes;
    }
    const double share = 1.0 / 3.0; // of unary operations, where both kinds exist
    const bool one = binary.empty() || length == 2 || (!unary.empty() && random.chance(share));
    if (one) {
        nodes = random_nodes(random, length - 1);
        nodes.push_back(random_operation(random, 1));
        return nodes;
    }
    const std::size_t left = 1 + random.below(length - 2);
    nodes = random_nodes(random, left);
    const std::vector<Node> right = random_nodes(random, length - 1 - left);
    nodes.insert(nodes.end(), right.begin(), right.end());
    nodes.push_back(random_operation(random, 2));
    return nodes;
}

} // namespace lat_sr
