#include "evaluation/user_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lat_sr {

namespace {

double largest_magnitude(std::span<const double> values) {
    double largest = 0.0;
    for (const double value : values) {
        largest = std::max(largest, std::fabs(value));
    }
    return largest;
}

// Along `tangent`, by a central difference: the tape gives the tangent exactly, so that only the loss is differenced,
// and that in double precision even where the tape is in single.
double difference(const UserLoss& loss, const LossRows& rows, std::span<const double> tangent) {
    const double steepest = largest_magnitude(tangent);
    if (steepest == 0.0) {
        return 0.0;
    }
    const double relative = std::cbrt(std::numeric_limits<double>::epsilon());
    const double step = relative * std::max(1.0, largest_magnitude(rows.predictions)) / steepest;
    std::vector<double> moved(rows.predictions.size());
    const auto loss_at = [&](double distance) {
        std::ranges::transform(rows.predictions, tangent, moved.begin(),
                               [=](double value, double slope) { return value + distance * slope; });
        return loss.loss({.targets = rows.targets, .predictions = moved, .weights = rows.weights});
    };
    return (loss_at(step) - loss_at(-step)) / (2.0 * step);
}

} // namespace

void user_gradient(const UserLoss& loss, const LossRows& rows, std::span<const double> tangents,
                   std::vector<double>& gradient) {
    const std::size_t count = rows.predictions.size();
    const std::vector<double> by_row = loss.gradient(rows);
    for (std::size_t j = 0; j < gradient.size(); ++j) {
        const std::span<const double> tangent = tangents.subspan(j * count, count);
        gradient[j] = by_row.empty() ? difference(loss, rows, tangent)
                                     : std::inner_product(by_row.begin(), by_row.end(), tangent.begin(), 0.0);
    }
}

} // namespace lat_sr
