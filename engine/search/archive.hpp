// The best formulas so far: those that no other equals or beats in loss, latency and size, or in loss, latency and LUT.
// The front comes from them.
#pragma once

#include "cost/quick_cost.hpp"
#include "search/state.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace lat_sr {

struct Entry {
    Tree tree;
    Cost cost;
    std::size_t complexity = 0;
    double loss = 0.0;                // on all rows
    std::vector<double> chunk_losses; // their parts, for races
};

class Archive {
public:
    // What a formula of this cost has to beat to be kept; null where it is kept whatever its loss.
    [[nodiscard]] const Entry* rival(const Cost& cost, std::size_t complexity) const;
    // Whether the entry was kept.
    bool insert(const Entry& entry);
    void merge(const Archive& other);
    void clear();

    // Best by (latency, size), in this order.
    [[nodiscard]] std::vector<const Entry*> entries() const;
    // Entries that no other equals or beats in loss, latency and LUT at once; by latency, LUT.
    [[nodiscard]] std::vector<const Entry*> front() const;
    [[nodiscard]] double best_loss() const;

    void save(StateWriter& state) const;
    void load(StateReader& state);

private:
    using Cell = std::pair<int, std::size_t>; // latency, and size or LUT
    using Cells = std::map<Cell, Entry>;

    static Cell lut_cell(const Cost& cost);
    // Smallest loss where neither of the two is larger; null if there is none.
    static const Entry* best_within(const Cells& cells, const Cell& limit);
    static bool insert(Cells& cells, const Cell& cell, const Entry& entry);

    Cells by_size_;
    Cells by_lut_;
};

} // namespace lat_sr
