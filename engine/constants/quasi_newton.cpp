#include "constants/quasi_newton.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>

namespace lat_sr {

namespace {

double dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

} // namespace

void QuasiNewton::reset(std::size_t size) {
    size_ = size;
    scaled_ = false;
    inverse_.assign(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i) {
        inverse_[i * size + i] = 1.0;
    }
}

void QuasiNewton::multiply(std::span<const double> vector, std::vector<double>& result) const {
    result.resize(size_);
    for (std::size_t i = 0; i < size_; ++i) {
        result[i] = dot(std::span(inverse_).subspan(i * size_, size_), vector);
    }
}

void QuasiNewton::direction(std::span<const double> gradient, std::vector<double>& result) {
    multiply(gradient, result);
    if (!(dot(result, gradient) > 0.0)) {
        reset(size_);
        result.assign(gradient.begin(), gradient.end());
    }
    std::ranges::transform(result, result.begin(), std::negate<>());
}

void QuasiNewton::update(std::span<const double> step, std::span<const double> gradient_change) {
    const double curvature = dot(step, gradient_change);
    const double change = dot(gradient_change, gradient_change);
    if (!(curvature > std::numeric_limits<double>::epsilon() * change)) {
        return;
    }
    if (!scaled_) {
        // The first step tells the size of the inverse Hessian (Nocedal & Wright, Numerical Optimization, eq. 6.20).
        for (double& value : inverse_) {
            value *= curvature / change;
        }
        scaled_ = true;
    }
    multiply(gradient_change, product_);
    const double factor = (1.0 + dot(gradient_change, product_) / curvature) / curvature;
    for (std::size_t i = 0; i < size_; ++i) {
        for (std::size_t j = 0; j < size_; ++j) {
            inverse_[i * size_ + j] +=
                factor * step[i] * step[j] - (product_[i] * step[j] + step[i] * product_[j]) / curvature;
        }
    }
}

} // namespace lat_sr
