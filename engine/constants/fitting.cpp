#include "constants/fitting.hpp"

#include "base/scalars.hpp"
#include "constants/linear_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

namespace lat_sr {

FitMethod best_method(const Objective& objective) {
    if (objective.user != nullptr) {
        return FitMethod::bfgs;
    }
    switch (objective.kind) {
    case LossKind::l1:
    case LossKind::quantile:
    case LossKind::logistic:
    case LossKind::cross_entropy:
        return FitMethod::bfgs;
    default:
        return FitMethod::gauss_newton;
    }
}

// A value that several constants have moves all of them: its derivatives are the sums of theirs.
template <class T> bool ConstantFitter<T>::differentiate(const Tree& tree, RowRange range, Order order) {
    const std::span<const std::size_t> positions = constants_.positions();
    const bool finite = evaluator_.derivatives(tree, positions, range, order, derivatives_);
    const std::size_t n = constants_.count();
    if (n == positions.size() || !finite) {
        return finite;
    }
    by_value_.loss = derivatives_.loss;
    by_value_.gradient.assign(n, 0.0);
    by_value_.curvature.assign(order == Order::second ? n * n : 0, 0.0);
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const std::size_t row = constants_.number(i);
        by_value_.gradient[row] += derivatives_.gradient[i];
        for (std::size_t j = 0; order == Order::second && j <= i; ++j) {
            const auto [low, high] = std::minmax({row, constants_.number(j)});
            const double both = i != j && low == high ? 2.0 : 1.0; // halves of the matrix
            by_value_.curvature[high * n + low] += both * derivatives_.curvature[i * positions.size() + j];
        }
    }
    std::swap(derivatives_, by_value_);
    return finite;
}

// (curvature + damping * diagonal) * step = -gradient, by Cholesky's decomposition.
template <class T> bool ConstantFitter<T>::solve(double damping) {
    const std::size_t n = constants_.count();
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

template <class T> void ConstantFitter<T>::keep_start(const Tree& tree) {
    start_.clear();
    for (std::size_t i = 0; i < constants_.count(); ++i) {
        start_.push_back(constants_.value(tree, i));
    }
}

template <class T> void ConstantFitter<T>::move(Tree& tree, double factor) {
    for (std::size_t i = 0; i < constants_.count(); ++i) {
        // Constants that single precision cannot tell apart would make the printed formula another one.
        const auto moved = static_cast<double>(static_cast<T>(start_[i] + factor * step_[i]));
        constants_.set(tree, i, factor == 0.0 ? start_[i] : moved);
    }
}

template <class T> double ConstantFitter<T>::gauss_newton(Tree& tree, RowRange range, int steps, double damping) {
    if (!differentiate(tree, range, Order::second)) {
        return evaluator_.loss(tree, range);
    }
    double best = derivatives_.loss;
    bool current = true; // derivatives_ belong to the tree's constants
    for (int step = 0; step < steps; ++step) {
        if (!current && !differentiate(tree, range, Order::second)) {
            break;
        }
        current = true;
        if (!solve(damping)) {
            damping = damping * 10.0;
            continue;
        }
        keep_start(tree);
        move(tree, 1.0);
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
            move(tree, 0.0);
            damping = damping * 10.0;
            if (damping > 1e6) {
                break;
            }
        }
    }
    return best;
}

template <class T> double ConstantFitter<T>::bfgs(Tree& tree, RowRange range, int steps) {
    if (!differentiate(tree, range, Order::first)) {
        return evaluator_.loss(tree, range);
    }
    const std::size_t n = constants_.count();
    double best = derivatives_.loss;
    quasi_newton_.reset(n);
    bool first = true;
    while (steps > 0) {
        keep_start(tree);
        quasi_newton_.direction(derivatives_.gradient, step_);
        const double slope = std::inner_product(step_.begin(), step_.end(), derivatives_.gradient.begin(), 0.0);
        // Nothing is known of the scale before the first step: it aims at halving the loss.
        double factor = first && slope < 0.0 ? std::min(1.0, -0.5 * best / slope) : 1.0;
        double loss = worthless;
        for (; steps > 0; --steps) {
            move(tree, factor);
            loss = evaluator_.loss(tree, range);
            constexpr double sufficient = 1e-4; // Armijo's share of the expected decrease
            if (loss < best && loss <= best + sufficient * factor * slope) {
                break;
            }
            loss = worthless;
            factor *= 0.3;
        }
        if (!(loss < best)) {
            move(tree, 0.0);
            break;
        }
        --steps;
        const bool converged = best - loss < 1e-6 * best;
        best = loss;
        gradient_ = derivatives_.gradient;
        if (converged || steps <= 0 || !differentiate(tree, range, Order::first)) {
            break;
        }
        for (std::size_t i = 0; i < n; ++i) {
            step_[i] = constants_.value(tree, i) - start_[i];
            gradient_[i] = derivatives_.gradient[i] - gradient_[i];
        }
        quasi_newton_.update(step_, gradient_);
        first = false;
    }
    return best;
}

template <class T> double ConstantFitter<T>::fit_chosen(Tree& tree, RowRange range, int steps, FitMethod method) {
    if (constants_.count() == 0 || steps <= 0) {
        return evaluator_.loss(tree, range);
    }
    constexpr double damping = 1e-3;
    return method == FitMethod::bfgs ? bfgs(tree, range, steps) : gauss_newton(tree, range, steps, damping);
}

template <class T>
double ConstantFitter<T>::fit(Tree& tree, RowRange range, int steps, std::optional<FitMethod> method) {
    constants_.find(tree);
    return fit_chosen(tree, range, steps, method.value_or(best_method(evaluator_.objective())));
}

template <class T> double ConstantFitter<T>::fit_changes(Tree& tree, const Tree& before, RowRange range, int steps) {
    constants_.find(tree);
    if (tree.outputs() > 1) {
        constants_.leave_out_outputs_of(before, tree);
    }
    return fit_chosen(tree, range, steps, best_method(evaluator_.objective()));
}

template <class T> double ConstantFitter<T>::fit_scaling(Tree& tree, RowRange range) {
    constants_.choose(scaling_positions(tree));
    if (best_method(evaluator_.objective()) == FitMethod::bfgs) {
        constexpr int steps = 4;
        return bfgs(tree, range, steps);
    }
    return gauss_newton(tree, range, 1, 0.0);
}

LAT_SR_INSTANTIATE(ConstantFitter);

} // namespace lat_sr
