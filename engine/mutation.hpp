// Variation: small random changes of one formula, and crossover of two.
#pragma once

#include "grammar.hpp"
#include "random.hpp"
#include "slack.hpp"
#include "tree.hpp"

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
    [[nodiscard]] Tree mutate(const Tree& tree, const Slack& slack, Random& random) const;
    // A copy of `receiver` with one subtree taken from `donor`.
    [[nodiscard]] Tree crossover(const Tree& receiver, const Slack& slack, const Tree& donor, const Slack& donor_slack,
                                 Random& random) const;

private:
    [[nodiscard]] Mutation draw(Random& random) const;
    [[nodiscard]] bool has(int arity) const { return arity == 2 ? !grammar_.binary.empty() : !grammar_.unary.empty(); }
    // Puts an operation on top of a node, or of a leaf, that has the time for it.
    void wrap(Tree& tree, const Slack& slack, bool leaves, Random& random) const;
    void apply(Mutation mutation, Tree& tree, const Slack& slack, Random& random) const;
    void change_constant(Tree& tree, const Slack& slack, Random& random) const;
    void change_operation(Tree& tree, const Slack& slack, Random& random) const;
    void change_leaf(Tree& tree, const Slack& slack, Random& random) const;
    // What a leaf in the place of another one adds to the node above, in picoseconds.
    [[nodiscard]] static double added_delay(const Tree& tree, const Slack& slack, std::size_t i, const Node& leaf);

    const Grammar& grammar_;
    std::size_t maxsize_;
    std::array<double, mutation_count> cumulative_{};
};

} // namespace lat_sr
