// Constants that are one value: those at the same place of equal parts of several outputs. The circuit makes such parts
// once, as long as their constants stay equal.
#pragma once

#include "tree/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// Owns its memory; one instance a formula under way.
class TiedConstants {
public:
    // Each constant of a formula with one output is a value of its own.
    void find(const Tree& tree);

    // Leaves out those of outputs that `before` has as well, but for what is tied to constants of others.
    void leave_out_outputs_of(const Tree& before, const Tree& tree);
    // These constants instead of all, each a value of its own.
    void choose(std::span<const std::size_t> positions);

    // Positions of the constants, in order.
    [[nodiscard]] std::span<const std::size_t> positions() const { return positions_; }
    // How many values they have, and the number of a constant's.
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] std::size_t number(std::size_t constant) const { return numbers_[constant]; }
    [[nodiscard]] double value(const Tree& tree, std::size_t number) const { return tree[first_[number]].value; }
    void set(Tree& tree, std::size_t number, double value) const;

private:
    void hash_parts(const Tree& tree);

    std::vector<std::size_t> positions_;
    std::vector<std::size_t> numbers_;
    std::vector<std::size_t> first_; // a constant that has the value
    std::size_t count_ = 0;
    std::vector<std::uint64_t> hashes_; // of the nodes' parts, operands in order
    std::vector<std::size_t> parents_;
    std::vector<std::uint64_t> keys_; // by number
    std::vector<std::size_t> roots_;
    std::vector<std::size_t> roots_before_;
    std::vector<std::size_t> kept_; // new numbers, or those of constants left out
};

} // namespace lat_sr
