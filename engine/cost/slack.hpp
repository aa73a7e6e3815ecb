// How late every node of a formula could be without its result being late, so that variation grows formulas where the
// budget has time for it.
#pragma once

#include "cost/quick_cost.hpp"
#include "tree/fusion.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace lat_sr {

// Owns its memory; one instance a formula under way. Times count as those of CostEstimator::time_ps.
class Slack {
public:
    // Without a budget of latency there is time for everything.
    Slack(const CostModel& model, const Budget& budget);

    // The formula that changes are asked about from now on. It is not copied.
    void measure(const Tree& tree);

    // Whether these nodes, in postfix order, could stand in the place of the node: what they and the next operations on
    // them take is known, and what comes after those is expected to take as long as before.
    bool allows(std::size_t i, std::span<const Node> nodes);

private:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    [[nodiscard]] bool limited() const { return budget_ps_ < std::numeric_limits<double>::infinity(); }
    // The node from i on upwards up to which everything is costed anew.
    [[nodiscard]] std::size_t reach(std::size_t i, std::span<const Node> nodes) const;
    // Whether the other operand next to the node, if there is one, depends on no variable but this one.
    [[nodiscard]] bool goes_with(std::size_t i, std::size_t variable) const;
    // When the operands must be there, for a result at this time after these delays one after the other.
    [[nodiscard]] double before(double latest_ps, std::span<const double> delays_ps) const;

    double cycle_ps_;
    double budget_ps_;
    CostEstimator estimator_;
    CostEstimator part_estimator_;
    FusionMarker fusion_;
    const Tree* tree_ = nullptr;
    std::vector<Fusion> marks_;
    std::vector<std::size_t> roots_;
    std::vector<std::size_t> parents_; // none of a root
    std::vector<double> latest_ps_;    // of what is not inside of a lookup
    Tree part_;
};

} // namespace lat_sr
