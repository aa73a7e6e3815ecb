#include "search/grid_polish.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace lat_sr {

template <class T> void GridPolisher<T>::list_neighbours(double value) {
    constexpr std::int64_t nearest = 2;
    constexpr int coarsest = 4; // bits that a value of fewer digits may give up
    const auto number = static_cast<std::int64_t>(std::floor(std::ldexp(value, fraction_) + 0.5));
    const auto on_grid = [&](std::int64_t neighbour) {
        neighbours_.push_back(std::ldexp(static_cast<double>(neighbour), -fraction_));
    };
    neighbours_.clear();
    for (std::int64_t step = 1; step <= nearest; ++step) {
        on_grid(number - step);
        on_grid(number + step);
    }
    for (int bits = 1; bits <= coarsest; ++bits) {
        const std::int64_t unit = std::int64_t{1} << bits;
        const std::int64_t below = (number >> bits) * unit;
        on_grid(below);
        on_grid(below + unit);
    }
    // Inside of a lookup a constant need not be on the grid.
    const double last_bit = std::ldexp(1.0, -fraction_);
    neighbours_.insert(neighbours_.end(), {value - last_bit, value + last_bit});
    std::ranges::sort(neighbours_);
    // NOLINTNEXTLINE(modernize-use-ranges): Clang 14, which the fuzzers are built with, has no subranges
    neighbours_.erase(std::unique(neighbours_.begin(), neighbours_.end()), neighbours_.end());
    std::erase(neighbours_, value);
}

template <class T> bool GridPolisher<T>::take_if_better(const Tree& tree, Entry& entry) {
    const std::optional<Cost> cost = judge_(tree);
    if (!cost || cost->latency > entry.cost.latency || cost->dsp > entry.cost.dsp) {
        return false;
    }
    const double loss = loss_(judge_.values(), judge_.fraction());
    const bool better =
        loss < entry.loss ? cost->lut <= entry.cost.lut : loss == entry.loss && cost->lut < entry.cost.lut;
    if (better) {
        entry.tree = tree;
        entry.cost = *cost;
        entry.loss = loss;
    }
    return better;
}

template <class T> bool GridPolisher<T>::move(std::size_t number, Entry& entry) {
    constexpr double largest = 0x1.0p40; // beyond, a step of the grid changes nothing
    const double value = constants_.value(entry.tree, number);
    if (!(std::fabs(std::ldexp(value, fraction_)) < largest)) {
        return false;
    }
    list_neighbours(value);
    Tree tree = entry.tree;
    bool moved = false;
    for (const double neighbour : neighbours_) {
        constants_.set(tree, number, neighbour);
        moved = take_if_better(tree, entry) || moved;
    }
    return moved;
}

template <class T> void GridPolisher<T>::operator()(Entry& entry) {
    constexpr int moves = 16; // of one constant
    constants_.find(entry.tree);
    for (std::size_t number = 0; number < constants_.count(); ++number) {
        for (int i = 0; i < moves && move(number, entry); ++i) {
        }
    }
}

LAT_SR_INSTANTIATE(GridPolisher);

} // namespace lat_sr
