#include "lowering/table_plan.hpp"

#include "base/octaves.hpp"
#include "base/pairwise_sum.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

namespace {

constexpr int fewest_index_bits = 3;
constexpr int lut_inputs = 6; // of the look-up tables of UltraScale+

double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }

// Puts the nearest number in the place of NaN, ties decided as numpy.interp and round do; false if there is no number.
bool fill_gaps(std::vector<double>& values) {
    const auto at = [&](std::size_t i) { return values.begin() + static_cast<std::ptrdiff_t>(i); };
    std::size_t numbers = 0; // up to and with the last one
    std::size_t last = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::isnan(values[i])) {
            continue;
        }
        if (numbers == 0) {
            std::fill(at(0), at(i), values[i]);
        } else if (i > last + 1) {
            const double slope = 1.0 / static_cast<double>(i - last);
            const double rank = static_cast<double>(numbers) - 1.0;
            for (std::size_t gap = last + 1; gap < i; ++gap) {
                const double position = slope * static_cast<double>(gap - last) + rank;
                values[gap] = values[std::nearbyint(position) == rank ? last : i];
            }
        }
        last = i;
        ++numbers;
    }
    std::fill(at(last), values.end(), values[last]);
    return numbers > 0;
}

} // namespace

std::int64_t Covering::first(int drop) const {
    return is_signed ? -static_cast<std::int64_t>(std::uint64_t{1} << static_cast<unsigned>(width - 1 - drop)) : 0;
}

Covering Covering::narrowed(int bits) const {
    const std::int64_t lowest = first(bits);
    const std::int64_t highest = lowest + (std::int64_t{1} << (width - bits)) - 1;
    return {.seen = {std::clamp(seen.low, lowest, highest), std::clamp(seen.high, lowest, highest)},
            .width = width - bits,
            .integer = integer - bits,
            .is_signed = is_signed};
}

Covering covering(DatapathBuilder& builder, NodeId node) {
    const Interval seen = builder.seen(node);
    const int width = interval_width({seen.low, std::max<std::int64_t>(seen.high, 0)});
    return {.seen = seen, .width = width, .integer = width - builder[node].fraction, .is_signed = seen.low < 0};
}

std::shared_ptr<const TablePlan> TablePlanner::operator()(NodeId operand, const TableFunction& function,
                                                          const TableStyle& style, bool required) {
    const Covering format = covering(builder_, operand);
    const double unit = power_of_two(-builder_[operand].fraction);
    const double tolerance = style.tolerance * power_of_two(-style.fraction);
    const double limit = tolerance * tolerance;
    values_.choose(builder_, operand, function);
    const auto plan = std::make_shared<TablePlan>();
    // All of the range while one look-up table holds a bit of the output, then less of it.
    bool is_within = smallest(format, unit, std::min(fewest_index_bits, format.width), lut_inputs, style, limit, *plan);
    if (!is_within && !builder_.refused() && !values_.samples().empty()) {
        plan->narrowing = narrowing(format, unit, limit);
        values_.narrow(plan->narrowing);
        const Covering kept = format.narrowed(plan->narrowing);
        const int fewest = plan->narrowing == 0 ? lut_inputs + 1 : std::min(fewest_index_bits, kept.width);
        is_within = smallest(kept, unit, fewest, maximum_index_bits, style, limit, *plan);
    }
    return !builder_.refused() && (is_within || required) ? plan : nullptr;
}

// Whether a table with so many index bits is within the limit; the plan is then the smallest, otherwise the largest.
bool TablePlanner::smallest(const Covering& covering, double unit, int fewest, int most, const TableStyle& style,
                            double limit, TablePlan& plan) {
    const std::span<const std::int64_t> samples = values_.samples();
    arguments_.resize(samples.size());
    std::ranges::transform(samples, arguments_.begin(), [&](std::int64_t sample) {
        return std::clamp(sample, covering.seen.low, covering.seen.high);
    });
    const bool interpolates = style.implementation == Implementation::interp;
    for (int index_bits = fewest; index_bits <= std::min(covering.width, most); ++index_bits) {
        const bool made = interpolates ? interpolated(covering, unit, index_bits, style, plan)
                                       : direct(covering, unit, index_bits, style, plan);
        if (!made) {
            builder_.refuse(Refusal::function_undefined);
            return false;
        }
        if (samples.empty()) {
            return false;
        }
        if (within_tolerance(covering, plan, limit)) {
            return true;
        }
    }
    return false;
}

// Highest bits that the format can do without: saturation makes no more than a quarter of the error allowed.
int TablePlanner::narrowing(const Covering& covering, double unit, double limit) {
    const std::span<const std::int64_t> samples = values_.samples();
    const std::span<const double> truth = values_.truth();
    errors_.resize(samples.size());
    int bits = 0;
    for (; covering.width - bits > fewest_index_bits; ++bits) {
        const Interval kept = covering.narrowed(bits + 1).seen;
        const auto [below, above] =
            values_.ends(static_cast<double>(kept.low) * unit, static_cast<double>(kept.high) * unit);
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const double inside = samples[i] > kept.high ? above - truth[i] : 0.0;
            const double error = samples[i] < kept.low ? below - truth[i] : inside;
            errors_[i] = error * error;
        }
        const double mean = pairwise_sum(errors_.data(), errors_.size()) / static_cast<double>(errors_.size());
        if (!(mean <= limit / 4)) { // also where an end is outside of the domain
            break;
        }
    }
    return bits;
}

// Values in which the nearest one inside of the domain stands in outside of it; false if there is none.
bool TablePlanner::defined(std::span<const double> cells, std::vector<double>& out) const {
    out.assign(cells.begin(), cells.end());
    return kernels_.all_finite(out.data(), out.size()) || fill_gaps(out);
}

// Clips entries that no seen argument reaches to the range of those that one does; gives the result's fraction.
int TablePlanner::fit_seen_range(const Covering& covering, int drop, const TableStyle& style,
                                 std::vector<double>& values) const {
    // NOLINTBEGIN(bugprone-signed-bitwise)
    const auto begin = static_cast<std::size_t>((covering.seen.low >> drop) - covering.first(drop));
    const auto end = static_cast<std::size_t>((covering.seen.high >> drop) - covering.first(drop)) + 1;
    // NOLINTEND(bugprone-signed-bitwise)
    double low = 0.0;
    double high = 0.0;
    kernels_.range(values.data() + begin, end - begin, low, high);
    kernels_.clip(values.data(), low, high, values.size());
    const double magnitude = std::max({std::fabs(low), std::fabs(high), power_of_two(-style.result_fraction())});
    return std::min(style.result_fraction(), maximum_result_bits - 2 - floor_log2(magnitude));
}

double TablePlanner::largest_magnitude(std::span<const double> values) const {
    double low = 0.0;
    double high = 0.0;
    kernels_.range(values.data(), values.size(), low, high);
    return std::max(std::fabs(low), std::fabs(high));
}

void TablePlanner::round(std::span<const double> values, int fraction, TableEntries& entries) const {
    entries.fraction = fraction;
    entries.values.resize(values.size());
    kernels_.round(values.data(), power_of_two(fraction), entries.values.data(), values.size());
}

bool TablePlanner::direct(const Covering& covering, double unit, int index_bits, const TableStyle& style,
                          TablePlan& plan) {
    const int drop = covering.width - index_bits;
    const double size = power_of_two(drop);
    // A truncated index stands for the cell [c, c + 2^drop - 1] of operand integers: its entry is taken at the middle.
    const double first = (static_cast<double>(covering.first(0)) + (size - 1.0) / 2) * unit;
    if (!defined(values_.cells(CellPoint::middle_of_integers, index_bits, first, size * unit), results_)) {
        return false;
    }
    plan.interpolated = false;
    plan.coarse = 0;
    plan.drop = drop;
    plan.slopes.values.clear();
    const int fraction = fit_seen_range(covering, drop, style, results_);
    round(results_, fraction, plan.values);
    return true;
}

bool TablePlanner::interpolated(const Covering& covering, double unit, int index_bits, const TableStyle& style,
                                TablePlan& plan) {
    const int coarse = std::max(0, covering.width - interpolation_argument_bits);
    const int drop = covering.width - coarse - index_bits;
    if (drop <= 0) {
        return direct(covering, unit, index_bits, style, plan);
    }
    const double steps = power_of_two(drop);
    const double size = steps * power_of_two(coarse) * unit;
    const double first = static_cast<double>(covering.first(0)) * unit;
    const std::span<const double> ends = values_.cells(CellPoint::end, index_bits, first, size);
    const std::size_t count = ends.size() - 1;
    if (!defined(ends.first(count), left_) || !defined(ends.last(count), right_) ||
        !defined(values_.cells(CellPoint::middle, index_bits, first + size / 2, size), middle_)) {
        return false;
    }
    results_ = left_;
    const int fraction = fit_seen_range(covering, coarse + drop, style, results_);
    // A cell at the end of the range may reach values far beyond it, which would cost the slopes their precision.
    const double far = 8 * largest_magnitude(results_);
    kernels_.clip(right_.data(), -far, far, count);
    kernels_.clip(middle_.data(), -far, far, count);
    slopes_.resize(count);
    // Half of the result's last bit turns the truncating cast of the sum into rounding to nearest.
    const double half = power_of_two(-(fraction + 1));
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_inside = left_[i] == results_[i];
        slopes_[i] = is_inside ? (right_[i] - left_[i]) / steps : 0.0;
        // The chord errs to one side only: half of its largest deviation centres the error.
        results_[i] = (results_[i] + (is_inside ? (middle_[i] - (left_[i] + right_[i]) / 2) / 2 : 0.0)) + half;
    }
    int slope_fraction = fraction + 1 + drop;
    if (const double widest = largest_magnitude(slopes_); widest > 0) {
        const int leading = floor_log2(widest);
        slope_fraction = std::min(slope_fraction, interpolation_argument_bits - 2 - leading);
    }
    plan.interpolated = true;
    plan.coarse = coarse;
    plan.drop = drop;
    plan.result_fraction = fraction;
    round(results_, fraction + 2, plan.values);
    round(slopes_, slope_fraction, plan.slopes);
    return true;
}

bool TablePlanner::within_tolerance(const Covering& covering, const TablePlan& plan, double limit) {
    constexpr std::size_t block = 256;
    const std::size_t count = values_.samples().size();
    // A sum beyond this is beyond the limit in any order of summation.
    const double enough = limit * static_cast<double>(count) * (1.0 + 1e-9);
    const TableShape shape{.coarse = plan.coarse,
                           .drop = plan.drop,
                           .first = covering.first(plan.coarse + plan.drop),
                           .values = plan.values.values.data(),
                           .value_unit = power_of_two(-plan.values.fraction),
                           .slopes = plan.interpolated ? plan.slopes.values.data() : nullptr,
                           .slope_unit = power_of_two(-plan.slopes.fraction),
                           .result_fraction = plan.result_fraction};
    errors_.resize(count);
    double sum = 0.0;
    for (std::size_t begin = 0; begin < count; begin += block) {
        const std::size_t rows = std::min(block, count - begin);
        double* errors = errors_.data() + begin;
        kernels_.square_errors(shape, arguments_.data() + begin, values_.truth().data() + begin, errors, rows);
        sum += pairwise_sum(errors, rows);
        if (sum > enough) {
            return false;
        }
    }
    return pairwise_sum(errors_.data(), count) / static_cast<double>(count) <= limit;
}

} // namespace lat_sr
