// The loss of one block of rows and its derivatives by the predictions there.
#pragma once

#include "base/aligned.hpp"
#include "evaluation/compiled_tree.hpp"
#include "evaluation/data.hpp"
#include "evaluation/objective.hpp"
#include "kernels/kernels.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

// Of a loss that has kernels. Owns its memory; one instance a thread.
template <class T> class BlockLoss {
public:
    BlockLoss(const Data<T>& data, const Objective& objective)
        : data_(data), parameter_(static_cast<T>(objective.parameter)),
          sum_(kernels<T>().loss[static_cast<std::size_t>(objective.kind)]),
          differentiate_(kernels<T>().loss_gradient[static_cast<std::size_t>(objective.kind)]),
          targets_(data.outputs()), predictions_(data.outputs()), rows_(2 * data.outputs() * block_rows) {
        for (std::size_t output = 0; output < data.outputs(); ++output) {
            slopes_.push_back(rows_.data() + 2 * output * block_rows);
            curvatures_.push_back(slopes_.back() + block_rows);
        }
    }

    // By output; to be filled in before the rest is asked for.
    [[nodiscard]] std::span<const T*> predictions() { return predictions_; }
    // Weighted sum over the rows from `row`.
    double sum(std::size_t row, std::size_t rows) {
        set_targets(row);
        return sum_(targets_.data(), predictions_.data(), targets_.size(), weights(row), rows, parameter_);
    }
    // Fills in the first derivatives and the positive second ones, times the weights.
    void differentiate(std::size_t row, std::size_t rows) {
        set_targets(row);
        differentiate_(targets_.data(), predictions_.data(), targets_.size(), weights(row), slopes_.data(),
                       curvatures_.data(), rows, parameter_);
    }
    [[nodiscard]] const T* slopes(std::size_t output) const { return slopes_[output]; }
    [[nodiscard]] const T* curvatures(std::size_t output) const { return curvatures_[output]; }

private:
    void set_targets(std::size_t row) {
        for (std::size_t output = 0; output < targets_.size(); ++output) {
            targets_[output] = data_.targets(output) + row;
        }
    }
    [[nodiscard]] const T* weights(std::size_t row) const {
        return data_.weights() == nullptr ? nullptr : data_.weights() + row;
    }

    const Data<T>& data_;
    T parameter_;
    typename Kernels<T>::Loss sum_;
    typename Kernels<T>::LossGradient differentiate_;
    std::vector<const T*> targets_;
    std::vector<const T*> predictions_;
    AlignedVector<T> rows_;
    std::vector<T*> slopes_;
    std::vector<T*> curvatures_;
};

} // namespace lat_sr
