// Variation: small random changes of one formula, and crossover of two.
#pragma once

#include "base/random.hpp"
#include "cost/slack.hpp"
#include "tree/grammar.hpp"
#include "tree/tree.hpp"

#include <array>
#include <cstddef>

namespace lat_sr {

enum class Mutation : unsigned char {
    change_constant,
    change_operation,
    change_leaf,
    swap_operands,
    insert,
    append,
    remove,
    replace_subtree,
    hoist,
    randomise,
    simplify,
};
inline constexpr std::size_t mutation_count = 11;

// Relative frequencies, after PySR's tuned defaults.
inline constexpr std::array<double, mutation_count> default_mutation_weights{1.0, 0.6, 0.8, 0.1,  1.5, 1.2,
                                                                             1.0, 0.6, 0.2, 0.02, 0.05};

class Mutator {
public:
    Mutator(const Grammar& grammar, std::size_t maxsize, const std::array<double, mutation_count>& weights);

    // A changed copy. May equal the tree where the drawn change does not apply to it. The slack is the tree's.
    [[nodiscard]] Tree mutate(const Tree& tree, Slack& slack, Random& random) const;
    // A copy of `receiver` with one subtree taken from `donor`. The slack is the receiver's.
    [[nodiscard]] Tree crossover(const Tree& receiver, Slack& slack, const Tree& donor, Random& random) const;

private:
    [[nodiscard]] Mutation draw(Random& random) const;
    [[nodiscard]] bool has(int arity) const { return arity == 2 ? !grammar_.binary.empty() : !grammar_.unary.empty(); }
    void apply(Mutation mutation, Tree& tree, Slack& slack, Random& random) const;
    void change_constant(Tree& tree, Slack& slack, Random& random) const;
    void change_operation(Tree& tree, Slack& slack, Random& random) const;
    void change_leaf(Tree& tree, Slack& slack, Random& random) const;
    // Puts an operation on top of a node, or of a leaf.
    void wrap(Tree& tree, Slack& slack, bool leaves, Random& random) const;
    // Puts a random formula of at most so many nodes in the place of a node.
    void renew(Tree& tree, std::size_t i, std::size_t largest, Slack& slack, Random& random) const;

    const Grammar& grammar_;
    std::size_t maxsize_;
    std::array<double, mutation_count> cumulative_{};
};

} // namespace lat_sr
