#include "cost/quick_cost.hpp"

#include "base/octaves.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

namespace lat_sr {

namespace {

// Bounds are doubles: a grid that is coarser than the largest of them is as good as any other.
constexpr int coarsest_fraction = -std::numeric_limits<double>::max_exponent;

// Bits of a whole number >= 0; of what is beyond all numbers, those of the largest.
int bits_of(double value) {
    return value < 1.0 ? 0 : std::ilogb(std::fmin(value, std::numeric_limits<double>::max())) + 1;
}

int interval_width(double low, double high, int fraction) {
    const double first = std::floor(std::ldexp(low, fraction));
    const double last = std::floor(std::ldexp(high, fraction));
    if (first >= 0.0) {
        return std::max(bits_of(last), 1);
    }
    return std::max(bits_of(-first - 1.0), bits_of(last)) + 1;
}

// Nonzero digits of the canonical signed-digit form.
int signed_digits(std::uint64_t value) { return std::popcount((3U * value) ^ value); }

template <class Table> double by_width(const Table& table, int width) {
    return table[std::min(static_cast<std::size_t>(std::max(width, 0)), table.size() - 1)];
}

std::size_t grid_index(const GridCost& grid, int row, int column) {
    const std::size_t i = std::min(static_cast<std::size_t>(std::max(row, 0)), grid.rows - 1);
    const std::size_t j = std::min(static_cast<std::size_t>(std::max(column, 0)), grid.columns - 1);
    return i * grid.columns + j;
}

// Same for both orders of the operands.
std::uint64_t unordered_hash(std::uint64_t kind, std::uint64_t a, std::uint64_t b) {
    return mix_hash(mix_hash(kind, std::min(a, b)), std::max(a, b));
}

constexpr std::uint64_t hash_kind(Op op) { return mix_hash(0x0bec0de, index_of(op)); }
constexpr std::uint64_t hash_kind(Primitive primitive) {
    return mix_hash(0x9717e, static_cast<std::uint64_t>(primitive));
}

} // namespace

void CostEstimator::place(Value& value, double delay) {
    delays_ps_.push_back(delay);
    if (value.ps + delay <= model_.cycle_ps()) {
        value.ps += delay;
    } else {
        ++value.cycle;
        value.ps = delay;
    }
    value.delay += delay;
}

void CostEstimator::finish(Value& result, std::span<const Value* const> operands, std::span<const double> segments,
                           const Price& price) {
    for (const Value* operand : operands) {
        if (operand->cycle > result.cycle || (operand->cycle == result.cycle && operand->ps > result.ps)) {
            result.cycle = operand->cycle;
            result.ps = operand->ps;
        }
        result.delay = std::max(result.delay, operand->delay);
    }
    for (const double segment : segments) {
        place(result, segment);
    }
    narrow(result, model_.width_limit);
    charge(result.hash, price);
}

void CostEstimator::charge(std::uint64_t hash, const Price& price) {
    if (std::ranges::find(charged_, hash) == charged_.end()) {
        charged_.push_back(hash);
        cost_.lut += price.lut;
        cost_.dsp += price.dsp;
        cost_.bram += price.bram;
    }
}

void CostEstimator::narrow(Value& value, int limit) const {
    const int excess = interval_width(value.low, value.high, value.fraction) - limit;
    if (excess > 0) {
        value.fraction -= excess;
        value.low = std::ldexp(std::floor(std::ldexp(value.low, value.fraction)), -value.fraction);
        value.high = std::ldexp(std::floor(std::ldexp(value.high, value.fraction)), -value.fraction);
    }
}

CostEstimator::Value CostEstimator::variable(std::size_t index) const {
    if (index >= model_.input_low.size()) {
        throw std::invalid_argument("the tree uses variable " + std::to_string(index) + " but the cost model has " +
                                    std::to_string(model_.input_low.size()) + " inputs");
    }
    Value result;
    result.low = model_.input_low[index];
    result.high = model_.input_high[index];
    result.fraction = model_.input_fraction;
    result.hash = mix_hash(hash_kind(Op::variable), index);
    return result;
}

CostEstimator::Value CostEstimator::constant(double value, int fraction) {
    double integer = std::floor(std::ldexp(value, fraction) + 0.5);
    if (!(std::fabs(integer) < 0x1.0p62)) {
        integer = std::copysign(0x1.0p62, value);
    }
    auto whole = static_cast<std::int64_t>(integer);
    while (whole != 0 && whole % 2 == 0 && fraction > 0) {
        whole /= 2;
        --fraction;
    }
    Value result;
    result.constant = true;
    result.fraction = whole == 0 ? 0 : fraction;
    result.value = std::ldexp(static_cast<double>(whole), -result.fraction);
    result.low = result.high = result.value;
    result.hash = mix_hash(hash_kind(Op::constant), std::bit_cast<std::uint64_t>(result.value + 0.0));
    return result;
}

CostEstimator::Value CostEstimator::aligned(Primitive primitive, Value a, Value b) {
    const bool sum = primitive == Primitive::add;
    const bool difference = primitive == Primitive::subtract;
    if (a.hash == b.hash && !sum) {
        return difference ? constant(0.0) : a;
    }
    // One bit for the carry of a sum; fraction bits beyond the widest node are dropped first.
    const int integer = std::max(interval_width(a.low, a.high, a.fraction) - a.fraction,
                                 interval_width(b.low, b.high, b.fraction) - b.fraction) +
                        1;
    const int finest = model_.width_limit - integer;
    a.fraction = std::min(a.fraction, finest);
    b.fraction = std::min(b.fraction, finest);
    Value result;
    result.fraction = std::max(a.fraction, b.fraction);
    int width = 0;
    if (sum || difference) {
        result.low = sum ? a.low + b.low : a.low - b.high;
        result.high = sum ? a.high + b.high : a.high - b.low;
        width = interval_width(result.low, result.high, result.fraction);
    } else {
        const bool minimum = primitive == Primitive::minimum;
        result.low = minimum ? std::min(a.low, b.low) : std::max(a.low, b.low);
        result.high = minimum ? std::min(a.high, b.high) : std::max(a.high, b.high);
        // The comparison is a subtraction.
        width = interval_width(std::min(a.low, b.low), std::max(a.high, b.high), result.fraction) + 1;
    }
    result.hash = sum ? unordered_hash(hash_kind(primitive), a.hash, b.hash)
                      : mix_hash(mix_hash(hash_kind(primitive), a.hash), b.hash);
    const bool by_constant = (sum && a.constant) || ((sum || difference) && b.constant);
    const WidthCost& cost =
        model_.primitives[static_cast<std::size_t>(by_constant ? Primitive::add_constant : primitive)];
    const std::array<const Value*, 2> operands{&a, &b};
    const double delay = by_width(cost.delay_ps, width);
    finish(result, operands, {&delay, 1}, {.lut = by_width(cost.lut, width)});
    return result;
}

CostEstimator::Value CostEstimator::unary(Primitive primitive, const Value& a) {
    if (a.constant) {
        return a; // the zero of x - x or 0 * x: parts without variables are folded before
    }
    Value result = a;
    switch (primitive) {
    case Primitive::negate:
        result.low = -a.high;
        result.high = -a.low;
        break;
    case Primitive::absolute:
        if (a.low >= 0.0) {
            return a;
        }
        result.low = std::max(0.0, -a.high);
        result.high = std::max(-a.low, a.high);
        break;
    case Primitive::relu:
        result.low = std::max(0.0, a.low);
        result.high = std::max(0.0, a.high);
        break;
    case Primitive::sign:
        result.low = -1.0;
        result.high = 1.0;
        result.fraction = 0;
        break;
    default: // floor and ceil
        if (a.fraction <= 0) {
            return a;
        }
        result.low = primitive == Primitive::floor ? std::floor(a.low) : std::ceil(a.low);
        result.high = primitive == Primitive::floor ? std::floor(a.high) : std::ceil(a.high);
        result.fraction = 0;
        break;
    }
    result.hash = mix_hash(hash_kind(primitive), a.hash);
    const int width = interval_width(a.low, a.high, a.fraction);
    const WidthCost& cost = model_.primitives[static_cast<std::size_t>(primitive)];
    const std::array<const Value*, 1> operands{&a};
    const double delay = by_width(cost.delay_ps, width);
    finish(result, operands, {&delay, 1}, {.lut = by_width(cost.lut, width)});
    return result;
}

CostEstimator::Value CostEstimator::scale(Value a, double factor, int fraction) {
    const Value rounded = constant(factor, fraction);
    if (rounded.value == 0.0) {
        return rounded;
    }
    if (rounded.value == 1.0) {
        return a;
    }
    if (rounded.value == -1.0) {
        return unary(Primitive::negate, a);
    }
    auto odd = static_cast<std::uint64_t>(std::fabs(std::ldexp(rounded.value, rounded.fraction)));
    int shift = rounded.fraction;
    while (odd % 2 == 0) {
        odd /= 2;
        --shift;
    }
    narrow(a, model_.width_limit - bits_of(static_cast<double>(odd)));
    Value result;
    result.low = std::min(a.low * rounded.value, a.high * rounded.value);
    result.high = std::max(a.low * rounded.value, a.high * rounded.value);
    result.fraction = a.fraction + shift;
    result.hash = unordered_hash(hash_kind(Op::multiply), a.hash, rounded.hash);
    const int width = interval_width(a.low, a.high, a.fraction);
    const int digits = signed_digits(odd);
    double delay = 0.0;
    Price price;
    if (digits > 1) {
        const std::size_t entry = grid_index(model_.scale, width, digits);
        delay = model_.scale.delay_ps[entry];
        price = {.lut = model_.scale.lut[entry], .dsp = model_.scale.dsp[entry]};
    } else if (rounded.value < 0.0) {
        const WidthCost& cost = model_.primitives[static_cast<std::size_t>(Primitive::negate)];
        delay = by_width(cost.delay_ps, width);
        price.lut = by_width(cost.lut, width);
    }
    const std::array<const Value*, 1> operands{&a};
    finish(result, operands, {&delay, 1}, price);
    return result;
}

CostEstimator::Value CostEstimator::multiply(Value a, Value b) {
    if (a.constant) {
        std::swap(a, b);
    }
    if (b.constant) {
        return scale(a, b.value, b.fraction);
    }
    const auto signed_width = [](const Value& value) {
        return interval_width(value.low, value.high, value.fraction) + (value.low >= 0.0 ? 1 : 0);
    };
    if (signed_width(a) < signed_width(b)) {
        std::swap(a, b);
    }
    const bool square = a.hash == b.hash;
    narrow(a, model_.multiplicand_limit - (a.low >= 0.0 ? 1 : 0));
    narrow(b, model_.multiplier_limit - (b.low >= 0.0 ? 1 : 0));
    Value result;
    result.fraction = std::max(a.fraction + b.fraction, coarsest_fraction);
    const std::array<double, 4> corners{a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
    result.low = std::ranges::min(corners);
    result.high = std::ranges::max(corners);
    if (square && a.low < 0.0 && a.high > 0.0) {
        result.low = 0.0;
    }
    result.hash = unordered_hash(hash_kind(Op::multiply), a.hash, b.hash);
    const std::size_t entry = grid_index(model_.multiply, interval_width(a.low, a.high, a.fraction),
                                         interval_width(b.low, b.high, b.fraction));
    const std::array<const Value*, 2> operands{&a, &b};
    finish(result, operands, {&model_.multiply.delay_ps[entry], 1},
           {.lut = model_.multiply.lut[entry], .dsp = model_.multiply.dsp[entry]});
    return result;
}

CostEstimator::Value CostEstimator::power(const Value& base, int exponent) {
    if (exponent == 0) {
        return constant(1.0);
    }
    if (exponent == 1) {
        return base;
    }
    const Value half = power(base, exponent / 2);
    const Value square = multiply(half, half);
    return exponent % 2 != 0 ? multiply(square, base) : square;
}

const FunctionCost& CostEstimator::function_cost(Op op) const {
    const std::optional<FunctionCost>& cost = model_.functions[index_of(op)];
    if (!cost) {
        throw std::invalid_argument("the cost model has no function " + std::string(operation(op).name));
    }
    return *cost;
}

CostEstimator::Value CostEstimator::function(const FunctionCost& cost, const Value& a, std::uint64_t identity) {
    Value result;
    result.low = cost.low;
    result.high = cost.high;
    result.fraction = cost.fraction;
    result.hash = mix_hash(identity, a.hash);
    const std::array<const Value*, 1> operands{&a};
    finish(result, operands, cost.segments_ps, {.lut = cost.lut, .dsp = cost.dsp, .bram = cost.bram});
    return result;
}

CostEstimator::Value CostEstimator::node(const Tree& tree, std::size_t i) {
    const Node& node = tree[i];
    if (node.op == Op::constant) {
        exact_[i] = node.value;
        return constant(node.value);
    }
    if (node.op == Op::variable) {
        return variable(node.variable);
    }
    const Value& right = values_[Tree::right_of(i)];
    const auto inverse = [&](const Value& a) {
        return function(function_cost(Op::inverse), a, hash_kind(Op::inverse));
    };
    if (node.arity() == 1) {
        switch (node.op) {
        case Op::negate:
            return unary(Primitive::negate, right);
        case Op::absolute:
            return unary(Primitive::absolute, right);
        case Op::relu:
            return unary(Primitive::relu, right);
        case Op::sign:
            return unary(Primitive::sign, right);
        case Op::floor:
            return unary(Primitive::floor, right);
        case Op::ceil:
            return unary(Primitive::ceil, right);
        case Op::square:
            return power(right, 2);
        case Op::cube:
            return power(right, 3);
        case Op::power: {
            const int exponent = static_cast<int>(node.value);
            return exponent < 0 ? inverse(power(right, -exponent)) : power(right, exponent);
        }
        default:
            return function(function_cost(node.op), right, hash_kind(node.op));
        }
    }
    const Value& left = values_[tree.left_of(i)];
    switch (node.op) {
    case Op::add:
        return aligned(Primitive::add, left, right);
    case Op::subtract:
        return aligned(Primitive::subtract, left, right);
    case Op::minimum:
        return aligned(Primitive::minimum, left, right);
    case Op::maximum:
        return aligned(Primitive::maximum, left, right);
    case Op::multiply:
        return multiply(left, right);
    default: // divide
        if (right.constant) {
            // The reciprocal keeps as many significant bits as a constant near 1 has.
            const double divisor = exact_[Tree::right_of(i)];
            const bool usable = std::isfinite(divisor) && divisor != 0.0;
            const int extra = usable ? ceil_log2(divisor) : 0;
            return scale(left, 1.0 / divisor, model_.constant_fraction + std::max(0, extra));
        }
        return multiply(left, inverse(right));
    }
}

// Value of a part without variables, from those of its operands.
double CostEstimator::fold(const Tree& tree, std::size_t i) {
    const Kernels<double>& exact = kernels<double>();
    const Node& node = tree[i];
    const double right = exact_[Tree::right_of(i)];
    if (node.arity() == 2) {
        exact.binary[index_of(node.op)](&exact_[tree.left_of(i)], &right, &exact_[i], 1);
    } else {
        exact.unary[index_of(node.op)](&right, &exact_[i], 1, static_cast<int>(node.value));
    }
    return exact_[i];
}

Cost CostEstimator::operator()(const Tree& tree) {
    cost_ = {};
    charged_.clear();
    values_.assign(tree.length(), Value{});
    exact_.resize(tree.length());
    delays_ps_.clear();
    first_delay_.clear();
    const std::vector<Fusion>& marks = fusion_.mark(tree);
    for (std::size_t i = 0; i < tree.length(); ++i) {
        first_delay_.push_back(delays_ps_.size());
        if (marks[i] == Fusion::inside) {
            continue;
        }
        if (marks[i] == Fusion::root) {
            const std::span<const Node> part = tree.subtree(i);
            std::uint64_t identity = 0xf0ed;
            std::size_t index = 0;
            for (const Node& inner : part) {
                identity = mix_hash(identity, index_of(inner.op));
                identity = mix_hash(identity, std::bit_cast<std::uint64_t>(inner.value));
                if (inner.op == Op::variable) {
                    index = inner.variable;
                }
            }
            values_[i] = function(model_.fused, variable(index), identity);
            continue;
        }
        if (!fusion_.depends_on_input(i) && !tree[i].is_leaf()) {
            values_[i] = constant(fold(tree, i));
            continue;
        }
        values_[i] = node(tree, i);
    }
    tree.roots(roots_);
    for (const std::size_t root : roots_) {
        first_delay_.push_back(delays_ps_.size());
        output(values_[root]);
    }
    first_delay_.push_back(delays_ps_.size());
    return cost_;
}

void CostEstimator::output(Value result) {
    if (result.low < model_.output_low || result.high > model_.output_high ||
        result.fraction > model_.output_fraction) {
        const WidthCost& cast = model_.primitives[static_cast<std::size_t>(Primitive::output_cast)];
        const int width = interval_width(result.low, result.high, result.fraction);
        place(result, by_width(cast.delay_ps, width));
        charge(mix_hash(hash_kind(Primitive::output_cast), result.hash), {.lut = by_width(cast.lut, width)});
    }
    cost_.latency = std::max(cost_.latency, result.cycle + 1);
    cost_.delay_ps = std::max(cost_.delay_ps, result.delay);
}

} // namespace lat_sr
