// What was met lately, by its hash.
#pragma once

#include "search/state.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace lat_sr {

// A direct-mapped memory: a later hash takes the place of an earlier one, so its size stays the same for any number of
// them and it forgets, but never takes a new one for an old one.
class RecentHashes {
public:
    static constexpr std::size_t size = std::size_t{1} << 14U;

    [[nodiscard]] static std::size_t place(std::uint64_t hash) { return hash % size; }
    [[nodiscard]] bool holds(std::uint64_t hash) const { return hashes_[place(hash)] == hash; }
    // Whether it is new; it is remembered from now on.
    bool insert(std::uint64_t hash) {
        const bool fresh = !holds(hash);
        hashes_[place(hash)] = hash;
        return fresh;
    }

    void save(StateWriter& state) const { state.put(hashes_); }
    void load(StateReader& state) {
        state.get(hashes_);
        if (hashes_.size() != size) {
            throw std::invalid_argument("the state of the search is damaged");
        }
    }

private:
    std::vector<std::uint64_t> hashes_ = std::vector<std::uint64_t>(size, 0);
};

} // namespace lat_sr
