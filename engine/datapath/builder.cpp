#include "datapath/builder.hpp"

#include "tree/tree.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace lat_sr {

namespace {

// Two's complement arithmetic on the bits is the matter of this part.
// NOLINTBEGIN(bugprone-signed-bitwise)

constexpr int largest_integer_bits = 256;

std::int64_t shifted_constant(std::int64_t value, int left) { return shifted(Interval{value, value}, left).low; }

bool is_valid(const FixedFormat& format) {
    return format.width >= 1 && format.width <= maximum_width &&
           std::abs(format.width - format.fraction) <= largest_integer_bits;
}

} // namespace

DatapathBuilder::DatapathBuilder(const WidthLimits& limits, const IntegerData& data,
                                 const std::atomic<bool>* interrupted)
    : limits_(limits), data_(data), kernels_(integer_kernels()), interrupted_(interrupted),
      column_seen_(data.inputs()) {
    clear();
}

void DatapathBuilder::clear() {
    refusal_ = {};
    label_ = no_label;
    index_.clear();
    table_count_ = 0;
    buffer_count_ = 0;
    // What a refusal gives back; never found by an equal node, so that no datapath holds it.
    nodes_.assign(1, {});
    values_.assign(1, {});
    seen_.assign(1, Interval{});
}

NodeId DatapathBuilder::refuse(Refusal reason, double value, int bits) {
    if (!refused()) {
        refusal_ = {.reason = reason, .label = label_, .value = value, .bits = bits};
    }
    return 0;
}

NodeId DatapathBuilder::input(std::size_t column) {
    const FixedFormat& format = data_.format();
    // With symmetric saturation the port still has the bits of the lowest value.
    const std::int64_t low = format.is_signed ? -format.high - 1 : 0;
    return append({.kind = NodeKind::input,
                   .bounds = {low, format.high},
                   .fraction = format.fraction,
                   .index = static_cast<std::uint32_t>(column)});
}

NodeId DatapathBuilder::constant(std::int64_t value, int fraction, bool shorten) {
    while (shorten && fraction > 0 && value % 2 == 0) {
        value /= 2;
        --fraction;
    }
    const Interval bounds{value, value};
    if (interval_width(bounds) > limits_.node) {
        return refuse(Refusal::constant_too_wide, std::ldexp(static_cast<double>(value), -fraction));
    }
    return append({.kind = NodeKind::constant, .bounds = bounds, .fraction = fraction, .value = value});
}

NodeId DatapathBuilder::rounded(double value, int fraction) {
    double integer = std::floor(value * std::ldexp(1.0, fraction) + 0.5);
    if (!std::isfinite(integer)) {
        return refuse(Refusal::constant_not_finite, value);
    }
    // Numbers of this size are multiples of two.
    for (; fraction > 0 && std::fabs(integer) >= 0x1p62; --fraction) {
        integer /= 2;
    }
    if (std::fabs(integer) >= 0x1p62) {
        return refuse(Refusal::constant_too_wide, value);
    }
    return constant(static_cast<std::int64_t>(integer), fraction);
}

NodeId DatapathBuilder::select(NodeId condition, NodeId negative, NodeId otherwise) {
    const Interval bounds = nodes_[condition].bounds;
    if (bounds.low >= 0) {
        return otherwise;
    }
    if (bounds.high < 0 || negative == otherwise) {
        return negative;
    }
    return aligned(NodeKind::select, negative, otherwise, condition);
}

NodeId DatapathBuilder::negate(NodeId a) {
    const BuilderNode& node = nodes_[a];
    return append({.kind = NodeKind::negate,
                   .arity = 1,
                   .operands = {a},
                   .bounds = {-node.bounds.high, -node.bounds.low},
                   .fraction = node.fraction});
}

NodeId DatapathBuilder::absolute(NodeId a) {
    const BuilderNode& node = nodes_[a];
    if (!node.is_signed()) {
        return a;
    }
    return append({.kind = NodeKind::absolute,
                   .arity = 1,
                   .operands = {a},
                   .bounds = lat_sr::absolute(node.bounds),
                   .fraction = node.fraction});
}

int DatapathBuilder::signed_width(NodeId a) const { return nodes_[a].width() + (nodes_[a].is_signed() ? 0 : 1); }

NodeId DatapathBuilder::multiply(NodeId a, NodeId b) {
    if (nodes_[a].is_constant()) {
        std::swap(a, b);
    }
    if (nodes_[b].is_constant()) {
        return scale(a, nodes_[b].value, nodes_[b].fraction);
    }
    if (signed_width(a) < signed_width(b)) {
        std::swap(a, b);
    }
    a = narrow(a, limits_.multiplicand - (nodes_[a].is_signed() ? 0 : 1));
    b = narrow(b, limits_.multiplier - (nodes_[b].is_signed() ? 0 : 1));
    return append({.kind = NodeKind::multiply,
                   .arity = 2,
                   .operands = {std::min(a, b), std::max(a, b)},
                   .bounds = product(nodes_[a].bounds, nodes_[b].bounds, a == b),
                   .fraction = nodes_[a].fraction + nodes_[b].fraction});
}

NodeId DatapathBuilder::scale(NodeId a, double factor, int fraction) {
    constexpr int mantissa_bits = std::numeric_limits<double>::digits;
    int exponent = 0;
    const double mantissa = std::frexp(factor, &exponent);
    return scale(a, static_cast<std::int64_t>(std::ldexp(mantissa, mantissa_bits)),
                 fraction + mantissa_bits - exponent);
}

NodeId DatapathBuilder::scale(NodeId a, std::int64_t factor, int fraction) {
    if (factor == 0) {
        return constant(0, 0);
    }
    for (; factor % 2 == 0; factor /= 2) {
        --fraction;
    }
    if (factor == 1 && fraction == 0) {
        return a;
    }
    if (factor == -1 && fraction == 0) {
        return negate(a);
    }
    const std::int64_t magnitude = std::abs(factor);
    const int room = limits_.node - interval_width({-magnitude, magnitude}) + 1;
    if (room < 2) {
        return refuse(Refusal::factor_too_wide);
    }
    a = narrow(a, room);
    const BuilderNode& node = nodes_[a];
    const auto [low, high] = std::minmax({node.bounds.low * factor, node.bounds.high * factor});
    return append({.kind = NodeKind::scale,
                   .arity = 1,
                   .operands = {a},
                   .bounds = {low, high},
                   .fraction = node.fraction + fraction,
                   .value = factor});
}

NodeId DatapathBuilder::cast(NodeId a, const FixedFormat& format) {
    if (!is_valid(format)) {
        return refuse(Refusal::format_out_of_range, format.width - format.fraction, format.width);
    }
    const BuilderNode& node = nodes_[a];
    if (node.fraction == format.fraction && format.low <= node.bounds.low && node.bounds.high <= format.high) {
        return a;
    }
    return append({.kind = NodeKind::cast,
                   .arity = 1,
                   .operands = {a},
                   .bounds = cast_bounds(node.bounds, node.fraction, format),
                   .fraction = format.fraction,
                   .format = format});
}

template <class Entry>
NodeId DatapathBuilder::lookup(NodeId a, const TableName& name, std::span<const Entry> entries, int fraction,
                               std::uint64_t identity) {
    const auto used = std::span(tables_).first(table_count_);
    const auto same = [&](const BuilderTable& table) {
        return table.fraction == fraction && table.name == name && std::ranges::equal(table.entries, entries);
    };
    const auto index = static_cast<std::size_t>(std::ranges::find_if(used, same) - used.begin());
    if (index == table_count_) {
        tables_.resize(std::max(tables_.size(), ++table_count_));
        BuilderTable& table = tables_[index];
        table.name = name;
        table.entries.assign(entries.begin(), entries.end());
        table.fraction = fraction;
    }
    const auto [low, high] = std::ranges::minmax(entries);
    return append({.kind = NodeKind::lookup,
                   .arity = 1,
                   .operands = {a},
                   .bounds = {low, high},
                   .fraction = fraction,
                   .index = static_cast<std::uint32_t>(index)},
                  identity);
}

NodeId DatapathBuilder::narrow(NodeId a, int width) {
    const int current = nodes_[a].width();
    if (current <= width) {
        return a;
    }
    // Integer bits that the seen range leaves free go before fraction bits.
    const Interval range = seen(a);
    const BuilderNode& node = nodes_[a];
    const std::int64_t low = node.is_signed() ? std::min<std::int64_t>(range.low, -1) : range.low;
    const int needed = interval_width({low, std::max<std::int64_t>(range.high, 0)});
    const int integer = std::min(node.integer(), needed - node.fraction);
    const int fraction = std::min(node.fraction, width - integer);
    return cast(a, fixed_format(integer + fraction, integer, node.is_signed()));
}

NodeId DatapathBuilder::coarsened(NodeId a, int fraction) {
    const BuilderNode& node = nodes_[a];
    if (node.fraction <= fraction) {
        return a;
    }
    const int integer = std::max(node.integer(), 1 - fraction);
    return cast(a, fixed_format(integer + fraction, integer, node.is_signed()));
}

NodeId DatapathBuilder::aligned(NodeKind kind, NodeId a, NodeId b, std::optional<NodeId> condition) {
    // One bit for the carry of a sum. Fraction bits that would push the result over the limit are dropped first.
    const int integer = std::max(nodes_[a].integer(), nodes_[b].integer()) + 1;
    const int finest = limits_.node - integer;
    if (std::max(nodes_[a].fraction, nodes_[b].fraction) > finest) {
        a = coarsened(a, finest);
        b = coarsened(b, finest);
        if (refused()) {
            return 0;
        }
    }
    const int fraction = std::max(nodes_[a].fraction, nodes_[b].fraction);
    const Interval bounds = combined(kind, shifted(nodes_[a].bounds, fraction - nodes_[a].fraction),
                                     shifted(nodes_[b].bounds, fraction - nodes_[b].fraction));
    if (kind == NodeKind::add && a > b) {
        std::swap(a, b);
    }
    BuilderNode node{.kind = kind, .arity = 2, .operands = {a, b}, .bounds = bounds, .fraction = fraction};
    if (condition) {
        node.arity = 3;
        node.operands = {*condition, a, b};
    }
    return append(node);
}

std::uint64_t DatapathBuilder::identity(const BuilderNode& node, std::uint64_t table) const {
    std::uint64_t hash = mix_hash(table, static_cast<std::uint64_t>(node.kind));
    hash = mix_hash(hash, static_cast<std::uint64_t>(node.fraction));
    hash = mix_hash(hash, static_cast<std::uint64_t>(node.value));
    if (node.kind == NodeKind::input) {
        hash = mix_hash(hash, node.index);
    } else if (node.kind == NodeKind::cast) {
        const FixedFormat& format = node.format;
        hash = mix_hash(hash, static_cast<std::uint64_t>(format.width) * 2 + (format.is_signed ? 1 : 0));
        hash = mix_hash(hash, static_cast<std::uint64_t>(format.quantization) * 8 +
                                  static_cast<std::uint64_t>(format.overflow));
    }
    for (std::size_t i = 0; i < node.arity; ++i) {
        hash = mix_hash(hash, nodes_[node.operands[i]].hash);
    }
    return hash;
}

NodeId DatapathBuilder::append(BuilderNode node, std::uint64_t table) {
    if (refused()) {
        return 0;
    }
    node.hash = identity(node, table);
    const auto equal = [&](NodeId other) {
        const BuilderNode& known = nodes_[other];
        return known.kind == node.kind && known.operands == node.operands && known.fraction == node.fraction &&
               known.value == node.value && known.index == node.index && known.format == node.format;
    };
    if (const auto known = index_.find(node.hash, equal)) {
        return *known;
    }
    if (const auto value = folded(node)) {
        // The result of a cast has the format cast to, which the port of an output relies on.
        return constant(*value, node.fraction, node.kind != NodeKind::cast);
    }
    if (node.width() > maximum_width) {
        return refuse(Refusal::value_too_wide, 0.0, node.width());
    }
    node.label = label_;
    const auto position = static_cast<NodeId>(nodes_.size());
    index_.insert(node.hash, position);
    values_.push_back(
        {.values = node.kind == NodeKind::input && !data_.is_ranges() ? data_.column(node.index) : nullptr,
         .constant = node.value});
    if (node.is_constant()) {
        seen_.emplace_back(node.bounds);
    } else if (data_.is_ranges()) {
        const Interval range = propagated(node);
        seen_.emplace_back(Interval{std::max(range.low, node.bounds.low), std::min(range.high, node.bounds.high)});
    } else {
        seen_.emplace_back(std::nullopt);
    }
    nodes_.push_back(node);
    return narrow(position, limits_.node);
}

Interval DatapathBuilder::propagated(const BuilderNode& node) const {
    if (node.kind == NodeKind::input) {
        return data_.range(node.index);
    }
    const BuilderNode& first = nodes_[node.operands[0]];
    const Interval a = seen_[node.operands[0]].value_or(first.bounds);
    const auto operand = [&](std::size_t i) {
        const NodeId id = node.operands[i];
        return shifted(seen_[id].value_or(nodes_[id].bounds), alignment(node, i));
    };
    switch (node.kind) {
    case NodeKind::multiply:
        return product(a, seen_[node.operands[1]].value_or(Interval{}), node.operands[0] == node.operands[1]);
    case NodeKind::scale: {
        const auto [low, high] = std::minmax({a.low * node.value, a.high * node.value});
        return {low, high};
    }
    case NodeKind::negate:
        return {-a.high, -a.low};
    case NodeKind::absolute:
        return lat_sr::absolute(a);
    case NodeKind::cast:
        return cast_bounds(a, first.fraction, node.format);
    case NodeKind::lookup: {
        const auto entries = tables_[node.index].entries.begin() - static_cast<std::ptrdiff_t>(first.bounds.low);
        const auto [low, high] = std::minmax_element(entries + static_cast<std::ptrdiff_t>(a.low),
                                                     entries + static_cast<std::ptrdiff_t>(a.high) + 1);
        return {*low, *high};
    }
    case NodeKind::select:
        return combined(node.kind, operand(1), operand(2));
    default:
        return combined(node.kind, operand(0), operand(1));
    }
}

template NodeId DatapathBuilder::lookup(NodeId, const TableName&, std::span<const std::int32_t>, int, std::uint64_t);
template NodeId DatapathBuilder::lookup(NodeId, const TableName&, std::span<const std::int64_t>, int, std::uint64_t);

std::optional<std::int64_t> DatapathBuilder::folded(const BuilderNode& node) const {
    if (node.arity == 0) {
        return std::nullopt;
    }
    std::array<std::int64_t, 3> values{};
    for (std::size_t i = 0; i < node.arity; ++i) {
        const BuilderNode& operand = nodes_[node.operands[i]];
        if (!operand.is_constant()) {
            return std::nullopt;
        }
        values[i] = operand.value;
    }
    const BuilderNode& first = nodes_[node.operands[0]];
    const auto operand = [&](std::size_t i) { return shifted_constant(values[i], alignment(node, i)); };
    switch (node.kind) {
    case NodeKind::multiply:
        return values[0] * values[1];
    case NodeKind::scale:
        return values[0] * node.value;
    case NodeKind::negate:
        return -values[0];
    case NodeKind::absolute:
        return std::abs(values[0]);
    case NodeKind::cast:
        return cast_to(node.format, values[0], first.fraction);
    case NodeKind::lookup:
        return tables_[node.index].entries[static_cast<std::size_t>(values[0] - first.bounds.low)];
    case NodeKind::select:
        return values[0] < 0 ? operand(1) : operand(2);
    default: {
        const Interval both = combined(node.kind, {operand(0), operand(0)}, {operand(1), operand(1)});
        return both.low;
    }
    }
}

// NOLINTEND(bugprone-signed-bitwise)

} // namespace lat_sr
