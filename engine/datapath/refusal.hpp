// Why a formula cannot be put into fixed point.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lat_sr {

enum class Refusal : std::uint8_t {
    none,
    constant_not_finite,
    constant_too_wide,
    factor_too_wide,
    value_too_wide,
    format_out_of_range,
    divisor_zero_or_infinite,
    exponent_not_whole,
    function_undefined,
    exponential_too_large,
    table_unusable,
};
inline constexpr std::array<std::string_view, 11> refusal_texts{
    "none",
    "a constant is not finite",
    "a constant needs too many bits",
    "a factor leaves no bits for its operand",
    "a value needs too many bits",
    "a format is out of range",
    "division by zero or infinity",
    "the exponent of a power is not a whole number",
    "a function has no finite value on the range of its argument",
    "exp of values that no table holds",
    "a stated table cannot be used",
};

// With what a sentence about it names.
struct RefusalDetails {
    Refusal reason = Refusal::none;
    std::uint32_t label = 0; // part of the formula, as DatapathBuilder::set_label was told
    double value = 0.0;      // of the constant, divisor or argument that is refused; integer bits of a format
    int bits = 0;            // that would be needed
};

[[nodiscard]] constexpr std::string_view text_of(Refusal refusal) {
    return refusal_texts[static_cast<std::size_t>(refusal)];
}

} // namespace lat_sr
