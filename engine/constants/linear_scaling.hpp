// Linear scaling (Keijzer 2003): a formula f stands as f * scale + offset, and each time it is scored these two
// constants are fitted, so that f has to be right in its shape only. They are nodes of the tree: what multiplies and
// adds is charged as any other operation.
#pragma once

#include "tree/tree.hpp"

#include <array>
#include <cstddef>

namespace lat_sr {

inline constexpr std::size_t scaling_nodes = 4;

// Whether the tree is some formula times a constant plus a constant, in this order.
bool is_scaled(const Tree& tree);
// The tree times 1 plus 0; itself if it is scaled already.
Tree scaled(const Tree& tree);
// What is scaled, or the tree itself. Its nodes keep their positions.
Tree unscaled(const Tree& tree);
// Positions of scale and offset in a scaled tree.
inline std::array<std::size_t, 2> scaling_positions(const Tree& tree) {
    return {tree.length() - scaling_nodes, tree.length() - 2};
}

} // namespace lat_sr
