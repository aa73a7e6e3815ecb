// Formulas met lately, so that none is evaluated twice.
#pragma once

#include "search/state.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lat_sr {

// A direct-mapped memory of hashes: a later formula takes the place of an earlier one, so its size stays the same for
// any number of formulas and it forgets, but never takes a new formula for an old one (up to equal 64-bit hashes).
class RecentFormulas {
public:
    // Whether the formula is new; it is remembered from now on.
    bool insert(const Tree& tree);

    void save(StateWriter& state) const { state.put(slots_); }
    void load(StateReader& state);

private:
    static constexpr std::size_t size = std::size_t{1} << 14U;

    std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(size, 0);
    std::vector<std::uint64_t> stack_;
};

} // namespace lat_sr
