// Losses that the caller of the library defines. They see whole columns, and are slow beside those of kernels.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

// One row each.
struct LossRows {
    std::span<const double> targets;
    std::span<const double> predictions;
    std::span<const double> weights;
};

// Called from several threads. What it throws ends the search.
class UserLoss {
public:
    UserLoss() = default;
    UserLoss(const UserLoss&) = delete;
    UserLoss& operator=(const UserLoss&) = delete;
    virtual ~UserLoss() = default;

    [[nodiscard]] virtual double loss(const LossRows& rows) const = 0;
    // Derivatives of the loss by the predictions; empty if only differences of the loss can tell them.
    [[nodiscard]] virtual std::vector<double> gradient(const LossRows& rows) const = 0;
};

// Derivatives of the loss by constants, from those of the predictions: `tangents` has a column of rows a constant.
void user_gradient(const UserLoss& loss, const LossRows& rows, std::span<const double> tangents,
                   std::vector<double>& gradient);

} // namespace lat_sr
