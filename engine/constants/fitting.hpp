// Fits the constants of a tree.
#pragma once

#include "constants/quasi_newton.hpp"
#include "constants/tied_constants.hpp"
#include "evaluation/evaluation.hpp"

#include <optional>
#include <vector>

namespace lat_sr {

// Gauss and Newton's takes Levenberg and Marquardt's damped steps; for losses that are not least squares, the curvature
// of each row's loss stands in the place of the squared residual's.
enum class FitMethod : unsigned char { gauss_newton, bfgs };

// The better one of each loss, as benchmarks/search/constant_fitting.py measures them.
FitMethod best_method(const Objective& objective);

template <class T> class ConstantFitter {
public:
    explicit ConstantFitter(Evaluator<T>& evaluator) : evaluator_(evaluator) {}

    // At most `steps` accepted or refused steps on the range's rows. The loss there never gets worse; it is returned.
    double fit(Tree& tree, RowRange range, int steps, std::optional<FitMethod> method = std::nullopt);
    // Of the constants in outputs that differ from those of `before`.
    double fit_changes(Tree& tree, const Tree& before, RowRange range, int steps);
    // Fits scale and offset of a scaled tree only: exactly for least squares, else by a few steps.
    double fit_scaling(Tree& tree, RowRange range);

private:
    // All fit the values of `constants_`.
    double fit_chosen(Tree& tree, RowRange range, int steps, FitMethod method);
    double gauss_newton(Tree& tree, RowRange range, int steps, double damping);
    double bfgs(Tree& tree, RowRange range, int steps);
    // By the values of the constants.
    bool differentiate(const Tree& tree, RowRange range, Order order);
    bool solve(double damping);
    // Puts start + factor * step into the tree.
    void move(Tree& tree, double factor);
    void keep_start(const Tree& tree);

    Evaluator<T>& evaluator_;
    TiedConstants constants_;
    std::vector<double> start_;
    std::vector<double> step_;
    std::vector<double> factor_; // Cholesky
    std::vector<double> gradient_;
    QuasiNewton quasi_newton_;
    Derivatives derivatives_;
    Derivatives by_value_; // of tied constants
};

extern template class ConstantFitter<float>;
extern template class ConstantFitter<double>;

} // namespace lat_sr
