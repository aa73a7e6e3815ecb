// Intervals that hold a formula's value however its operations round and its sums and products associate.
#pragma once

#include "kernels/kernels.hpp"
#include "tree/tree.hpp"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numbers>
#include <optional>
#include <vector>

namespace lat_sr::fuzz {

struct Interval {
    double low = 0.0;
    double high = 0.0;

    [[nodiscard]] double magnitude() const { return std::max(std::fabs(low), std::fabs(high)); }
    [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
};

// Nothing where a bound is not finite: no statement is made then.
using Enclosure = std::optional<Interval>;

// More than the rounding of any operation in `simplified`, which may come together from several.
inline constexpr double rounding = 0x1.0p-44;

inline Enclosure hull(std::initializer_list<double> values, double scale) {
    const auto [low, high] = std::minmax(values);
    const double margin =
        rounding * std::max(scale, std::max(std::fabs(low), std::fabs(high))) + std::numeric_limits<double>::min();
    const Interval result{.low = low - margin, .high = high + margin};
    if (std::ranges::any_of(values, [](double value) { return std::isnan(value); }) || !(result.magnitude() < 1e300)) {
        return std::nullopt;
    }
    return result;
}

inline Enclosure enclose(const Node& node, const Interval& a) {
    const auto at = [&](double x) {
        double value = 0.0;
        kernels<double>().unary[index_of(node.op)](&x, &value, 1, static_cast<int>(node.value));
        return value;
    };
    const bool straddles = a.low <= 0.0 && a.high >= 0.0;
    switch (node.op) {
    case Op::sin:
    case Op::cos: { // no steeper than 1
        const double width = a.high - a.low + rounding * a.magnitude();
        const double middle = at(a.low + (a.high - a.low) / 2.0);
        return hull({std::max(middle - width, -1.0), std::min(middle + width, 1.0)}, 1.0);
    }
    case Op::tan: {
        const auto branch = [](double x) { return std::floor(x / std::numbers::pi + 0.5); };
        return branch(a.low) == branch(a.high) ? hull({at(a.low), at(a.high)}, 0.0) : std::nullopt;
    }
    case Op::absolute:
    case Op::square:
    case Op::cosh:
    case Op::gauss:
    case Op::sqrt_abs:
    case Op::log_abs:
        return straddles ? hull({at(a.low), at(a.high), at(0.0)}, 0.0) : hull({at(a.low), at(a.high)}, 0.0);
    case Op::power:
    case Op::inverse:
        if (straddles) {
            const bool pole = node.op == Op::inverse || node.value < 0.0;
            return pole ? std::nullopt : hull({at(a.low), at(a.high), at(0.0)}, 0.0);
        }
        return hull({at(a.low), at(a.high)}, 0.0);
    default: // monotone
        return hull({at(a.low), at(a.high)}, 0.0);
    }
}

inline Enclosure enclose(const Node& node, const Interval& a, const Interval& b) {
    switch (node.op) {
    case Op::add:
        return hull({a.low + b.low, a.high + b.high}, std::max(a.magnitude(), b.magnitude()));
    case Op::subtract:
        return hull({a.low - b.high, a.high - b.low}, std::max(a.magnitude(), b.magnitude()));
    case Op::multiply:
        return hull({a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high}, 0.0);
    case Op::divide:
        if (b.low <= 0.0 && b.high >= 0.0) {
            return std::nullopt;
        }
        return hull({a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high}, 0.0);
    case Op::minimum:
        return hull({std::min(a.low, b.low), std::min(a.high, b.high)}, 0.0);
    default: // maximum
        return hull({std::max(a.low, b.low), std::max(a.high, b.high)}, 0.0);
    }
}

// Of the formula at one point; nothing if any part of it leaves its domain or gets too large.
inline Enclosure enclose(const Tree& tree, std::span<const double> point) {
    std::vector<Interval> values(tree.length());
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        Enclosure value;
        if (node.is_leaf()) {
            const double exact = node.op == Op::constant ? node.value : point[node.variable];
            value = {.low = exact, .high = exact};
        } else if (node.arity() == 1) {
            value = enclose(node, values[Tree::right_of(i)]);
        } else {
            value = enclose(node, values[tree.left_of(i)], values[Tree::right_of(i)]);
        }
        if (!value || !(value->magnitude() < 1e300)) {
            return std::nullopt;
        }
        values[i] = *value;
    }
    return values.back();
}

} // namespace lat_sr::fuzz
