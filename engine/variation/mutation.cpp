#include "variation/mutation.hpp"

#include "variation/simplify.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace lat_sr {

namespace {

// A random node for which `accept` holds, or the tree's length.
template <class Accept> std::size_t random_node(const Tree& tree, Random& random, Accept accept) {
    std::size_t found = tree.length();
    std::size_t count = 0;
    for (std::size_t i = 0; i < tree.length(); ++i) {
        if (accept(i) && random.below(++count) == 0) {
            found = i;
        }
    }
    return found;
}

std::size_t random_root(const Tree& tree, Random& random) {
    std::vector<std::size_t> roots;
    tree.roots(roots);
    return roots.size() == 1 ? roots.front() : roots[random.below(roots.size())];
}

std::size_t random_operation(const Tree& tree, Random& random) {
    return random_node(tree, random, [&](std::size_t i) { return !tree[i].is_leaf(); });
}

// Puts the nodes in the place of a node that has the time for them.
void put(Tree& tree, std::size_t i, std::span<const Node> nodes, Slack& slack) {
    if (slack.allows(i, nodes)) {
        tree.replace(i, nodes);
    }
}

} // namespace

Mutator::Mutator(const Grammar& grammar, std::size_t maxsize, const std::array<double, mutation_count>& weights)
    : grammar_(grammar), maxsize_(maxsize) {
    std::partial_sum(weights.begin(), weights.end(), cumulative_.begin());
}

Mutation Mutator::draw(Random& random) const {
    const double mark = random.uniform() * cumulative_.back();
    const auto found = std::ranges::upper_bound(cumulative_, mark);
    return static_cast<Mutation>(std::min<std::ptrdiff_t>(found - cumulative_.begin(), mutation_count - 1));
}

Tree Mutator::mutate(const Tree& tree, Slack& slack, Random& random) const {
    Tree result = tree;
    apply(draw(random), result, slack, random);
    return result;
}

Tree Mutator::crossover(const Tree& receiver, Slack& slack, const Tree& donor, Random& random) const {
    Tree result = receiver;
    const std::size_t place = random.below(receiver.length());
    const std::size_t kept = receiver.length() - receiver[place].size;
    const std::size_t part =
        random_node(donor, random, [&](std::size_t i) { return kept + donor[i].size <= maxsize_; });
    if (part < donor.length()) {
        put(result, place, donor.subtree(part), slack);
    }
    return result;
}

void Mutator::wrap(Tree& tree, Slack& slack, bool leaves, Random& random) const {
    constexpr double unary_share = 0.3;
    if (!has(1) && !has(2)) {
        return;
    }
    const Node root = grammar_.random_operation(random, !has(2) || (has(1) && random.chance(unary_share)) ? 1 : 2);
    const std::size_t i = random_node(tree, random, [&](std::size_t k) { return !leaves || tree[k].is_leaf(); });
    std::vector<Node> nodes(tree.subtree(i).begin(), tree.subtree(i).end());
    if (root.arity() == 2) {
        nodes.insert(random.chance(0.5) ? nodes.begin() : nodes.end(), grammar_.random_leaf(random));
    }
    nodes.push_back(root);
    put(tree, i, nodes, slack);
}

void Mutator::change_constant(Tree& tree, Slack& slack, Random& random) const {
    const std::size_t i = random_node(tree, random, [&](std::size_t k) { return tree[k].op == Op::constant; });
    if (i == tree.length()) {
        change_leaf(tree, slack, random);
        return;
    }
    double value = tree[i].value;
    constexpr double sign_change = 0.05;
    constexpr double shift = 0.3;
    if (random.chance(sign_change)) {
        value = -value;
    } else if (random.chance(shift)) {
        value += 0.3 * random.normal();
    } else {
        value *= std::exp(0.7 * random.normal());
    }
    const Node constant = constant_node(static_cast<double>(static_cast<float>(value)));
    put(tree, i, {&constant, 1}, slack);
}

void Mutator::change_operation(Tree& tree, Slack& slack, Random& random) const {
    const std::size_t i = random_operation(tree, random);
    if (i == tree.length() || !has(tree[i].arity())) {
        return;
    }
    std::vector<Node> nodes(tree.subtree(i).begin(), tree.subtree(i).end());
    nodes.back() = grammar_.random_operation(random, tree[i].arity());
    put(tree, i, nodes, slack);
}

void Mutator::change_leaf(Tree& tree, Slack& slack, Random& random) const {
    const Node leaf = grammar_.random_leaf(random);
    put(tree, random_node(tree, random, [&](std::size_t k) { return tree[k].is_leaf(); }), {&leaf, 1}, slack);
}

void Mutator::renew(Tree& tree, std::size_t i, std::size_t largest, Slack& slack, Random& random) const {
    put(tree, i, grammar_.random_nodes(random, 1 + random.below(largest)), slack);
}

void Mutator::apply(Mutation mutation, Tree& tree, Slack& slack, Random& random) const {
    switch (mutation) {
    case Mutation::change_constant:
        change_constant(tree, slack, random);
        break;
    case Mutation::change_operation:
        change_operation(tree, slack, random);
        break;
    case Mutation::change_leaf:
        change_leaf(tree, slack, random);
        break;
    case Mutation::swap_operands: {
        const std::size_t i = random_node(tree, random, [&](std::size_t k) { return tree[k].arity() == 2; });
        if (i < tree.length()) {
            const std::span<const Node> left = tree.subtree(tree.left_of(i));
            const std::span<const Node> right = tree.subtree(Tree::right_of(i));
            std::vector<Node> nodes(right.begin(), right.end());
            nodes.insert(nodes.end(), left.begin(), left.end());
            nodes.push_back(tree[i]);
            tree.replace(i, nodes);
        }
        break;
    }
    case Mutation::insert:
        wrap(tree, slack, false, random);
        break;
    case Mutation::append:
        wrap(tree, slack, true, random);
        break;
    case Mutation::remove: {
        const std::size_t i = random_operation(tree, random);
        if (i < tree.length()) {
            const bool right = tree[i].arity() == 1 || random.chance(0.5);
            put(tree, i, tree.subtree(right ? Tree::right_of(i) : tree.left_of(i)), slack);
        }
        break;
    }
    case Mutation::replace_subtree: {
        const std::size_t i = random.below(tree.length());
        const std::size_t room = maxsize_ - std::min(maxsize_, tree.length() - tree[i].size);
        constexpr std::size_t largest = 7;
        renew(tree, i, std::max<std::size_t>(1, std::min(room, largest)), slack, random);
        break;
    }
    case Mutation::hoist: {
        const std::size_t i = random_operation(tree, random);
        if (i < tree.length()) {
            put(tree, i, tree.subtree(tree.begin_of(i) + random.below(tree[i].size - 1)), slack);
        }
        break;
    }
    case Mutation::randomise: {
        const std::size_t root = random_root(tree, random);
        const std::size_t room = maxsize_ - std::min(maxsize_, tree.length() - tree[root].size);
        renew(tree, root, std::max<std::size_t>(room, 1), slack, random);
        break;
    }
    case Mutation::simplify:
        tree = simplified(tree);
        break;
    }
}

} // namespace lat_sr
