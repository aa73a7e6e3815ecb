// The loss as a quadratic function of the values that one node of a formula has: what other values in their place would
// change, without the formula being evaluated again. Exact for least squares where only sums and products stand above
// the node.
#pragma once

#include "base/aligned.hpp"
#include "evaluation/evaluation.hpp"
#include "tree/tree.hpp"

#include <cstddef>

namespace lat_sr {

// What takes the place of the part p below the node, for a column c of values: c, a*c, a*c + b, p + a*c or p*(a*c),
// with a and b fitted.
enum class GraftForm : unsigned char { exchanged, scaled, shifted, added, multiplied };
constexpr bool keeps_part(GraftForm form) { return form == GraftForm::added || form == GraftForm::multiplied; }

struct Graft {
    double change = 0.0; // of the sum of losses
    double scale = 1.0;
    double offset = 0.0;
};

template <class T> class LossExpansion {
public:
    // For ranges of at most so many rows.
    explicit LossExpansion(std::size_t rows);

    // Expands at a node; false if anything there is not finite, and for a user's loss.
    bool expand(const Tree& tree, std::size_t node, RowRange range, Evaluator<T>& evaluator);
    // The best constants for a column of the range's rows; not finite where there are none.
    Graft graft(const T* column, GraftForm form);

private:
    const Kernels<T>& kernels_;
    std::size_t rows_ = 0;
    AlignedVector<T> ones_;
    AlignedVector<T> part_;      // the node's values
    AlignedVector<T> slope_;     // first derivatives
    AlignedVector<T> curvature_; // second derivatives
    AlignedVector<T> target_;    // curvature * part - slope
    AlignedVector<T> product_;
    double part_change_ = 0.0; // from zeros to the part
    double target_sum_ = 0.0;
};

extern template class LossExpansion<float>;
extern template class LossExpansion<double>;

} // namespace lat_sr
