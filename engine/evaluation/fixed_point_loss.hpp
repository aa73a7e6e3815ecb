// The loss of what the hardware computes.
#pragma once

#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/user_loss.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// Owns its scratch memory; one instance a thread.
template <class T> class FixedPointLoss {
public:
    FixedPointLoss(const Data<T>& data, const Objective& objective)
        : data_(data), objective_(objective), kernels_(kernels<T>()) {}

    // Weighted mean over all rows of values * 2**-fraction, of each output in the order in which the data were given.
    double operator()(std::span<const std::span<const std::int64_t>> values, int fraction) {
        const double unit = std::ldexp(1.0, -fraction);
        if (objective_.user != nullptr) {
            return user_loss(values.front(), unit);
        }
        block_values_.resize(values.size() * block);
        targets_.resize(values.size());
        predictions_.resize(values.size());
        double total = 0.0;
        for (std::size_t row = 0; row < data_.rows(); row += block) {
            const std::size_t rows = std::min(block, data_.rows() - row);
            for (std::size_t output = 0; output < values.size(); ++output) {
                T* out = block_values_.data() + output * block;
                for (std::size_t i = 0; i < rows; ++i) {
                    out[i] = static_cast<T>(static_cast<double>(values[output][data_.given_row(row + i)]) * unit);
                }
                targets_[output] = data_.targets(output) + row;
                predictions_[output] = out;
            }
            const T* weights = data_.weights() == nullptr ? nullptr : data_.weights() + row;
            total += kernels_.loss[static_cast<std::size_t>(objective_.kind)](targets_.data(), predictions_.data(),
                                                                              values.size(), weights, rows,
                                                                              static_cast<T>(objective_.parameter));
        }
        return total / data_.weight(data_.all());
    }

private:
    double user_loss(std::span<const std::int64_t> values, double unit) {
        user_.predictions.resize(data_.rows());
        for (std::size_t row = 0; row < data_.rows(); ++row) {
            user_.predictions[row] = static_cast<double>(values[data_.given_row(row)]) * unit;
        }
        const double loss = objective_.user->loss(user_.rows(data_, data_.all()));
        return std::isfinite(loss) ? loss : worthless;
    }

    static constexpr std::size_t block = 512;

    const Data<T>& data_;
    Objective objective_;
    const Kernels<T>& kernels_;
    AlignedVector<T> block_values_; // by output
    std::vector<const T*> targets_;
    std::vector<const T*> predictions_;
    UserColumns user_;
};

} // namespace lat_sr
