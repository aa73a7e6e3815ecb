// Cheap rewriting that never changes what a formula computes: constant parts become constants, neutral elements go,
// constants of sums and products come together.
#pragma once

#include "tree/tree.hpp"

namespace lat_sr {

[[nodiscard]] Tree simplified(const Tree& tree);

} // namespace lat_sr
