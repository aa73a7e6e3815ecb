// The best formulas so far: one for each (latency, size) cell and one for each (latency, LUT) cell. The front comes
// from them.
#pragma once

#include "cost.hpp"
#include "state.hpp"
#include "tree.hpp"

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

    // Best by (latency, size), in the order of the cells.
    [[nodiscard]] std::vector<const Entry*> entries() const;
    // Entries that no other equals or beats in loss, latency and LUT at once; by latency, LUT.
    [[nodiscard]] std::vector<const Entry*> front() const;
    [[nodiscard]] double best_loss() const;

    void save(StateWriter& state) const;
    void load(StateReader& state);

private:
    using Cell = std::pair<int, std::size_t>;

    static Cell lut_cell(const Cost& cost);

    std::map<Cell, Entry> by_size_;
    std::map<Cell, Entry> by_lut_;
};

} // namespace lat_sr
