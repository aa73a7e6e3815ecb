#include "slack.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <utility>

namespace lat_sr {

TypicalDelays::TypicalDelays(const CostModel& model) {
    const double range = model.input_high.empty() ? 1.0 : model.input_high.front() - model.input_low.front();
    const auto width = static_cast<std::size_t>(std::max(1.0, std::ceil(std::log2(range)) + model.input_fraction));
    const auto of = [&](Primitive primitive) {
        const std::vector<double>& delays = model.primitives[static_cast<std::size_t>(primitive)].delay_ps;
        return delays.empty() ? 0.0 : delays[std::min(width, delays.size() - 1)];
    };
    const auto of_grid = [&](const GridCost& grid, std::size_t column) {
        return grid.delay_ps[std::min(width, grid.rows - 1) * grid.columns + std::min(column, grid.columns - 1)];
    };
    for (std::size_t i = index_of(Op::add); i < operation_count; ++i) {
        if (const std::optional<FunctionCost>& cost = model.functions[i]) {
            general[i] = std::accumulate(cost->segments_ps.begin(), cost->segments_ps.end(), 0.0);
        }
    }
    const double product = of_grid(model.multiply, width);
    const std::initializer_list<std::pair<Op, double>> exact{
        {Op::add, of(Primitive::add)},
        {Op::subtract, of(Primitive::subtract)},
        {Op::multiply, product},
        {Op::divide, product + general[index_of(Op::inverse)]},
        {Op::minimum, of(Primitive::minimum)},
        {Op::maximum, of(Primitive::maximum)},
        {Op::negate, of(Primitive::negate)},
        {Op::absolute, of(Primitive::absolute)},
        {Op::square, product},
        {Op::cube, 2 * product},
        {Op::power, 2 * product},
        {Op::relu, of(Primitive::relu)},
        {Op::sign, of(Primitive::sign)},
        {Op::floor, of(Primitive::floor)},
        {Op::ceil, of(Primitive::ceil)},
    };
    for (const auto& [op, delay] : exact) {
        general[index_of(op)] = delay;
    }
    by_constant = general;
    constexpr std::size_t digits = 4; // nonzero ones of a constant with some ten fraction bits, signed
    by_constant[index_of(Op::add)] = by_constant[index_of(Op::subtract)] = of(Primitive::add_constant);
    by_constant[index_of(Op::multiply)] = by_constant[index_of(Op::divide)] = of_grid(model.scale, digits);
}

Slack::Slack(const CostModel& model, const Budget& budget)
    : delays_(model), available_ps_(budget.latency * std::max(model.available_ps - model.register_ps, 0.0)) {}

bool has_constant_operand(const Tree& tree, std::size_t i) {
    return tree[i].arity() == 2 &&
           (tree[Tree::right_of(i)].op == Op::constant || tree[tree.left_of(i)].op == Op::constant);
}

void Slack::measure(const Tree& tree, CostEstimator& estimator) {
    if (!limited()) {
        return;
    }
    (void)estimator(tree);
    const std::size_t length = tree.length();
    const std::vector<Fusion>& marks = fusion_.mark(tree);
    arrival_.resize(length);
    slack_.resize(length);
    slack_without_lookup_.resize(length);
    in_lookup_.resize(length);
    root_of_.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        arrival_[i] = estimator.arrival_ps(i);
        in_lookup_[i] = marks[i] == Fusion::inside ? 1 : 0;
    }
    // From the root down: an operand may be as late as its node may, less what the node itself takes.
    for (std::size_t end = length; end > 0; end = tree.begin_of(end - 1)) {
        slack_[end - 1] = available_ps_ - arrival_[end - 1];
    }
    for (std::size_t i = length; i-- > 0;) {
        if (tree[i].arity() == 0) {
            continue;
        }
        const std::size_t right = Tree::right_of(i);
        const std::size_t left = tree[i].arity() == 2 ? tree.left_of(i) : right;
        if (marks[i] == Fusion::separate) {
            const double start = std::max(arrival_[left], arrival_[right]);
            slack_[left] = slack_[i] + start - arrival_[left];
            slack_[right] = slack_[i] + start - arrival_[right];
            continue;
        }
        // Inside of a lookup operations take no time, as long as it stays one.
        const bool root = marks[i] == Fusion::root;
        const double without = (root ? slack_[i] + arrival_[i] : slack_without_lookup_[i]) -
                               typical_ps(tree[i].op, has_constant_operand(tree, i));
        for (const std::size_t operand : {left, right}) {
            slack_[operand] = std::numeric_limits<double>::infinity();
            slack_without_lookup_[operand] = without;
            root_of_[operand] = root ? i : root_of_[i];
        }
    }
}

bool Slack::allows_nodes(std::size_t i, std::span<const Node> nodes) const {
    if (!limited()) {
        return true;
    }
    // Arrival times by typical delays; the stack of a postfix evaluation.
    std::vector<std::pair<double, bool>> stack; // picoseconds, whether a constant
    for (const Node& node : nodes) {
        std::pair<double, bool> result{0.0, node.op == Op::constant};
        bool by_constant = false;
        for (int operand = 0; operand < node.arity(); ++operand) {
            result.first = std::max(result.first, stack.back().first);
            by_constant = by_constant || (node.arity() == 2 && stack.back().second);
            stack.pop_back();
        }
        result.first += node.is_leaf() ? 0.0 : typical_ps(node.op, by_constant);
        stack.push_back(result);
    }
    return allows(i, stack.back().first - arrival_[i]);
}

} // namespace lat_sr
