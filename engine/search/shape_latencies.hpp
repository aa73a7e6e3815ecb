// Latencies of the circuits seen lately, by the shape of their formulas: constants rarely change them.
#pragma once

#include "search/recent_hashes.hpp"
#include "search/state.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

namespace lat_sr {

class ShapeLatencies {
public:
    // Of shapes that no circuit can be made of; over every budget.
    static constexpr int none = std::numeric_limits<int>::max();

    // Clock cycles, or empty where the shape is not known.
    [[nodiscard]] std::optional<int> find(std::uint64_t shape) const {
        return shapes_.holds(shape) ? std::optional(latencies_[RecentHashes::place(shape)]) : std::nullopt;
    }
    void insert(std::uint64_t shape, int latency) {
        shapes_.insert(shape);
        latencies_[RecentHashes::place(shape)] = latency;
    }

    void save(StateWriter& state) const {
        shapes_.save(state);
        state.put(latencies_);
    }
    void load(StateReader& state) {
        shapes_.load(state);
        state.get(latencies_);
        if (latencies_.size() != RecentHashes::size) {
            throw std::invalid_argument("the state of the search is damaged");
        }
    }

private:
    RecentHashes shapes_;
    std::vector<int> latencies_ = std::vector<int>(RecentHashes::size, 0);
};

} // namespace lat_sr
