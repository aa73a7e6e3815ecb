// How much later every node of a formula could be without its result being late, so that variation grows formulas
// where the budget has time for it.
#pragma once

#include "cost.hpp"
#include "fusion.hpp"
#include "tree.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace lat_sr {

// Combinational picoseconds of the operations at the width of an input, to choose between them.
struct TypicalDelays {
    explicit TypicalDelays(const CostModel& model);

    std::array<double, operation_count> general{};
    std::array<double, operation_count> by_constant{}; // where one of two operands is a constant
};

// Whether one of two operands is a constant, which makes another operation of the node.
bool has_constant_operand(const Tree& tree, std::size_t i);

// Owns its memory; one instance a formula under way.
class Slack {
public:
    // Without a budget of latency there is time for everything.
    Slack(const CostModel& model, const Budget& budget);

    // Whether the budget counts for the formulas measured from now on.
    void heed(bool heeded) { heeded_ = heeded; }

    [[nodiscard]] bool limited() const { return heeded_ && available_ps_ < std::numeric_limits<double>::infinity(); }
    // Costs the tree with the estimator, whose arrival times it takes.
    void measure(const Tree& tree, CostEstimator& estimator);

    // Whether the node could be this many picoseconds later.
    [[nodiscard]] bool allows(std::size_t i, double delay_ps) const { return !limited() || slack_[i] >= delay_ps; }
    // The same where a leaf comes to the node: a second variable ends a part of the formula that was one lookup.
    [[nodiscard]] bool allows(std::size_t i, double delay_ps, const Node& leaf) const {
        return !limited() || (ends_lookup(i, leaf) ? slack_without_lookup_[i] : slack_[i]) >= delay_ps;
    }
    [[nodiscard]] double typical_ps(Op op, bool by_constant) const {
        return (by_constant ? delays_.by_constant : delays_.general)[index_of(op)];
    }
    // Whether these nodes, in postfix order, could stand in the place of the node.
    [[nodiscard]] bool allows_nodes(std::size_t i, std::span<const Node> nodes) const;
    // Whether a part of another formula could stand in the place of the node.
    [[nodiscard]] bool allows_part(std::size_t i, const Slack& donor, std::size_t part) const {
        return allows(i, donor.arrival(part) - arrival(i));
    }

    // Picoseconds from the inputs to the node of the tree measured last; 0 without a budget.
    [[nodiscard]] double arrival(std::size_t i) const { return limited() ? arrival_[i] : 0.0; }

private:
    [[nodiscard]] bool ends_lookup(std::size_t i, const Node& leaf) const {
        return in_lookup_[i] != 0 && leaf.op == Op::variable &&
               !fusion_.depends_on_no_other(root_of_[i], leaf.variable);
    }

    TypicalDelays delays_;
    double available_ps_;
    bool heeded_ = true;
    std::vector<double> arrival_; // picoseconds since the inputs
    std::vector<double> slack_;
    FusionMarker fusion_;
    std::vector<unsigned char> in_lookup_;     // below the root of a part that is one lookup
    std::vector<std::size_t> root_of_;         // that root
    std::vector<double> slack_without_lookup_; // if that part were made of its operations
};

} // namespace lat_sr
