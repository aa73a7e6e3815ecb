// What a formula really costs and computes: lowered on the data, traced and scheduled as the toolchain will build it,
// all outputs in one circuit.
#pragma once

#include "cost/quick_cost.hpp"
#include "datapath/integer_data.hpp"
#include "lowering/lowering.hpp"
#include "mapping/cost.hpp"
#include "mapping/delay_library.hpp"
#include "tree/tree.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lat_sr {

// What all judges of a search share; outlives them.
struct CircuitModel {
    LoweringSettings lowering;
    IntegerData data; // in the rows' own order, which decides the contents of tables
    DelayLibrary library;
    double available_ps = 0.0;
};

// Owns its scratch memory; one instance a thread. Costs are those of lat_sr.latency.estimate_datapath.
class CircuitJudge {
public:
    explicit CircuitJudge(const CircuitModel& model, const std::atomic<bool>* interrupted = nullptr);

    // Empty where the formula cannot be put into fixed point or an operation misses the clock, and, with large data
    // before it is done, once the flag, if there is one, is set.
    std::optional<Cost> operator()(const Tree& tree);

    // Of the last formula that had a cost: its outputs, each on every row, in units of the ports' last bit.
    [[nodiscard]] std::span<const std::span<const std::int64_t>> values() const { return lowered_->values; }
    [[nodiscard]] int fraction() const { return model_.data.format().fraction; }

private:
    const CircuitModel& model_;
    Lowering lowering_;
    CircuitCost circuit_;
    std::vector<std::size_t> roots_;
    std::vector<Tree> outputs_;
    const Lowered* lowered_ = nullptr;
};

} // namespace lat_sr
