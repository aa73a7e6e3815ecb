// Fits the constants of a tree by Levenberg and Marquardt's method. Losses that are not least squares use the
// curvature of each row's loss in the place of the squared residual's (a generalised Gauss-Newton step).
#pragma once

#include "evaluation.hpp"

#include <vector>

namespace lat_sr {

template <class T> class ConstantFitter {
public:
    explicit ConstantFitter(Evaluator<T>& evaluator) : evaluator_(evaluator) {}

    // At most `steps` accepted or refused steps on the range's rows. The loss there never gets worse; it is returned.
    double fit(Tree& tree, RowRange range, int steps);

private:
    bool solve(double damping);

    Evaluator<T>& evaluator_;
    std::vector<std::size_t> positions_;
    std::vector<double> start_;
    std::vector<double> step_;
    std::vector<double> factor_; // Cholesky
    Derivatives derivatives_;
};

extern template class ConstantFitter<float>;
extern template class ConstantFitter<double>;

} // namespace lat_sr
