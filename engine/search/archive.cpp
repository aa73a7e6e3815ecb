#include "search/archive.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace lat_sr {

Archive::Cell Archive::lut_cell(const Cost& cost) {
    // Eight cells an octave: the LUT estimate is not better than that.
    constexpr double cells = 8.0;
    return {cost.latency, static_cast<std::size_t>(std::log2(1.0 + cost.lut) * cells)};
}

const Entry* Archive::best_within(const Cells& cells, const Cell& limit) {
    const Entry* best = nullptr;
    for (const auto& [cell, entry] : cells) {
        if (cell.first > limit.first) {
            break;
        }
        if (cell.second <= limit.second && (best == nullptr || entry.loss < best->loss)) {
            best = &entry;
        }
    }
    return best;
}

const Entry* Archive::rival(const Cost& cost, std::size_t complexity) const {
    const Entry* by_size = best_within(by_size_, {cost.latency, complexity});
    const Entry* by_lut = best_within(by_lut_, lut_cell(cost));
    if (by_size == nullptr || by_lut == nullptr) {
        return nullptr;
    }
    return by_size->loss < by_lut->loss ? by_lut : by_size;
}

bool Archive::insert(Cells& cells, const Cell& cell, const Entry& entry) {
    const Entry* best = best_within(cells, cell);
    if (best != nullptr && best->loss <= entry.loss) {
        return false;
    }
    std::erase_if(cells, [&](const auto& other) {
        return other.first.first >= cell.first && other.first.second >= cell.second && other.second.loss >= entry.loss;
    });
    cells.insert_or_assign(cell, entry);
    return true;
}

bool Archive::insert(const Entry& entry) {
    const bool by_size = insert(by_size_, {entry.cost.latency, entry.complexity}, entry);
    return insert(by_lut_, lut_cell(entry.cost), entry) || by_size;
}

void Archive::merge(const Archive& other) {
    for (const auto* cells : {&other.by_size_, &other.by_lut_}) {
        for (const auto& [cell, entry] : *cells) {
            insert(entry);
        }
    }
}

void Archive::clear() {
    by_size_.clear();
    by_lut_.clear();
}

std::vector<const Entry*> Archive::entries() const {
    std::vector<const Entry*> result;
    result.reserve(by_size_.size());
    for (const auto& [cell, entry] : by_size_) {
        result.push_back(&entry);
    }
    return result;
}

std::vector<const Entry*> Archive::front() const {
    std::vector<const Entry*> candidates = entries();
    for (const auto& [cell, entry] : by_lut_) {
        candidates.push_back(&entry);
    }
    std::ranges::stable_sort(candidates, [](const Entry* a, const Entry* b) {
        return std::tuple(a->cost.latency, a->cost.lut, a->loss, a->complexity) <
               std::tuple(b->cost.latency, b->cost.lut, b->loss, b->complexity);
    });
    // In this order only an earlier entry can dominate a later one.
    std::vector<const Entry*> result;
    for (const Entry* candidate : candidates) {
        const bool dominated = std::ranges::any_of(result, [&](const Entry* kept) {
            return kept->cost.lut <= candidate->cost.lut && kept->loss <= candidate->loss;
        });
        if (!dominated) {
            result.push_back(candidate);
        }
    }
    return result;
}

double Archive::best_loss() const {
    double best = std::numeric_limits<double>::infinity();
    for (const auto& [cell, entry] : by_size_) {
        best = std::min(best, entry.loss);
    }
    return best;
}

void Archive::save(StateWriter& state) const {
    for (const auto* cells : {&by_size_, &by_lut_}) {
        state.put(cells->size());
        for (const auto& [cell, entry] : *cells) {
            state.put(cell.first);
            state.put(cell.second);
            state.put(entry.tree);
            state.put(entry.cost);
            state.put(entry.complexity);
            state.put(entry.loss);
            state.put(entry.chunk_losses);
        }
    }
}

void Archive::load(StateReader& state) {
    for (auto* cells : {&by_size_, &by_lut_}) {
        cells->clear();
        std::size_t count = 0;
        state.get(count);
        for (std::size_t i = 0; i < count; ++i) {
            Cell cell;
            Entry entry;
            state.get(cell.first);
            state.get(cell.second);
            state.get(entry.tree);
            state.get(entry.cost);
            state.get(entry.complexity);
            state.get(entry.loss);
            state.get(entry.chunk_losses);
            cells->insert_or_assign(cell, std::move(entry));
        }
    }
}

} // namespace lat_sr
