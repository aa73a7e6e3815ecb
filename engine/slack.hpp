// How much later every node of a formula could be without its result being late, so that variation grows formulas
// where the budget has time for it.
#pragma once

#include "cost.hpp"
#include "tree.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

namespace lat_sr {

// Combinational picoseconds of the operations at the width of an input, to choose between them.
using OperationDelays = std::array<double, operation_count>;
OperationDelays typical_delays(const CostModel& model);

// Owns its memory; one instance a formula under way.
class Slack {
public:
    // Without a budget of latency there is time for everything.
    Slack(const CostModel& model, const Budget& budget);

    [[nodiscard]] bool limited() const { return available_ps_ < std::numeric_limits<double>::infinity(); }
    // Costs the tree with the estimator, whose arrival times it takes.
    void measure(const Tree& tree, CostEstimator& estimator);

    // Whether the node could be this many picoseconds later.
    [[nodiscard]] bool allows(std::size_t i, double delay_ps) const { return !limited() || slack_[i] >= delay_ps; }
    // Whether the operation could follow the node.
    [[nodiscard]] bool allows(std::size_t i, Op op) const { return allows(i, delays_[index_of(op)]); }
    // Whether the operation could stand in the place of another one.
    [[nodiscard]] bool allows_change(std::size_t i, Op from, Op to) const {
        return allows(i, delays_[index_of(to)] - delays_[index_of(from)]);
    }
    // Whether a part of another formula could stand in the place of the node.
    [[nodiscard]] bool allows_part(std::size_t i, const Slack& donor, std::size_t part) const {
        return allows(i, donor.arrival(part) - arrival(i));
    }

private:
    // Measured trees only.
    [[nodiscard]] double arrival(std::size_t i) const { return limited() ? arrival_[i] : 0.0; }

    OperationDelays delays_;
    double available_ps_;
    std::vector<double> arrival_; // picoseconds since the inputs
    std::vector<double> slack_;
};

} // namespace lat_sr
