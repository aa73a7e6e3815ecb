// Variation of formulas with several outputs, beside that of single ones: what makes and keeps parts that several
// outputs have, which cost the circuit once.
#pragma once

#include "base/random.hpp"
#include "cost/slack.hpp"
#include "tree/tree.hpp"

#include <cstddef>

namespace lat_sr {

// A copy of `receiver` with one output as it is in `donor`.
Tree with_output_of(const Tree& receiver, const Tree& donor, Random& random);

// A copy of the tree in which a part of one output stands in another one too. Equals the tree where none fits.
Tree with_shared_part(const Tree& tree, Slack& slack, std::size_t maxsize, Random& random);

// Where `tree` became `changed` by a change of one part, the same change of all equal parts.
void change_equal_parts(const Tree& tree, Tree& changed);

} // namespace lat_sr
