#include "cost/judge.hpp"

namespace lat_sr {

CircuitJudge::CircuitJudge(const CircuitModel& model, const std::atomic<bool>* interrupted)
    : model_(model), lowering_(model.lowering, model.data, interrupted), circuit_(model.library, model.available_ps) {}

std::optional<Cost> CircuitJudge::operator()(const Tree& tree) {
    tree.roots(roots_);
    outputs_.clear();
    for (const std::size_t root : roots_) {
        const std::span<const Node> output = tree.subtree(root);
        outputs_.emplace_back(std::vector<Node>(output.begin(), output.end()));
    }
    try {
        lowered_ = &lowering_(outputs_);
    } catch (const Interrupted&) {
        return std::nullopt;
    }
    if (lowered_->refusal.reason != Refusal::none) {
        return std::nullopt;
    }
    const PredictedCircuit circuit = circuit_({.nodes = lowered_->nodes,
                                               .outputs = lowered_->outputs,
                                               .tables = lowered_->tables,
                                               .port = model_.data.format()});
    if (!circuit.fits) {
        return std::nullopt;
    }
    return Cost{.latency = static_cast<int>(circuit.latency_cycles),
                .delay_ps = circuit.delay_ps,
                .lut = static_cast<double>(circuit.lut),
                .dsp = static_cast<double>(circuit.dsp)};
}

} // namespace lat_sr
