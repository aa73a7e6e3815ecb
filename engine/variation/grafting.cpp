#include "variation/grafting.hpp"

#include "base/scalars.hpp"
#include "variation/simplify.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace lat_sr {

namespace {

constexpr std::size_t scions = 128;
constexpr std::size_t largest_scion = 7;
// Enough to tell good scions from bad ones.
constexpr std::size_t most_rows = 1024;

// Nodes that a form has besides the scion's and the part's.
constexpr std::array<std::size_t, 5> form_nodes{0, 2, 4, 3, 3};

} // namespace

std::vector<Node> grafted(std::span<const Node> part, std::span<const Node> scion, GraftForm form, const Graft& graft) {
    std::vector<Node> nodes;
    if (keeps_part(form)) {
        nodes.assign(part.begin(), part.end());
    }
    nodes.insert(nodes.end(), scion.begin(), scion.end());
    if (form != GraftForm::exchanged) {
        nodes.insert(nodes.end(), {constant_node(graft.scale), operation_node(Op::multiply)});
    }
    if (form == GraftForm::shifted) {
        nodes.insert(nodes.end(), {constant_node(graft.offset), operation_node(Op::add)});
    }
    if (keeps_part(form)) {
        nodes.push_back(operation_node(form == GraftForm::added ? Op::add : Op::multiply));
    }
    return nodes;
}

template <class T>
Grafter<T>::Grafter(std::size_t rows, const Grammar& grammar, std::size_t maxsize, int constant_fraction)
    : grammar_(grammar), maxsize_(maxsize), least_scale_(std::ldexp(4.0, -std::max(constant_fraction, 2))),
      rows_(std::min(rows, most_rows)), values_(scions * rows_), expansion_(rows_) {}

template <class T>
void Grafter<T>::restock(RowRange range, const std::function<const Tree&()>& donor, Evaluator<T>& evaluator,
                         Random& random) {
    sample_ = {.begin = range.begin, .end = range.begin + std::min(range.size(), rows_)};
    scions_.clear();
    for (std::size_t attempt = 0; attempt < scions; ++attempt) {
        Tree tree;
        if (random.chance(0.5)) {
            const Tree& whole = donor();
            const std::size_t root = random.below(whole.length());
            if (whole[root].size > largest_scion) {
                continue;
            }
            const std::span<const Node> part = whole.subtree(root);
            tree = Tree({part.begin(), part.end()});
        } else {
            tree = Tree(grammar_.random_nodes(random, 1 + random.below(std::min(largest_scion, maxsize_))));
        }
        if (evaluator.predict(tree, sample_, {values_.data() + scions_.size() * rows_, sample_.size()})) {
            scions_.push_back(std::move(tree));
        }
    }
}

template <class T> bool Grafter<T>::fits(const Tree& tree, std::size_t node, const Tree& scion, GraftForm form) const {
    const std::size_t size = tree.length() + scion.length() + form_nodes[static_cast<std::size_t>(form)];
    return size <= maxsize_ + (keeps_part(form) ? 0 : tree[node].size);
}

template <class T> bool Grafter<T>::graft(Tree& tree, Slack& slack, Evaluator<T>& evaluator, Random& random) {
    const std::size_t node = random.below(tree.length());
    const auto form = static_cast<GraftForm>(random.below(form_nodes.size()));
    if (!expansion_.expand(tree, node, sample_, evaluator)) {
        return false;
    }
    Graft best;
    std::vector<Node> nodes;
    for (std::size_t i = 0; i < scions_.size(); ++i) {
        // Half of them, so that the same node of the same formula gets different ones.
        if (random.chance(0.5) || !fits(tree, node, scions_[i], form)) {
            continue;
        }
        Graft found = expansion_.graft(values_.data() + i * rows_, form);
        found.scale = static_cast<double>(static_cast<T>(found.scale));
        found.offset = static_cast<double>(static_cast<T>(found.offset));
        // A scale that is hardly one step of the grid would be gone in the hardware, and one that makes up for it too
        // large. What is not a number is neither smaller nor in between.
        const double scale = std::abs(found.scale);
        if (found.change < best.change && std::isfinite(found.offset) && scale >= least_scale_ &&
            scale <= 1.0 / least_scale_) {
            std::vector<Node> candidate = grafted(tree.subtree(node), scions_[i].nodes(), form, found);
            if (slack.allows(node, candidate)) {
                best = found;
                nodes = std::move(candidate);
            }
        }
    }
    if (nodes.empty()) {
        return false;
    }
    tree.replace(node, nodes);
    // A factor beside a factor would leave the product's digits to two constants of any size.
    tree = simplified(tree);
    return true;
}

LAT_SR_INSTANTIATE(Grafter);

} // namespace lat_sr
