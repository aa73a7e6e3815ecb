#include "constants.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

// (curvature + damping * diagonal) * step = -gradient, by Cholesky's decomposition.
template <class T> bool ConstantFitter<T>::solve(double damping) {
    const std::size_t n = positions_.size();
    const std::vector<double>& curvature = derivatives_.curvature;
    double largest = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        largest = std::max(largest, curvature[i * n + i]);
    }
    // Constants without influence keep a diagonal of their own.
    const double floor = largest * 1e-9 + 1e-300;
    factor_ = curvature;
    step_.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
        factor_[i * n + i] += damping * std::max(curvature[i * n + i], floor) + floor;
    }
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double sum = factor_[i * n + j];
            for (std::size_t k = 0; k < j; ++k) {
                sum -= factor_[i * n + k] * factor_[j * n + k];
            }
            if (i == j) {
                if (!(sum > 0.0)) {
                    return false;
                }
                factor_[j * n + j] = std::sqrt(sum);
            } else {
                factor_[i * n + j] = sum / factor_[j * n + j];
            }
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        double sum = -derivatives_.gradient[i];
        for (std::size_t k = 0; k < i; ++k) {
            sum -= factor_[i * n + k] * step_[k];
        }
        step_[i] = sum / factor_[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        double sum = step_[i];
        for (std::size_t k = i + 1; k < n; ++k) {
            sum -= factor_[k * n + i] * step_[k];
        }
        step_[i] = sum / factor_[i * n + i];
    }
    return std::ranges::all_of(step_, [](double value) { return std::isfinite(value); });
}

template <class T> double ConstantFitter<T>::fit(Tree& tree, RowRange range, int steps) {
    tree.constants(positions_);
    if (positions_.empty() || steps <= 0 || !evaluator_.derivatives(tree, positions_, range, derivatives_)) {
        return evaluator_.loss(tree, range);
    }
    double best = derivatives_.loss;
    double damping = 1e-3;
    bool current = true; // derivatives_ belong to the tree's constants
    for (int step = 0; step < steps; ++step) {
        if (!current && !evaluator_.derivatives(tree, positions_, range, derivatives_)) {
            break;
        }
        current = true;
        if (!solve(damping)) {
            damping = damping * 10.0;
            continue;
        }
        start_.clear();
        for (std::size_t i = 0; i < positions_.size(); ++i) {
            double& value = tree[positions_[i]].value;
            start_.push_back(value);
            // Constants that single precision cannot tell apart would make the printed formula another one.
            value = static_cast<double>(static_cast<T>(value + step_[i]));
        }
        const double loss = evaluator_.loss(tree, range);
        if (loss < best) {
            const bool converged = best - loss < 1e-6 * best;
            best = loss;
            damping = std::max(damping * 0.1, 1e-9);
            current = false;
            if (converged) {
                break;
            }
        } else {
            for (std::size_t i = 0; i < positions_.size(); ++i) {
                tree[positions_[i]].value = start_[i];
            }
            damping = damping * 10.0;
            if (damping > 1e6) {
                break;
            }
        }
    }
    return best;
}

template class ConstantFitter<float>;
template class ConstantFitter<double>;

} // namespace lat_sr
