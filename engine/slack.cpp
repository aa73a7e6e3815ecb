#include "slack.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lat_sr {

OperationDelays typical_delays(const CostModel& model) {
    const double range = model.input_high.empty() ? 1.0 : model.input_high.front() - model.input_low.front();
    const auto width = static_cast<std::size_t>(std::max(1.0, std::ceil(std::log2(range)) + model.input_fraction));
    const auto at_width = [&](Primitive primitive) {
        const std::vector<double>& delays = model.primitives[static_cast<std::size_t>(primitive)].delay_ps;
        return delays.empty() ? 0.0 : delays[std::min(width, delays.size() - 1)];
    };
    const GridCost& products = model.multiply;
    const double product =
        products
            .delay_ps[std::min(width, products.rows - 1) * products.columns + std::min(width, products.columns - 1)];
    const auto of_function = [&](Op op) {
        const std::optional<FunctionCost>& cost = model.functions[index_of(op)];
        return cost ? std::accumulate(cost->segments_ps.begin(), cost->segments_ps.end(), 0.0) : 0.0;
    };
    OperationDelays delays{};
    for (std::size_t i = index_of(Op::add); i < operation_count; ++i) {
        delays[i] = of_function(static_cast<Op>(i));
    }
    delays[index_of(Op::add)] = at_width(Primitive::add);
    delays[index_of(Op::subtract)] = at_width(Primitive::subtract);
    delays[index_of(Op::multiply)] = product;
    delays[index_of(Op::divide)] = product + of_function(Op::inverse);
    delays[index_of(Op::minimum)] = at_width(Primitive::minimum);
    delays[index_of(Op::maximum)] = at_width(Primitive::maximum);
    delays[index_of(Op::negate)] = at_width(Primitive::negate);
    delays[index_of(Op::absolute)] = at_width(Primitive::absolute);
    delays[index_of(Op::square)] = product;
    delays[index_of(Op::cube)] = 2 * product;
    delays[index_of(Op::power)] = 2 * product;
    delays[index_of(Op::relu)] = at_width(Primitive::relu);
    delays[index_of(Op::sign)] = at_width(Primitive::sign);
    delays[index_of(Op::floor)] = at_width(Primitive::floor);
    delays[index_of(Op::ceil)] = at_width(Primitive::ceil);
    return delays;
}

Slack::Slack(const CostModel& model, const Budget& budget)
    : delays_(typical_delays(model)),
      available_ps_(budget.latency * std::max(model.available_ps - model.register_ps, 0.0)) {}

void Slack::measure(const Tree& tree, CostEstimator& estimator) {
    if (!limited()) {
        return;
    }
    (void)estimator(tree);
    const std::size_t length = tree.length();
    arrival_.resize(length);
    slack_.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        arrival_[i] = estimator.arrival_ps(i);
    }
    // From the root down: an operand may be as late as its node may, less what the node itself takes.
    slack_.back() = available_ps_ - arrival_.back();
    for (std::size_t i = length; i-- > 0;) {
        if (tree[i].arity() == 0) {
            continue;
        }
        const std::size_t right = Tree::right_of(i);
        const std::size_t left = tree[i].arity() == 2 ? tree.left_of(i) : right;
        const double start = std::max(arrival_[left], arrival_[right]);
        slack_[left] = slack_[i] + start - arrival_[left];
        slack_[right] = slack_[i] + start - arrival_[right];
    }
}

} // namespace lat_sr
