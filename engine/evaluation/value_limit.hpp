// Which values of a formula the hardware's format must hold: beyond its limit they would saturate or wrap.
#pragma once

#include "kernels/kernels.hpp"
#include "tree/fusion.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <limits>
#include <vector>

namespace lat_sr {

// Of results, and of table functions that become tables of their own. Owns its memory; one instance a thread.
template <class T> class ValueLimit {
public:
    explicit ValueLimit(double limit) : kernels_(kernels<T>()), limit_(limit) {}

    void mark(const Tree& tree) {
        const std::vector<Fusion>& marks = fusion_.mark(tree);
        limited_.resize(tree.length());
        for (std::size_t i = 0; i < tree.length(); ++i) {
            limited_[i] = marks[i] == Fusion::root || (marks[i] == Fusion::separate && needs_table(tree[i])) ? 1 : 0;
        }
        tree.roots(roots_);
        for (const std::size_t root : roots_) {
            limited_[root] = 1;
        }
    }

    // Whether it is one for this node of the tree marked last.
    [[nodiscard]] bool applies_to(std::size_t i) const { return limited_[i] != 0; }
    // Whether all values are finite and within the limit.
    [[nodiscard]] bool holds(const T* values, std::size_t rows) const {
        const auto largest = static_cast<double>(kernels_.largest(values, rows));
        return largest <= limit_ && largest < std::numeric_limits<double>::infinity();
    }

private:
    const Kernels<T>& kernels_;
    double limit_;
    FusionMarker fusion_;
    std::vector<std::size_t> roots_;
    std::vector<unsigned char> limited_;
};

} // namespace lat_sr
