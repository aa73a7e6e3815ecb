#include "search/duplicates.hpp"

#include <stdexcept>

namespace lat_sr {

bool RecentFormulas::insert(const Tree& tree) {
    const std::uint64_t hash = tree.hash(stack_);
    std::uint64_t& slot = slots_[hash % size];
    const bool fresh = slot != hash;
    slot = hash;
    return fresh;
}

void RecentFormulas::load(StateReader& state) {
    state.get(slots_);
    if (slots_.size() != size) {
        throw std::invalid_argument("the state of the search is damaged");
    }
}

} // namespace lat_sr
