// Pairwise summation in the order of numpy.sum, so that a mean equals numpy's to the last bit.
#pragma once

#include <array>
#include <cstddef>

namespace lat_sr {

inline double pairwise_sum(const double* values, std::size_t count) {
    constexpr std::size_t lanes = 8;
    constexpr std::size_t block = 128;
    if (count < lanes) {
        double sum = -0.0;
        for (std::size_t i = 0; i < count; ++i) {
            sum += values[i];
        }
        return sum;
    }
    if (count > block) {
        std::size_t half = count / 2;
        half -= half % lanes;
        return pairwise_sum(values, half) + pairwise_sum(values + half, count - half);
    }
    std::array<double, lanes> sums{};
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        sums[lane] = values[lane];
    }
    std::size_t i = lanes;
    for (; i < count - count % lanes; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            sums[lane] += values[i + lane];
        }
    }
    double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
    for (; i < count; ++i) {
        sum += values[i];
    }
    return sum;
}

} // namespace lat_sr
