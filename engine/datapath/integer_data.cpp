#include "datapath/integer_data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace lat_sr {

FixedFormat fixed_format(int width, int integer, bool is_signed, Quantization quantization, Overflow overflow) {
    const int magnitude_bits = width - (is_signed ? 1 : 0);
    const auto bound = static_cast<std::int64_t>(std::uint64_t{1} << std::clamp(magnitude_bits, 0, 62));
    const std::int64_t lowest = overflow == Overflow::sat_sym ? 1 - bound : -bound;
    return {.width = width,
            .fraction = width - integer,
            .is_signed = is_signed,
            .quantization = quantization,
            .overflow = overflow,
            .low = is_signed ? lowest : 0,
            .high = bound - 1};
}

std::int64_t quantised(const FixedFormat& format, double value) {
    constexpr int mantissa_bits = std::numeric_limits<double>::digits;
    int exponent = 0;
    const double mantissa = std::frexp(value, &exponent);
    return cast_to(format, static_cast<std::int64_t>(std::ldexp(mantissa, mantissa_bits)), mantissa_bits - exponent);
}

IntegerData::IntegerData(const FixedFormat& format, std::size_t values, std::size_t inputs)
    : format_(format), inputs_(inputs), rows_(inputs == 0 ? 0 : values / inputs),
      stride_((rows_ + pad - 1) / pad * pad), columns_(stride_ * inputs) {
    if (rows_ == 0) {
        throw std::invalid_argument("the data have no rows or no columns; at least one of each is needed");
    }
}

IntegerData::IntegerData(const FixedFormat& format, std::vector<Interval> ranges)
    : format_(format), inputs_(ranges.size()), rows_(0), stride_(0), ranges_(std::move(ranges)) {}

template <class T, class Convert> void IntegerData::fill(std::span<const T> X, Convert convert) {
    for (std::size_t row = 0; row < rows_; ++row) {
        for (std::size_t input = 0; input < inputs_; ++input) {
            columns_[input * stride_ + row] = convert(X[row * inputs_ + input]);
        }
    }
}

IntegerData::IntegerData(const FixedFormat& format, std::span<const std::int64_t> X, std::size_t inputs)
    : IntegerData(format, X.size(), inputs) {
    fill(X, [&format](std::int64_t value) {
        if (value < format.low || value > format.high) {
            throw std::invalid_argument("a port value lies outside of the ports' format; quantise the data first");
        }
        return value;
    });
}

IntegerData::IntegerData(const FixedFormat& format, std::span<const double> X, std::size_t inputs)
    : IntegerData(format, X.size(), inputs) {
    fill(X, [&format](double value) {
        if (!std::isfinite(value)) {
            throw std::invalid_argument("the data hold NaN or infinity; a fixed-point format holds finite values only");
        }
        return quantised(format, value);
    });
}

} // namespace lat_sr
