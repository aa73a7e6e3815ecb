#include "cost/slack.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lat_sr {

Slack::Slack(const CostModel& model, const Budget& budget)
    : cycle_ps_(model.cycle_ps()),
      budget_ps_(cycle_ps_ > 0.0 ? std::floor(budget.latency) * cycle_ps_ : std::numeric_limits<double>::infinity()),
      estimator_(model), part_estimator_(model) {}

double Slack::before(double latest_ps, std::span<const double> delays_ps) const {
    for (auto last = delays_ps.rbegin(); last != delays_ps.rend(); ++last) {
        const double delay = *last;
        // An operation that does not fit behind the last register starts the cycle before.
        const double start = (std::ceil(latest_ps / cycle_ps_) - 1.0) * cycle_ps_;
        latest_ps = (latest_ps - delay >= start ? latest_ps : start) - delay;
    }
    return latest_ps;
}

void Slack::measure(const Tree& tree) {
    if (!limited()) {
        return;
    }
    tree_ = &tree;
    (void)estimator_(tree);
    marks_ = fusion_.mark(tree);
    parents_.assign(tree.length(), none);
    latest_ps_.resize(tree.length());
    tree.roots(roots_);
    for (std::size_t output = 0; output < roots_.size(); ++output) {
        latest_ps_[roots_[output]] = before(budget_ps_, estimator_.output_delays_ps(output));
    }
    for (std::size_t i = tree.length(); i-- > 0;) {
        if (tree[i].is_leaf()) {
            continue;
        }
        const std::span<const double> delays = estimator_.delays_ps(i);
        const std::size_t right = Tree::right_of(i);
        parents_[right] = i;
        latest_ps_[right] = before(latest_ps_[i], delays);
        if (tree[i].arity() == 2) {
            const std::size_t left = tree.left_of(i);
            parents_[left] = i;
            // A dividend waits for the reciprocal of the divisor.
            latest_ps_[left] =
                tree[i].op == Op::divide && !delays.empty() ? before(latest_ps_[i], delays.last(1)) : latest_ps_[right];
        }
    }
}

bool Slack::goes_with(std::size_t i, std::size_t variable) const {
    const std::size_t parent = parents_[i];
    if ((*tree_)[parent].arity() == 1) {
        return true;
    }
    const std::size_t right = Tree::right_of(parent);
    return fusion_.depends_on_no_other(i == right ? tree_->left_of(parent) : right, variable);
}

std::size_t Slack::reach(std::size_t i, std::span<const Node> nodes) const {
    std::size_t top = i;
    const auto parent = [&] { return parents_[top]; };
    // A part on one variable is one lookup, if a table is in it.
    const auto is_variable = [](const Node& node) { return node.op == Op::variable; };
    const auto first = std::ranges::find_if(nodes, is_variable);
    if (first != nodes.end() && std::ranges::all_of(nodes, [&](const Node& node) {
            return !is_variable(node) || node.variable == first->variable;
        })) {
        while (parent() != none && goes_with(top, first->variable)) {
            top = parent();
        }
    }
    // A lookup may no longer be one, and an operation on a constant is another one for every constant.
    while (parent() != none && (marks_[top] == Fusion::inside || !fusion_.depends_on_input(top))) {
        top = parent();
    }
    // The operations that its result goes into depend on its width, the next ones most.
    constexpr int levels = 2;
    for (int level = 0; level < levels && parent() != none; ++level) {
        top = parent();
    }
    return top;
}

bool Slack::allows(std::size_t i, std::span<const Node> nodes) {
    if (!limited()) {
        return true;
    }
    const std::size_t top = reach(i, nodes);
    const std::span<const Node> old = tree_->subtree(top);
    const std::size_t begin = tree_->begin_of(top);
    std::vector<Node> changed(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(tree_->begin_of(i) - begin));
    changed.insert(changed.end(), nodes.begin(), nodes.end());
    changed.insert(changed.end(), old.begin() + static_cast<std::ptrdiff_t>(i + 1 - begin), old.end());
    part_ = Tree(std::move(changed));
    (void)part_estimator_(part_);
    const double latest =
        parents_[top] == none ? before(budget_ps_, part_estimator_.output_delays_ps(0)) : latest_ps_[top];
    return part_estimator_.time_ps(part_.length() - 1) <= latest;
}

} // namespace lat_sr
