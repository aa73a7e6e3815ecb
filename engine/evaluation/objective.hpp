// What a formula is judged by.
#pragma once

#include "evaluation/user_loss.hpp"
#include "kernels/kernels.hpp"

#include <limits>
#include <memory>

namespace lat_sr {

struct Objective {
    LossKind kind = LossKind::l2;
    double parameter = 1.0; // Huber's threshold, or the quantile
    // A tree is worth nothing if its result, or that of a table function which becomes a table of its own, exceeds
    // this magnitude on any row: the hardware's format would saturate or wrap.
    double value_limit = std::numeric_limits<double>::infinity();
    // In the place of `kind`, if there is one.
    std::shared_ptr<const UserLoss> user = nullptr;
};

inline constexpr double worthless = std::numeric_limits<double>::infinity();

} // namespace lat_sr
