#include "lowering/function_values.hpp"

#include "tree/tree.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

namespace {

constexpr std::size_t sample_count = 4096;
constexpr double maximum_magnitude = 0x1p40; // results beyond saturate, so that sums and products stay within a node

} // namespace

void FunctionValues::choose(DatapathBuilder& builder, NodeId operand, const TableFunction& function) {
    function_ = function;
    const std::uint64_t identity = mix_hash(builder[operand].hash, function.identity(parts_));
    narrow(0);
    if (chosen_ == identity) {
        return;
    }
    chosen_ = identity;
    forget_cells();
    sample(builder, operand);
    truth_.resize(samples_.size());
    function.evaluate(parts_, arguments_, truth_);
    if (!kernels_.all_finite(truth_.data(), truth_.size())) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < samples_.size(); ++i) {
            if (std::isfinite(truth_[i])) {
                samples_[kept] = samples_[i];
                truth_[kept] = truth_[i];
                ++kept;
            }
        }
        samples_.resize(kept);
        truth_.resize(kept);
    }
    if (!truth_.empty()) {
        kernels_.range(truth_.data(), truth_.size(), lowest_, highest_);
    }
    kernels_.clip(truth_.data(), -maximum_magnitude, maximum_magnitude, truth_.size());
}

bool FunctionValues::choose_ends(DatapathBuilder& builder, NodeId operand, const TableFunction& function) {
    const Interval range = builder.seen(operand);
    const double unit = std::ldexp(1.0, -builder[operand].fraction);
    std::vector<double> arguments;
    for (const std::int64_t end : {range.low, std::int64_t{-1}, std::int64_t{1}, range.high}) {
        if (range.low <= end && end <= range.high && end != 0) {
            arguments.push_back(static_cast<double>(end) * unit);
        }
    }
    std::vector<double> values(arguments.size());
    function.evaluate(parts_, arguments, values);
    std::erase_if(values, [](double value) { return !std::isfinite(value); });
    if (values.empty()) {
        return false;
    }
    const auto [low, high] = std::ranges::minmax(values);
    lowest_ = low;
    highest_ = high;
    chosen_.reset();
    return true;
}

void FunctionValues::narrow(int bits) {
    if (narrowed_ != bits) {
        narrowed_ = bits;
        forget_cells();
    }
}

void FunctionValues::forget_cells() {
    for (auto& of_point : cells_) {
        for (std::vector<double>& values : of_point) {
            values.clear();
        }
    }
}

std::array<double, 2> FunctionValues::ends(double low, double high) {
    const std::array<double, 2> arguments{low, high};
    std::array<double, 2> values{};
    function_.evaluate(parts_, arguments, values);
    kernels_.clip(values.data(), -maximum_magnitude, maximum_magnitude, values.size());
    return values;
}

void FunctionValues::sample(DatapathBuilder& builder, NodeId operand) {
    builder.sample(operand, std::max<std::size_t>(1, builder.rows() / sample_count), samples_);
    arguments_.resize(samples_.size());
    kernels_.convert(samples_.data(), std::ldexp(1.0, -builder[operand].fraction), arguments_.data(), samples_.size());
}

std::span<const double> FunctionValues::cells(CellPoint point, int bits, double first, double size) {
    std::vector<double>& values = cells_[static_cast<std::size_t>(point)][static_cast<std::size_t>(bits)];
    if (values.empty()) {
        values.resize((std::size_t{1} << static_cast<unsigned>(bits)) + (point == CellPoint::end ? 1 : 0));
        arguments_.resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            arguments_[i] = first + static_cast<double>(static_cast<std::int32_t>(i)) * size;
        }
        function_.evaluate(parts_, arguments_, values);
        kernels_.clip(values.data(), -maximum_magnitude, maximum_magnitude, values.size());
    }
    return values;
}

} // namespace lat_sr
