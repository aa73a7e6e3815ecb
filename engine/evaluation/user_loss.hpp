// Losses of one output that the caller of the library defines. They see whole columns, and are slow beside those of
// kernels.hpp.
#pragma once

#include "evaluation/data.hpp"

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

// Memory of such rows, in double precision whatever the data are in.
struct UserColumns {
    std::vector<double> targets;
    std::vector<double> weights;
    std::vector<double> predictions; // the caller's

    // Weights are 1 where there are none.
    template <class T> LossRows rows(const Data<T>& data, RowRange range) {
        const T* y = data.targets(0) + range.begin;
        targets.assign(y, y + range.size());
        if (data.weights() == nullptr) {
            weights.assign(range.size(), 1.0);
        } else {
            const T* w = data.weights() + range.begin;
            weights.assign(w, w + range.size());
        }
        return {.targets = targets, .predictions = predictions, .weights = weights};
    }
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
