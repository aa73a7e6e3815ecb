// Broyden, Fletcher, Goldfarb and Shanno's approximation of an inverse Hessian.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

class QuasiNewton {
public:
    // Back to the identity.
    void reset(std::size_t size);
    // Downhill, or along the negative gradient if the approximation has lost its way.
    void direction(std::span<const double> gradient, std::vector<double>& result);
    // After a step that changed the gradient so; left out where the curvature along it is not positive.
    void update(std::span<const double> step, std::span<const double> gradient_change);

private:
    void multiply(std::span<const double> vector, std::vector<double>& result) const;

    std::size_t size_ = 0;
    bool scaled_ = false;
    std::vector<double> inverse_; // row-major, symmetric
    std::vector<double> product_;
};

} // namespace lat_sr
