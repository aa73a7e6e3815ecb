#include "constants/tied_constants.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace lat_sr {

void TiedConstants::hash_parts(const Tree& tree) {
    hashes_.resize(tree.length());
    parents_.assign(tree.length(), tree.length());
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        const std::uint64_t own = node.op == Op::variable ? node.variable : std::bit_cast<std::uint64_t>(node.value);
        hashes_[i] = mix_hash(index_of(node.op) + 1, own);
        if (node.arity() == 2) {
            hashes_[i] = mix_hash(hashes_[i], hashes_[tree.left_of(i)]);
            parents_[tree.left_of(i)] = i;
        }
        if (node.arity() > 0) {
            hashes_[i] = mix_hash(hashes_[i], hashes_[Tree::right_of(i)]);
            parents_[Tree::right_of(i)] = i;
        }
    }
}

void TiedConstants::find(const Tree& tree) {
    tree.constants(positions_);
    numbers_.resize(positions_.size());
    first_.clear();
    keys_.clear();
    const bool several = tree.outputs() > 1;
    if (several) {
        hash_parts(tree);
    }
    for (std::size_t constant = 0; constant < positions_.size(); ++constant) {
        const std::size_t position = positions_[constant];
        // A constant that is an output by itself has no part around it.
        const bool inside = several && parents_[position] < tree.length();
        const std::size_t parent = inside ? parents_[position] : position;
        const std::uint64_t key = inside ? mix_hash(hashes_[parent], position - tree.begin_of(parent)) : 0;
        const auto found = inside ? std::ranges::find(keys_, key) : keys_.end();
        numbers_[constant] = static_cast<std::size_t>(found - keys_.begin());
        if (found == keys_.end()) {
            keys_.push_back(key);
            first_.push_back(position);
        }
    }
    count_ = keys_.size();
}

void TiedConstants::leave_out_outputs_of(const Tree& before, const Tree& tree) {
    tree.roots(roots_);
    before.roots(roots_before_);
    constexpr std::size_t left_out = ~std::size_t{0};
    kept_.assign(count_, left_out);
    std::size_t constant = 0;
    std::size_t count = 0;
    for (std::size_t output = 0; output < roots_.size(); ++output) {
        const bool same =
            std::ranges::equal(tree.subtree(roots_[output]), before.subtree(roots_before_[output]), equal_nodes);
        for (; constant < positions_.size() && positions_[constant] <= roots_[output]; ++constant) {
            std::size_t& number = kept_[numbers_[constant]];
            if (!same && number == left_out) {
                number = count++;
            }
        }
    }
    std::size_t end = 0;
    for (constant = 0; constant < positions_.size(); ++constant) {
        const std::size_t number = kept_[numbers_[constant]];
        if (number != left_out) {
            first_[number] = positions_[constant];
            positions_[end] = positions_[constant];
            numbers_[end++] = number;
        }
    }
    positions_.resize(end);
    numbers_.resize(end);
    count_ = count;
}

void TiedConstants::choose(std::span<const std::size_t> positions) {
    positions_.assign(positions.begin(), positions.end());
    first_ = positions_;
    count_ = positions_.size();
    numbers_.resize(count_);
    std::iota(numbers_.begin(), numbers_.end(), std::size_t{0});
}

void TiedConstants::set(Tree& tree, std::size_t number, double value) const {
    for (std::size_t constant = 0; constant < positions_.size(); ++constant) {
        if (numbers_[constant] == number) {
            tree[positions_[constant]].value = value;
        }
    }
}

} // namespace lat_sr
