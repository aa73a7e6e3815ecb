#include "search/shape_latencies.hpp"

#include <stdexcept>

namespace lat_sr {

std::optional<int> ShapeLatencies::find(const Tree& tree) {
    const std::uint64_t hash = tree.shape_hash(stack_);
    return hashes_[hash % size] == hash ? std::optional(latencies_[hash % size]) : std::nullopt;
}

void ShapeLatencies::insert(const Tree& tree, int latency) {
    const std::uint64_t hash = tree.shape_hash(stack_);
    hashes_[hash % size] = hash;
    latencies_[hash % size] = latency;
}

void ShapeLatencies::save(StateWriter& state) const {
    state.put(hashes_);
    state.put(latencies_);
}

void ShapeLatencies::load(StateReader& state) {
    state.get(hashes_);
    state.get(latencies_);
    if (hashes_.size() != size || latencies_.size() != size) {
        throw std::invalid_argument("the state of the search is damaged");
    }
}

} // namespace lat_sr
