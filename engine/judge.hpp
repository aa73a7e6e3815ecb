// What the hardware makes of a formula, exactly: asked for the few formulas that would enter the archive, after the
// cost model of cost.hpp, which is an estimate, let them through.
#pragma once

#include "cost.hpp"
#include "tree.hpp"

#include <limits>
#include <optional>

namespace lat_sr {

struct Judgement {
    Cost cost;
    // Mean loss of the fixed-point datapath on all rows, in the units of the objective.
    double fixed_loss = std::numeric_limits<double>::infinity();
};

// Owns its scratch memory; one instance a thread.
class Judge {
public:
    Judge() = default;
    Judge(const Judge&) = delete;
    Judge& operator=(const Judge&) = delete;
    virtual ~Judge() = default;

    // Nothing if the formula cannot be put into fixed point.
    virtual std::optional<Judgement> operator()(const Tree& tree) = 0;
};

} // namespace lat_sr
