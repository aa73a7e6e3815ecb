// Port values of the data: integers in least significant bits of the ports' precision, stored by column.
#pragma once

#include "base/aligned.hpp"
#include "datapath/fixed_point.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

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

    [[nodiscard]] std::size_t rows() const { return rows_; }
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
};

} // namespace lat_sr
