// Latencies of the circuits seen lately, by the shape of their formulas: constants rarely change them.
#pragma once

#include "search/state.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace lat_sr {

// A direct-mapped memory, where a later shape takes the place of an earlier one.
class ShapeLatencies {
public:
    // Of shapes that no circuit can be made of; over every budget.
    static constexpr int none = std::numeric_limits<int>::max();

    // Clock cycles, or empty where the shape is not known.
    [[nodiscard]] std::optional<int> find(const Tree& tree);
    void insert(const Tree& tree, int latency);

    void save(StateWriter& state) const;
    void load(StateReader& state);

private:
    static constexpr std::size_t size = std::size_t{1} << 14U;

    std::vector<std::uint64_t> hashes_ = std::vector<std::uint64_t>(size, 0);
    std::vector<int> latencies_ = std::vector<int>(size, 0);
    std::vector<std::uint64_t> stack_;
};

} // namespace lat_sr
