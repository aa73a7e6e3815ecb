#include "lowering/lowering.hpp"

#include "base/hash.hpp"
#include "base/octaves.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lat_sr {

Lowering::Lowering(const LoweringSettings& settings, const IntegerData& data, const std::atomic<bool>* interrupted)
    : settings_(settings), data_(data), builder_(settings.limits, data, interrupted), tables_(builder_, parts_),
      reduction_(builder_, parts_, tables_) {
    std::vector<FormulaParts::Values> functions;
    functions.reserve(settings_.defined.size());
    for (const DefinedFunction& function : settings_.defined) {
        functions.push_back(function.values);
    }
    parts_.define(std::move(functions));
}

const Lowered& Lowering::operator()(std::span<const Tree> outputs) {
    parts_.clear();
    builder_.clear();
    lowered_.clear();
    outputs_.clear();
    for (const Tree& tree : outputs) {
        if (builder_.refused()) {
            break;
        }
        outputs_.push_back(output(parts_.add(tree)));
    }
    result_.refusal = builder_.refusal();
    if (!builder_.refused()) {
        prune(outputs_);
    }
    return result_;
}

TableStyle Lowering::style(const Part& part, int guard) const {
    return {.implementation = part.op == Op::defined
                                  ? settings_.defined[static_cast<std::size_t>(part.value)].implementation
                                  : settings_.implementations[index_of(part.op)],
            .tolerance = settings_.table_tolerance,
            .fraction = data_.format().fraction,
            .guard = guard};
}

NodeId Lowering::output(PartId part) {
    const std::optional<NodeId> table = fused(part, 0);
    const NodeId result = table ? *table : lower(part);
    builder_.set_label(part);
    return builder_.cast(result, data_.format());
}

NodeId Lowering::lower(PartId part) {
    if (builder_.refused()) {
        return 0;
    }
    lowered_.resize(std::max<std::size_t>(lowered_.size(), part + 1));
    if (lowered_[part] == 0) {
        const std::optional<NodeId> table = fused(part, 2);
        const NodeId node = table ? *table : structural(part);
        lowered_[part] = node;
    }
    return lowered_[part];
}

// One lookup for a part that depends on one variable and holds a table function, if a table can hold it.
std::optional<NodeId> Lowering::fused(PartId part, int guard) {
    const Part& root = parts_[part];
    if (!root.has_one_variable() || !root.has_table() || has_explicit_table(part)) {
        return std::nullopt;
    }
    builder_.set_label(part);
    const NodeId input = builder_.input(static_cast<std::size_t>(root.variable));
    return tables_.lookup(input, TableFunction::of_part(part), style(parts_[root.table], guard), false);
}

NodeId Lowering::function(const Part& part, NodeId operand) {
    const bool is_defined = part.op == Op::defined;
    const std::string_view name = operation(part.op).name;
    const int number = is_defined ? static_cast<int>(part.value) : TableName::no_function;
    if (const ExplicitTable* table = explicit_table(part)) {
        return stated(*table, name, number, operand);
    }
    const TableStyle chosen = style(part, 2);
    if (is_defined) {
        TableFunction whole = TableFunction::of_part(parts_.defined(part.value, parts_.variable(0)));
        whole.name.defined = number;
        return tables_.lookup(operand, whole, chosen, true).value_or(0);
    }
    const bool is_reduced = RangeReduction::has(part.op);
    const TableFunction whole = TableFunction::of(name, AffineFunction::of(part.op));
    const std::optional<NodeId> node = tables_.lookup(operand, whole, chosen, !is_reduced);
    return node ? *node : reduction_(part.op, operand, chosen);
}

const ExplicitTable* Lowering::explicit_table(const Part& part) const {
    const std::size_t key =
        part.op == Op::defined ? operation_count + static_cast<std::size_t>(part.value) : index_of(part.op);
    const auto found = settings_.explicit_tables.find(key);
    return found == settings_.explicit_tables.end() ? nullptr : &found->second;
}

bool Lowering::has_explicit_table(PartId id) const {
    if (settings_.explicit_tables.empty()) {
        return false;
    }
    const Part& part = parts_[id];
    const int arity = operation(part.op).arity;
    return explicit_table(part) != nullptr || (arity > 0 && has_explicit_table(part.left)) ||
           (arity > 1 && has_explicit_table(part.right));
}

// The argument is truncated to the table's step and saturates at both ends of its range.
NodeId Lowering::stated(const ExplicitTable& table, std::string_view name, int defined, NodeId operand) {
    if (!table.is_usable) {
        return builder_.refuse(Refusal::table_unusable);
    }
    const std::int64_t low = table.low;
    const std::int64_t high = low + static_cast<std::int64_t>(table.entries.size()) - 1;
    const int width = interval_width({low, high});
    NodeId index =
        builder_.cast(operand, fixed_format(width, width - table.fraction, low < 0, Quantization::trn, Overflow::sat));
    // The format of the index may reach beyond a range that is not a format's own.
    if (builder_[index].bounds.high > high) {
        index = builder_.minimum(index, builder_.constant(high, table.fraction, false));
    }
    if (builder_[index].bounds.low < low) {
        index = builder_.maximum(index, builder_.constant(low, table.fraction, false));
    }
    if (builder_.refused()) {
        return 0;
    }
    const Interval bounds = builder_[index].bounds;
    const auto part = std::span(table.entries)
                          .subspan(static_cast<std::size_t>(bounds.low - low),
                                   static_cast<std::size_t>(bounds.high - bounds.low) + 1);
    if (std::ranges::all_of(part, [&](std::int64_t entry) { return entry == part.front(); })) {
        return builder_.constant(part.front(), table.entry_fraction);
    }
    TableName named{.text = name, .suffix = {}};
    named.defined = defined;
    return builder_.lookup(index, named, part, table.entry_fraction, mix_hash(table.identity, 1));
}

NodeId Lowering::structural(PartId id) {
    // A copy: lowering may add parts.
    const Part part = parts_[id];
    if (part.op == Op::variable) {
        builder_.set_label(id);
        return builder_.input(static_cast<std::size_t>(part.variable));
    }
    if (!part.has_variables()) {
        return builder_.rounded(part.constant, settings_.constant_fraction);
    }
    const auto pair = [&](NodeId (DatapathBuilder::*combine)(NodeId, NodeId)) {
        const NodeId left = lower(part.left);
        const NodeId right = lower(part.right);
        builder_.set_label(id);
        return (builder_.*combine)(left, right);
    };
    const auto operand = [&] {
        const NodeId node = lower(part.left);
        builder_.set_label(id);
        return node;
    };
    if (explicit_table(part) != nullptr) {
        return function(part, operand());
    }
    switch (part.op) {
    case Op::add:
        return pair(&DatapathBuilder::add);
    case Op::subtract:
        return pair(&DatapathBuilder::subtract);
    case Op::multiply:
        return pair(&DatapathBuilder::multiply);
    case Op::minimum:
        return pair(&DatapathBuilder::minimum);
    case Op::maximum:
        return pair(&DatapathBuilder::maximum);
    case Op::divide:
        return divide(id, part);
    case Op::negate:
        return builder_.negate(operand());
    case Op::absolute:
        return builder_.absolute(operand());
    case Op::square:
        return integer_power(operand(), 2.0);
    case Op::cube:
        return integer_power(operand(), 3.0);
    case Op::power:
        return power(part);
    case Op::relu: {
        const NodeId a = operand();
        return builder_.maximum(a, builder_.constant(0, 0));
    }
    case Op::sign:
        return sign(operand());
    case Op::floor:
        return floor(operand());
    case Op::ceil:
        return builder_.negate(floor(builder_.negate(operand())));
    // Where one table of the composite misses the tolerance:
    case Op::sqrt_abs:
        return lower(parts_.call(Op::sqrt, parts_.call(Op::absolute, part.left)));
    case Op::log_abs:
        return lower(parts_.call(Op::log, parts_.call(Op::absolute, part.left)));
    case Op::log1p:
        return lower(parts_.call(Op::log, parts_.call(Op::add, part.left, parts_.constant(1.0))));
    default:
        return function(part, operand());
    }
}

NodeId Lowering::divide(PartId id, const Part& part) {
    const Part& denominator = parts_[part.right];
    if (denominator.has_variables()) {
        return lower(parts_.call(Op::multiply, part.left, parts_.call(Op::inverse, part.right)));
    }
    const double value = denominator.constant;
    const double reciprocal = 1.0 / value;
    if (!std::isfinite(reciprocal) || !std::isfinite(value)) {
        builder_.set_label(id);
        return builder_.refuse(Refusal::divisor_zero_or_infinite, value);
    }
    // The reciprocal keeps as many significant bits as a constant near 1 has.
    const int fraction = settings_.constant_fraction + std::max(0, ceil_log2(value));
    const NodeId numerator = lower(part.left);
    builder_.set_label(id);
    return builder_.multiply(numerator, builder_.rounded(reciprocal, fraction));
}

NodeId Lowering::power(const Part& part) {
    if (part.value != std::floor(part.value)) {
        return builder_.refuse(Refusal::exponent_not_whole);
    }
    if (part.value < 0) {
        return lower(parts_.call(Op::inverse, parts_.power(part.left, -part.value)));
    }
    return integer_power(lower(part.left), part.value);
}

NodeId Lowering::integer_power(NodeId base, double exponent) {
    if (exponent == 0.0) {
        return builder_.rounded(1.0, settings_.constant_fraction);
    }
    if (exponent == 1.0) {
        return base;
    }
    const NodeId half = integer_power(base, std::floor(exponent / 2));
    const NodeId square = builder_.multiply(half, half);
    return std::fmod(exponent, 2.0) == 1.0 ? builder_.multiply(square, base) : square;
}

NodeId Lowering::sign(NodeId a) {
    const NodeId minus = builder_.constant(-1, 0);
    const NodeId zero = builder_.constant(0, 0);
    const NodeId plus = builder_.constant(1, 0);
    return builder_.select(a, minus, builder_.select(builder_.negate(a), plus, zero));
}

NodeId Lowering::floor(NodeId a) {
    const BuilderNode& node = builder_[a];
    if (node.fraction <= 0) {
        return a;
    }
    const int integer = std::max(node.integer(), 1);
    return builder_.cast(a, fixed_format(integer, integer, node.is_signed()));
}

// Keeps the nodes that an output needs, and the tables in use.
void Lowering::prune(std::span<const NodeId> outputs) {
    const NodeId last = std::ranges::max(outputs);
    numbers_.assign(last + 1, 0);
    for (const NodeId node : outputs) {
        numbers_[node] = 1;
    }
    for (NodeId i = last + 1; i-- > 0;) {
        if (numbers_[i] != 0) {
            const BuilderNode& node = builder_[i];
            for (std::size_t k = 0; k < node.arity; ++k) {
                numbers_[node.operands[k]] = 1;
            }
        }
    }
    table_numbers_.clear();
    result_.nodes.clear();
    result_.labels.clear();
    result_.slices.clear();
    result_.tables.clear();
    result_.table_names.clear();
    for (NodeId i = 0; i <= last; ++i) {
        if (numbers_[i] != 0) {
            if (builder_[i].is_slice) {
                result_.slices.push_back(result_.nodes.size());
            }
            result_.labels.push_back(builder_[i].label);
            result_.nodes.push_back(pruned(builder_[i]));
            numbers_[i] = result_.nodes.size();
        }
    }
    result_.outputs.clear();
    result_.values.clear();
    constants_.resize(outputs.size());
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        result_.outputs.push_back(numbers_[outputs[k]] - 1);
        if (data_.is_ranges()) {
            continue;
        }
        const IntegerColumn column = builder_.values(outputs[k]);
        if (column.values != nullptr) {
            result_.values.emplace_back(column.values, data_.rows());
        } else {
            constants_[k].assign(data_.rows(), column.constant);
            result_.values.emplace_back(constants_[k]);
        }
    }
}

DatapathNode Lowering::pruned(const BuilderNode& node) {
    DatapathNode result{.kind = node.kind,
                        .operands = {},
                        .low = node.bounds.low,
                        .high = node.bounds.high,
                        .fraction = node.fraction,
                        .index = node.index,
                        .value = node.value,
                        .format = node.format};
    for (std::size_t k = 0; k < node.arity; ++k) {
        result.operands.push_back(numbers_[node.operands[k]] - 1);
    }
    if (node.kind == NodeKind::lookup) {
        table_numbers_.resize(std::max<std::size_t>(table_numbers_.size(), node.index + 1));
        if (table_numbers_[node.index] == 0) {
            const BuilderTable& table = builder_.table(node.index);
            result_.tables.push_back(table.entries);
            result_.table_names.push_back(table.name);
            table_numbers_[node.index] = result_.tables.size();
        }
        result.index = table_numbers_[node.index] - 1;
    }
    return result;
}

} // namespace lat_sr
