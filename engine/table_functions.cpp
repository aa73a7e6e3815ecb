#include "table_functions.hpp"

#include "pairwise_sum.hpp"
#include "tree.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lat_sr {

namespace {

constexpr double maximum_magnitude = 0x1p40; // results beyond saturate, so that sums and products stay within a node
constexpr std::size_t sample_count = 4096;

// Two's complement arithmetic on the bits is the matter of this part.
// NOLINTBEGIN(bugprone-signed-bitwise)

double power_of_two(int exponent) { return std::ldexp(1.0, exponent); }

double clipped(double value, double low, double high) { return value < low ? low : value > high ? high : value; }

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

double largest_magnitude(std::span<const double> values) {
    double largest = 0.0;
    for (const double value : values) {
        largest = std::max(largest, std::fabs(value));
    }
    return largest;
}

void round_entries(std::span<const double> values, int fraction, std::vector<std::int32_t>& entries) {
    const double scale = power_of_two(fraction);
    entries.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        entries[i] = static_cast<std::int32_t>(std::nearbyint(values[i] * scale));
    }
}

// Fills the gaps between defined values with the nearest of them, ties decided as numpy.interp and round do.
void fill_gaps(std::span<const std::size_t> defined, std::vector<double>& values) {
    const auto fill = [&](std::size_t begin, std::size_t end, double value) {
        std::fill(values.begin() + static_cast<std::ptrdiff_t>(begin),
                  values.begin() + static_cast<std::ptrdiff_t>(end), value);
    };
    fill(0, defined.front(), values[defined.front()]);
    fill(defined.back() + 1, values.size(), values[defined.back()]);
    for (std::size_t k = 0; k + 1 < defined.size(); ++k) {
        const std::size_t begin = defined[k];
        const std::size_t end = defined[k + 1];
        const double slope = 1.0 / static_cast<double>(end - begin);
        const double low = values[begin];
        const double high = values[end];
        const auto number = static_cast<double>(k);
        for (std::size_t i = begin + 1; i < end; ++i) {
            const double position = slope * static_cast<double>(i - begin) + number;
            values[i] = std::nearbyint(position) == number ? low : high;
        }
    }
}

} // namespace

std::uint64_t TableFunctions::identity(NodeId operand, const TableFunction& function, const TableStyle& style,
                                       bool required) const {
    std::uint64_t hash = mix_hash(builder_[operand].hash, static_cast<std::uint64_t>(style.implementation));
    hash = mix_hash(hash, bits_of(style.tolerance));
    hash = mix_hash(hash, static_cast<std::uint64_t>(style.fraction));
    hash = mix_hash(hash, static_cast<std::uint64_t>(style.guard) * 2 + (required ? 1 : 0));
    if (function.name.part != TableName::no_part) {
        return mix_hash(hash, parts_[function.name.part].hash);
    }
    const AffineFunction& affine = function.affine;
    hash = mix_hash(hash, affine.identity);
    for (const double parameter : {affine.argument_scale, affine.argument_offset, affine.offset, affine.scale}) {
        hash = mix_hash(hash, bits_of(parameter));
    }
    return hash;
}

const TableFunctions::SharedPlan* TableFunctions::remembered(std::uint64_t identity) {
    if (const auto found = newer_.find(identity); found != newer_.end()) {
        return &found->second;
    }
    if (const auto found = older_.find(identity); found != older_.end()) {
        const SharedPlan plan = found->second;
        remember(identity, plan);
        return &newer_.find(identity)->second;
    }
    return nullptr;
}

void TableFunctions::remember(std::uint64_t identity, const SharedPlan& plan) {
    const std::size_t size = plan == nullptr ? sizeof(Plan) : plan->size();
    if (memory_ + size > memory_limit) {
        older_ = std::move(newer_);
        newer_.clear();
        memory_ = 0;
    }
    newer_.emplace(identity, plan);
    memory_ += size;
}

std::optional<NodeId> TableFunctions::lookup(NodeId operand, const TableFunction& function, const TableStyle& style,
                                             bool required) {
    if (builder_.refused()) {
        return builder_.refuse(builder_.refusal());
    }
    const std::uint64_t key = identity(operand, function, style, required);
    if (const SharedPlan* known = remembered(key)) {
        return *known == nullptr ? std::nullopt : std::optional(emit(operand, function, **known));
    }
    const std::shared_ptr<Plan> plan = make_plan(operand, function, style, required);
    if (builder_.refused()) {
        return 0;
    }
    if (plan != nullptr) {
        plan->identity = key;
    }
    remember(key, plan);
    return plan == nullptr ? std::nullopt : std::optional(emit(operand, function, *plan));
}

TableFunctions::Covering TableFunctions::covering(NodeId operand) {
    const Interval seen = builder_.seen(operand);
    const int width = interval_width({seen.low, std::max<std::int64_t>(seen.high, 0)});
    return {.seen = seen, .width = width, .integer = width - builder_[operand].fraction, .is_signed = seen.low < 0};
}

std::shared_ptr<TableFunctions::Plan> TableFunctions::make_plan(NodeId operand, const TableFunction& function,
                                                                const TableStyle& style, bool required) {
    const Covering format = covering(operand);
    const double unit = power_of_two(-builder_[operand].fraction);
    const double limit = std::pow(style.tolerance * power_of_two(-style.fraction), 2.0);
    sample_truth(operand, function);
    auto plan = std::make_shared<Plan>();
    for (int index_bits = std::min(3, format.width); index_bits <= std::min(format.width, maximum_index_bits);
         ++index_bits) {
        const bool made = style.implementation == Implementation::interp
                              ? make_interpolated(format, function, unit, index_bits, style, *plan)
                              : make_direct(format, function, unit, index_bits, style, *plan);
        if (!made) {
            builder_.refuse(Refusal::function_undefined);
            return nullptr;
        }
        if (samples_.empty()) {
            break;
        }
        if (within_tolerance(format, *plan, limit)) {
            return plan;
        }
    }
    return required ? plan : nullptr;
}

void TableFunctions::evaluate(const TableFunction& function, std::span<const double> x, std::vector<double>& out) {
    out.resize(x.size());
    if (function.name.part != TableName::no_part) {
        parts_.evaluate(function.name.part, x, out);
        return;
    }
    const AffineFunction& f = function.affine;
    for (std::size_t i = 0; i < x.size(); ++i) {
        out[i] = f.scale * (f.function(f.argument_scale * x[i] + f.argument_offset) + f.offset);
    }
}

void TableFunctions::sample(NodeId operand) {
    const IntegerColumn column = builder_.values(operand);
    const std::size_t rows = builder_.rows();
    const std::size_t step = std::max<std::size_t>(1, rows / sample_count);
    const double unit = power_of_two(-builder_[operand].fraction);
    samples_.clear();
    arguments_.clear();
    for (std::size_t row = 0; row < rows; row += step) {
        const std::int64_t value = column.values == nullptr ? column.constant : column.values[row];
        samples_.push_back(value);
        arguments_.push_back(static_cast<double>(value) * unit);
    }
}

void TableFunctions::sample_truth(NodeId operand, const TableFunction& function) {
    sample(operand);
    evaluate(function, arguments_, truth_);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        if (std::isfinite(truth_[i])) {
            samples_[kept] = samples_[i];
            truth_[kept] = clipped(truth_[i], -maximum_magnitude, maximum_magnitude);
            ++kept;
        }
    }
    samples_.resize(kept);
    truth_.resize(kept);
}

std::optional<std::pair<double, double>> TableFunctions::range(NodeId operand, const AffineFunction& function) {
    sample(operand);
    evaluate(TableFunction::of({}, function), arguments_, truth_);
    std::erase_if(truth_, [](double value) { return !std::isfinite(value); });
    if (truth_.empty()) {
        return std::nullopt;
    }
    const auto [low, high] = std::ranges::minmax(truth_);
    return std::pair(low, high);
}

// Values at `count` arguments from `first` on; false if none is defined. Outside of the domain the nearest one stands
// in.
bool TableFunctions::evaluate_cells(const TableFunction& function, double first, double step, std::size_t count,
                                    std::vector<double>& out) {
    arguments_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        arguments_[i] = first + static_cast<double>(i) * step;
    }
    evaluate(function, arguments_, out);
    defined_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        if (!std::isnan(out[i])) {
            out[i] = clipped(out[i], -maximum_magnitude, maximum_magnitude);
            defined_.push_back(i);
        }
    }
    if (defined_.empty()) {
        return false;
    }
    if (defined_.size() < count) {
        fill_gaps(defined_, out);
    }
    return true;
}

// Clips entries that no seen argument reaches to the range of those that one does; gives the result's fraction.
int TableFunctions::fit_seen_range(const Covering& covering, int drop, const TableStyle& style,
                                   std::vector<double>& values) const {
    const std::int64_t first = covering.first() >> drop;
    const auto begin = values.begin() + ((covering.seen.low >> drop) - first);
    const auto end = values.begin() + ((covering.seen.high >> drop) - first) + 1;
    const auto [low, high] = std::minmax_element(begin, end);
    const double least = *low;
    const double most = *high;
    const double magnitude = std::max({std::fabs(least), std::fabs(most), power_of_two(-style.result_fraction())});
    for (double& value : values) {
        value = clipped(value, least, most);
    }
    return std::min(style.result_fraction(),
                    maximum_result_bits - 2 - static_cast<int>(std::floor(std::log2(magnitude))));
}

bool TableFunctions::make_direct(const Covering& covering, const TableFunction& function, double unit, int index_bits,
                                 const TableStyle& style, Plan& plan) {
    const int drop = covering.width - index_bits;
    const double step = power_of_two(drop);
    const auto first = static_cast<double>(covering.first());
    // A truncated index stands for the cell [c, c + 2^drop - 1] of operand integers: its entry is taken at the middle.
    if (!evaluate_cells(function, (first + (step - 1.0) / 2) * unit, step * unit, std::size_t{1} << index_bits,
                        left_)) {
        return false;
    }
    const int fraction = fit_seen_range(covering, drop, style, left_);
    plan.interpolated = false;
    plan.coarse = 0;
    plan.drop = drop;
    plan.values.fraction = fraction;
    plan.slopes.values.clear();
    round_entries(left_, fraction, plan.values.values);
    return true;
}

bool TableFunctions::make_interpolated(const Covering& covering, const TableFunction& function, double unit,
                                       int index_bits, const TableStyle& style, Plan& plan) {
    const int coarse = std::max(0, covering.width - interpolation_argument_bits);
    const int drop = covering.width - coarse - index_bits;
    if (drop <= 0) {
        return make_direct(covering, function, unit, index_bits, style, plan);
    }
    const std::size_t count = std::size_t{1} << index_bits;
    const double steps = power_of_two(drop);
    const double cell = steps * power_of_two(coarse) * unit;
    const double first = static_cast<double>(covering.first()) * unit;
    // The cells' right ends are the next cells' left ends; the last one lies beyond the range.
    if (!evaluate_cells(function, first, cell, count, left_) ||
        !evaluate_cells(function, first + cell, cell, count, right_) ||
        !evaluate_cells(function, first + cell / 2, cell, count, middle_)) {
        return false;
    }
    scaled_ = left_;
    const int fraction = fit_seen_range(covering, coarse + drop, style, scaled_);
    // A cell at the end of the range may reach values far beyond it, which would cost the slopes their precision.
    const double far = 8 * largest_magnitude(scaled_);
    slopes_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_inside = left_[i] == scaled_[i];
        const double right = clipped(right_[i], -far, far);
        const double middle = clipped(middle_[i], -far, far);
        slopes_[i] = is_inside ? (right - left_[i]) / steps : 0.0;
        // The chord errs to one side only: half of its largest deviation centres the error.
        scaled_[i] += is_inside ? (middle - (left_[i] + right) / 2) / 2 : 0.0;
        // Half of the result's last bit turns the truncating cast of the sum into rounding to nearest.
        scaled_[i] += power_of_two(-(fraction + 1));
    }
    int slope_fraction = fraction + 1 + drop;
    if (const double widest = largest_magnitude(slopes_); widest > 0) {
        slope_fraction =
            std::min(slope_fraction, interpolation_argument_bits - 2 - static_cast<int>(std::floor(std::log2(widest))));
    }
    plan.interpolated = true;
    plan.coarse = coarse;
    plan.drop = drop;
    plan.result_fraction = fraction;
    plan.values.fraction = fraction + 2;
    plan.slopes.fraction = slope_fraction;
    round_entries(scaled_, plan.values.fraction, plan.values.values);
    round_entries(slopes_, plan.slopes.fraction, plan.slopes.values);
    return true;
}

bool TableFunctions::within_tolerance(const Covering& covering, const Plan& plan, double limit) {
    constexpr std::size_t block = 256;
    const std::size_t count = samples_.size();
    // A sum beyond this is beyond the limit in any order of summation.
    const double enough = limit * static_cast<double>(count) * (1.0 + 1e-9);
    const double value_unit = power_of_two(-plan.values.fraction);
    const std::int32_t* values = plan.values.values.data();
    errors_.resize(count);
    double sum = 0.0;
    for (std::size_t begin = 0; begin < count; begin += block) {
        const std::size_t end = std::min(begin + block, count);
        if (plan.interpolated) {
            const int coarse = plan.coarse;
            const int drop = plan.drop;
            const std::int64_t first = covering.first() >> (coarse + drop);
            const std::int64_t mask = (std::int64_t{1} << drop) - 1;
            const double slope_unit = power_of_two(-plan.slopes.fraction);
            const double result_scale = power_of_two(plan.result_fraction);
            const double result_unit = power_of_two(-plan.result_fraction);
            const std::int32_t* slopes = plan.slopes.values.data();
            for (std::size_t i = begin; i < end; ++i) {
                const std::int64_t argument = samples_[i] >> coarse;
                const std::int64_t index = (argument >> drop) - first;
                const double value = values[index] * value_unit;
                const double slope = slopes[index] * slope_unit;
                const double result =
                    std::floor((value + slope * static_cast<double>(argument & mask)) * result_scale) * result_unit;
                errors_[i] = (result - truth_[i]) * (result - truth_[i]);
            }
        } else {
            const std::int64_t first = covering.first() >> plan.drop;
            for (std::size_t i = begin; i < end; ++i) {
                const double error = values[(samples_[i] >> plan.drop) - first] * value_unit - truth_[i];
                errors_[i] = error * error;
            }
        }
        sum += pairwise_sum(errors_.data() + begin, end - begin);
        if (sum > enough) {
            return false;
        }
    }
    return pairwise_sum(errors_.data(), count) / static_cast<double>(count) <= limit;
}

NodeId TableFunctions::emit(NodeId operand, const TableFunction& function, const Plan& plan) {
    const Covering format = covering(operand);
    const NodeId argument = cast_to_covering(operand, format, plan.interpolated ? plan.coarse : plan.drop);
    if (!plan.interpolated) {
        return lookup_part(argument, function.name, plan.values, plan.identity, format, plan.drop);
    }
    const int fraction = builder_[argument].fraction;
    const int kept = format.width - plan.coarse;
    const NodeId index = builder_.cast(argument, fixed_format(kept - plan.drop, format.integer, format.is_signed));
    const NodeId rest = builder_.slice(argument, plan.drop, plan.drop - fraction);
    const int index_drop = plan.coarse + plan.drop;
    TableName name = function.name;
    name.suffix = " values";
    const NodeId value = lookup_part(index, name, plan.values, mix_hash(plan.identity, 1), format, index_drop);
    name.suffix = " slopes";
    const NodeId slope = lookup_part(index, name, plan.slopes, mix_hash(plan.identity, 2), format, index_drop);
    // The slope counts per step of the argument, so the rest is taken as an integer.
    const NodeId steps = builder_.scale(rest, 1.0, -fraction);
    const NodeId total = builder_.add(value, builder_.multiply(slope, steps));
    const int integer = std::max(builder_[total].integer(), 1 - plan.result_fraction);
    return builder_.cast(total, fixed_format(integer + plan.result_fraction, integer, builder_[total].is_signed()));
}

NodeId TableFunctions::cast_to_covering(NodeId operand, const Covering& covering, int drop) {
    return builder_.cast(operand, fixed_format(covering.width - drop, covering.integer, covering.is_signed,
                                               Quantization::trn, Overflow::sat));
}

// Looks up in a table that covers the whole index format, cut to the bounds of the index node.
NodeId TableFunctions::lookup_part(NodeId index, const TableName& name, const Entries& entries, std::uint64_t identity,
                                   const Covering& covering, int drop) {
    if (builder_.refused()) {
        return 0;
    }
    const std::int64_t first = covering.first() >> drop;
    const Interval bounds = builder_[index].bounds;
    const auto part = std::span(entries.values)
                          .subspan(static_cast<std::size_t>(bounds.low - first),
                                   static_cast<std::size_t>(bounds.high - bounds.low) + 1);
    if (std::ranges::all_of(part, [&](std::int32_t entry) { return entry == part.front(); })) {
        return builder_.constant(part.front(), entries.fraction);
    }
    return builder_.lookup(index, name, part, entries.fraction, identity);
}

// NOLINTEND(bugprone-signed-bitwise)

} // namespace lat_sr
