// Variation with foresight: of many small formulas, the scions, the one is put into a formula that lowers the loss
// most, as the loss's expansion at a node tells.
#pragma once

#include "base/aligned.hpp"
#include "base/random.hpp"
#include "cost/slack.hpp"
#include "evaluation/evaluation.hpp"
#include "tree/grammar.hpp"
#include "tree/tree.hpp"
#include "variation/loss_expansion.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace lat_sr {

// What takes the place of the part, in postfix order.
std::vector<Node> grafted(std::span<const Node> part, std::span<const Node> scion, GraftForm form, const Graft& graft);

template <class T> class Grafter {
public:
    // Constants of the hardware are multiples of 2^-constant_fraction.
    Grafter(std::size_t rows, const Grammar& grammar, std::size_t maxsize, int constant_fraction);

    // Draws new scions, half of them at random and half of them parts of the formulas that `donor` gives, and evaluates
    // them on the first rows of the range.
    void restock(RowRange range, const std::function<const Tree&()>& donor, Evaluator<T>& evaluator, Random& random);
    // Changes the tree at a random node; false, with the tree as it was, if nothing would lower the loss. The slack is
    // the tree's.
    bool graft(Tree& tree, Slack& slack, Evaluator<T>& evaluator, Random& random);

private:
    // Whether the scion makes the tree no larger than it may be.
    [[nodiscard]] bool fits(const Tree& tree, std::size_t node, const Tree& scion, GraftForm form) const;

    const Grammar& grammar_;
    std::size_t maxsize_;
    double least_scale_; // its reciprocal is the largest
    std::size_t rows_;   // at most, of the sample
    RowRange sample_;
    std::vector<Tree> scions_;
    AlignedVector<T> values_; // a column of the sample's rows for each scion
    LossExpansion<T> expansion_;
};

extern template class Grafter<float>;
extern template class Grafter<double>;

} // namespace lat_sr
