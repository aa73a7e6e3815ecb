#include "variation/loss_expansion.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <span>

namespace lat_sr {

template <class T>
LossExpansion<T>::LossExpansion(std::size_t rows)
    : kernels_(kernels<T>()), ones_(rows, T{1}), part_(rows), slope_(rows), curvature_(rows), target_(rows),
      product_(rows) {}

template <class T>
bool LossExpansion<T>::expand(const Tree& tree, std::size_t node, RowRange range, Evaluator<T>& evaluator) {
    rows_ = range.size();
    if (!evaluator.sensitivity(tree, node, range, part_, slope_, curvature_)) {
        return false;
    }
    for (std::size_t row = 0; row < rows_; ++row) {
        target_[row] = curvature_[row] * part_[row] - slope_[row];
    }
    part_change_ =
        0.5 * (kernels_.dot(slope_.data(), part_.data(), rows_) - kernels_.dot(target_.data(), part_.data(), rows_));
    target_sum_ = kernels_.dot(target_.data(), ones_.data(), rows_);
    return true;
}

template <class T> Graft LossExpansion<T>::graft(const T* column, GraftForm form) {
    if (form == GraftForm::multiplied) {
        kernels_.binary[index_of(Op::multiply)](part_.data(), column, product_.data(), rows_);
        column = product_.data();
    }
    // Of values v the loss is 1/2 v'Cv - t'v but for a constant, with the curvature C and the target t.
    const std::array<const T*, 2> columns{column, ones_.data()};
    std::array<double, 4> gram{};
    kernels_.gram(columns.data(), columns.size(), curvature_.data(), rows_, gram.data());
    const double square = gram[0];
    const double cross = gram[2];
    const double one = gram[3];
    if (form == GraftForm::added) {
        const double scale = -kernels_.dot(slope_.data(), column, rows_) / square;
        return {.change = -0.5 * scale * scale * square, .scale = scale};
    }
    const double product = kernels_.dot(target_.data(), column, rows_);
    Graft result;
    if (form == GraftForm::exchanged) {
        result.change = 0.5 * square - product;
    } else if (form == GraftForm::shifted) {
        const double determinant = square * one - cross * cross;
        result.scale = (product * one - target_sum_ * cross) / determinant;
        result.offset = (target_sum_ * square - product * cross) / determinant;
        result.change = -0.5 * (result.scale * product + result.offset * target_sum_);
    } else {
        result.scale = product / square;
        result.change = -0.5 * result.scale * product;
    }
    result.change -= part_change_;
    return result;
}

LAT_SR_INSTANTIATE(LossExpansion);

} // namespace lat_sr
