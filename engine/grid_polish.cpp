#include "grid_polish.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

template <class T> void GridPolisher<T>::list_neighbours(std::int64_t value) {
    constexpr std::int64_t nearest = 2;
    constexpr int coarsest = 4; // bits that a value of fewer digits may give up
    neighbours_.clear();
    for (std::int64_t step = 1; step <= nearest; ++step) {
        neighbours_.insert(neighbours_.end(), {value - step, value + step});
    }
    for (int bits = 1; bits <= coarsest; ++bits) {
        const std::int64_t unit = std::int64_t{1} << bits;
        const std::int64_t below = (value >> bits) * unit;
        neighbours_.insert(neighbours_.end(), {below, below + unit});
    }
    std::ranges::sort(neighbours_);
    const auto rest = std::ranges::unique(neighbours_);
    neighbours_.erase(rest.begin(), rest.end());
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
    const double scaled = std::floor(std::ldexp(constants_.value(entry.tree, number), fraction_) + 0.5);
    if (!(std::fabs(scaled) < largest)) {
        return false;
    }
    list_neighbours(static_cast<std::int64_t>(scaled));
    Tree tree = entry.tree;
    bool moved = false;
    for (const std::int64_t neighbour : neighbours_) {
        constants_.set(tree, number, std::ldexp(static_cast<double>(neighbour), -fraction_));
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

template class GridPolisher<float>;
template class GridPolisher<double>;

} // namespace lat_sr
