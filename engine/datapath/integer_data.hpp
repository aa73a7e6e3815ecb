// Port values of the data: integers in least significant bits of the ports' precision, stored by column. Or, where
// there are no data, the ranges of the ports.
#pragma once

#include "base/aligned.hpp"
#include "datapath/fixed_point.hpp"
#include "datapath/interval.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// ap_fixed or ap_ufixed; `integer` counts the sign bit.
[[nodiscard]] FixedFormat fixed_format(int width, int integer, bool is_signed,
                                       Quantization quantization = Quantization::trn,
                                       Overflow overflow = Overflow::wrap);

// A finite real value in the format; the definition is Precision.from_float.
[[nodiscard]] std::int64_t quantised(const FixedFormat& format, double value);

class IntegerData {
public:
    // X is row-major with `inputs` columns. Throws std::invalid_argument without rows, and for values that the format
    // does not hold.
    IntegerData(const FixedFormat& format, std::span<const std::int64_t> X, std::size_t inputs);
    // Quantises; throws std::invalid_argument without rows, and for values that are not finite.
    IntegerData(const FixedFormat& format, std::span<const double> X, std::size_t inputs);

    // Without data: the range of each port.
    IntegerData(const FixedFormat& format, std::vector<Interval> ranges);

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] bool is_ranges() const { return rows_ == 0; }
    [[nodiscard]] Interval range(std::size_t input) const { return ranges_[input]; }
    [[nodiscard]] std::size_t inputs() const { return inputs_; }
    [[nodiscard]] const FixedFormat& format() const { return format_; }
    [[nodiscard]] const std::int64_t* column(std::size_t input) const { return columns_.data() + input * stride_; }

private:
    static constexpr std::size_t pad = cache_line / sizeof(std::int64_t);

    IntegerData(const FixedFormat& format, std::size_t values, std::size_t inputs);
    template <class T, class Convert> void fill(std::span<const T> X, Convert convert);

    FixedFormat format_;
    std::size_t inputs_;
    std::size_t rows_;
    std::size_t stride_;
    AlignedVector<std::int64_t> columns_;
    std::vector<Interval> ranges_; // without data
};

} // namespace lat_sr
