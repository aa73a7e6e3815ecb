#include "lowering/range_reduction.hpp"

#include "base/octaves.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

namespace lat_sr {

namespace {

constexpr int log2_e_fraction = 14;   // bits of 1 / ln 2
constexpr int largest_exponents = 40; // octaves that exp may span
constexpr int largest_shift = 30;     // far beyond every format

TableStyle mantissa_style(const TableStyle& style) {
    // A mantissa lies within one octave: its result keeps the relative accuracy of a full-width word.
    return {.implementation = style.implementation,
            .tolerance = style.tolerance / 4,
            .fraction = style.fraction,
            .guard = 4};
}

// Bits of a whole number.
int bits_of(double value) { return value == 0.0 ? 0 : std::ilogb(value) + 1; }

} // namespace

bool RangeReduction::has(Op op) {
    constexpr std::array reduced{Op::exp, Op::log, Op::log2, Op::log10, Op::sqrt, Op::inverse, Op::sin, Op::cos};
    return std::ranges::find(reduced, op) != reduced.end();
}

NodeId RangeReduction::operator()(Op op, NodeId a, const TableStyle& style) {
    switch (op) {
    case Op::exp:
        return exponential(a, style);
    case Op::log:
        return logarithm(1.0, a, style);
    case Op::log2:
        return logarithm(1.0 / std::numbers::ln2, a, style);
    case Op::log10:
        return logarithm(1.0 / std::numbers::ln10, a, style);
    case Op::sqrt:
        return square_root(a, style);
    case Op::inverse:
        return reciprocal(a, style);
    default:
        return periodic(op, a, style);
    }
}

// Bits of the largest value seen, at least two.
int RangeReduction::magnitude_bits(NodeId a) {
    return std::max(interval_width({0, std::max<std::int64_t>(builder_.seen(a).high, 1)}), 2);
}

// Shifts a non-negative value left by multiples of `step` until its leading one is within the top `step` bits. Gives an
// unsigned number in [0, 1).
NodeId RangeReduction::normalised(NodeId a, int step) {
    const int fraction = builder_[a].fraction;
    int width = magnitude_bits(a);
    width += width % step == 0 ? 0 : step - width % step;
    a = builder_.cast(a, fixed_format(width, width - fraction, false, Quantization::trn, Overflow::sat));
    NodeId mantissa = builder_.scale(a, 1.0, width - fraction);
    stages_.clear();
    const NodeId one = builder_.constant(1, 0);
    const auto steps = static_cast<unsigned>(width / step - 1);
    for (int shift = step * static_cast<int>(std::max(1U, std::bit_floor(steps))); shift >= step; shift /= 2) {
        if (shift < width) {
            // The top `shift` bits are all zero where this part, counted in units of its last bit, is below one.
            const NodeId top = builder_.slice(mantissa, shift, 0);
            const NodeId condition = builder_.subtract(builder_.scale(top, 1.0, -shift), one);
            const NodeId shifted = builder_.slice(builder_.scale(mantissa, 1.0, -shift), width, 0);
            mantissa = builder_.select(condition, shifted, mantissa);
            stages_.push_back({.condition = condition, .shift = shift});
        }
    }
    return mantissa;
}

NodeId RangeReduction::table(NodeId operand, const TableFunction& function, const TableStyle& style) {
    return tables_.lookup(operand, function, style, true).value_or(0);
}

// Table of a function over a mantissa in [1/2, 1), indexed by the bits behind its leading one.
NodeId RangeReduction::octave(NodeId mantissa, const TableFunction& function, const TableStyle& style) {
    const NodeId rest = builder_.slice(mantissa, builder_[mantissa].fraction - 1, -1);
    return table(rest, function, mantissa_style(style));
}

NodeId RangeReduction::reciprocal(NodeId a, const TableStyle& style) {
    const int fraction = builder_[a].fraction;
    const NodeId magnitude = builder_.absolute(a);
    const int width = magnitude_bits(magnitude);
    const NodeId mantissa = normalised(magnitude, 1);
    // x = m * 2^(width - fraction - shift) with m in [1/2, 1), so 1/x = (1/m) * 2^(fraction - width + shift).
    AffineFunction of_rest = AffineFunction::of(Op::inverse);
    of_rest.argument_offset = 0.5;
    NodeId result = octave(mantissa, TableFunction::of("inv of mantissa", of_rest), style);
    for (const Stage& stage : stages_) {
        result = builder_.select(stage.condition, builder_.scale(result, 1.0, -stage.shift), result);
    }
    result = builder_.scale(result, 1.0, width - fraction);
    result = to_result(result, magnitude, AffineFunction::of(Op::inverse), style);
    return builder_.select(a, builder_.negate(result), result);
}

NodeId RangeReduction::square_root(NodeId a, const TableStyle& style) {
    const int fraction = builder_[a].fraction;
    int width = magnitude_bits(a);
    width += width % 2;
    const int odd = (width - fraction) % 2 != 0 ? 1 : 0;
    const NodeId mantissa = normalised(a, 2);
    // x = m * 2^(width - fraction - shift) with m in [1/4, 1); an odd exponent is absorbed into the table.
    AffineFunction of_mantissa = AffineFunction::of(Op::sqrt);
    of_mantissa.scale = std::sqrt(std::ldexp(1.0, odd));
    NodeId result = table(mantissa, TableFunction::of("sqrt of mantissa", of_mantissa), mantissa_style(style));
    for (const Stage& stage : stages_) {
        result = builder_.select(stage.condition, builder_.scale(result, 1.0, stage.shift / 2), result);
    }
    result = builder_.scale(result, 1.0, -((width - fraction - odd) / 2));
    return to_result(result, a, AffineFunction::of(Op::sqrt), style);
}

// The natural logarithm times the unit, which is that of another base.
NodeId RangeReduction::logarithm(double unit, NodeId a, const TableStyle& style) {
    const int fraction = builder_[a].fraction;
    const int width = magnitude_bits(a);
    const NodeId mantissa = normalised(a, 1);
    // log x = log m + (width - fraction - shift) log 2 with m in [1/2, 1).
    AffineFunction of_rest = AffineFunction::of(Op::log);
    of_rest.argument_offset = 0.5;
    of_rest.offset = (width - fraction) * std::numbers::ln2;
    of_rest.scale = unit;
    NodeId result = octave(mantissa, TableFunction::of("log of mantissa", of_rest), style);
    const NodeId zero = builder_.constant(0, 0);
    NodeId exponent = zero;
    for (const Stage& stage : stages_) {
        exponent = builder_.add(exponent, builder_.select(stage.condition, builder_.constant(stage.shift, 0), zero));
    }
    const AffineFunction product{.argument_scale = std::numbers::ln2 * unit};
    const TableStyle exact{
        .implementation = Implementation::table, .tolerance = 0.5, .fraction = style.result_fraction(), .guard = 0};
    result = builder_.subtract(result, table(exponent, TableFunction::of("log exponent", product), exact));
    AffineFunction whole = AffineFunction::of(Op::log);
    whole.scale = unit;
    return to_result(result, a, whole, style);
}

NodeId RangeReduction::exponential(NodeId a, const TableStyle& style) {
    const double unit = std::ldexp(1.0, -builder_[a].fraction);
    const Interval seen = builder_.seen(a);
    const double highest = std::floor(static_cast<double>(seen.high) * unit / std::numbers::ln2);
    // Below this exponent every result is less than half of the result's last bit.
    const double lowest = std::max(std::floor(static_cast<double>(seen.low) * unit / std::numbers::ln2),
                                   static_cast<double>(-style.result_fraction() - 2));
    if (highest - lowest > largest_exponents) {
        return builder_.refuse(Refusal::exponential_too_large, static_cast<double>(seen.high) * unit);
    }
    if (lowest > std::numeric_limits<double>::max_exponent) {
        return builder_.refuse(Refusal::function_undefined); // infinite on all data
    }
    const double scaling = std::nearbyint(std::ldexp(1.0, log2_e_fraction) / std::numbers::ln2);
    const NodeId scaled = builder_.scale(a, scaling, log2_e_fraction);
    const int bits = std::max(bits_of(highest - lowest), 1);
    // t = x / ln 2 - lowest is non-negative; its integer part selects the shift, its fraction the table entry.
    NodeId t = builder_.subtract(scaled, builder_.rounded(lowest, 0));
    const int kept = std::min(builder_[t].fraction, interpolation_argument_bits);
    t = builder_.cast(t, fixed_format(bits + kept, bits, false, Quantization::trn, Overflow::sat));
    const NodeId rest = builder_.slice(t, kept, 0);
    NodeId result = table(rest, TableFunction::of("exp2", AffineFunction::exp2()), mantissa_style(style));
    for (int position = 0; position < bits; ++position) {
        // Negative where the bit of weight 2^position is set.
        const NodeId bit = builder_.slice(t, 1, position + 1, true);
        const int weight = static_cast<int>(1U << static_cast<unsigned>(std::min(position, largest_shift)));
        result = builder_.select(bit, builder_.scale(result, 1.0, -weight), result);
    }
    result = builder_.scale(result, 1.0, -static_cast<int>(lowest));
    return to_result(result, a, AffineFunction::of(Op::exp), style);
}

NodeId RangeReduction::periodic(Op op, NodeId a, const TableStyle& style) {
    // The phase in turns: an error of the constant grows with the argument, so its bits do too.
    const Interval seen = builder_.seen(a);
    const auto largest = static_cast<double>(std::max({std::abs(seen.low), std::abs(seen.high), std::int64_t{1}}));
    const double magnitude = largest * std::ldexp(1.0, -builder_[a].fraction);
    const int fraction = maximum_index_bits + std::max(0, ceil_log2(magnitude));
    constexpr double turn = 2 * std::numbers::pi;
    const NodeId turns = builder_.scale(a, std::nearbyint(std::ldexp(1.0, fraction) / turn), fraction);
    const int kept = std::min(builder_[turns].fraction, interpolation_argument_bits);
    const NodeId phase = builder_.slice(turns, kept, 0);
    AffineFunction of_turns = AffineFunction::of(op);
    of_turns.argument_scale = turn;
    return table(phase, TableFunction::of(op == Op::sin ? "sin of turns" : "cos of turns", of_turns), style);
}

// Casts to the fraction of a table's result and to the integer bits that the function needs on the data.
NodeId RangeReduction::to_result(NodeId result, NodeId argument, const AffineFunction& function,
                                 const TableStyle& style) {
    if (builder_.refused()) {
        return 0;
    }
    const TableFunction whole = TableFunction::of({}, function);
    bool has_values = false;
    if (builder_.rows() == 0) {
        has_values = values_.choose_ends(builder_, argument, whole);
    } else {
        values_.choose(builder_, argument, whole);
        has_values = !values_.truth().empty();
    }
    if (!has_values) {
        return builder_.refuse(Refusal::function_undefined);
    }
    const double low = values_.lowest();
    const double high = values_.highest();
    const bool is_signed = low < 0 || builder_[result].is_signed();
    const double magnitude = std::max({std::fabs(low), std::fabs(high), std::ldexp(1.0, -style.result_fraction())});
    const int integer = floor_log2(magnitude) + 2;
    const int fraction = std::max(1 - integer, std::min(style.result_fraction(), maximum_result_bits - integer));
    const int sign = is_signed ? 1 : 0;
    return builder_.cast(
        result, fixed_format(integer + sign + fraction, integer + sign, is_signed, Quantization::trn, Overflow::sat));
}

} // namespace lat_sr
