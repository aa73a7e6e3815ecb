#include "lowering/table_functions.hpp"

#include "tree/tree.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

namespace lat_sr {

namespace {

// Equal for equal tables of any two datapaths on the same data.
std::uint64_t identity_of(std::uint64_t operand, std::uint64_t function, const TableStyle& style, bool required) {
    std::uint64_t hash = mix_hash(operand, function);
    hash = mix_hash(hash, static_cast<std::uint64_t>(style.implementation));
    hash = mix_hash(hash, std::bit_cast<std::uint64_t>(style.tolerance));
    hash = mix_hash(hash, static_cast<std::uint64_t>(style.fraction));
    hash = mix_hash(hash, static_cast<std::uint64_t>(style.guard));
    return mix_hash(hash, required ? 1 : 0);
}

} // namespace

std::optional<NodeId> TableFunctions::lookup(NodeId operand, const TableFunction& function, const TableStyle& style,
                                             bool required) {
    const std::uint64_t identity = identity_of(builder_[operand].hash, function.identity(parts_), style, required);
    const SharedPlan found = builder_.refused() ? nullptr : plan(operand, function, style, required, identity);
    if (builder_.refused()) {
        return 0;
    }
    return found == nullptr ? std::nullopt : std::optional(emit(operand, function, *found, identity));
}

TableFunctions::SharedPlan TableFunctions::plan(NodeId operand, const TableFunction& function, const TableStyle& style,
                                                bool required, std::uint64_t identity) {
    if (const auto found = newer_.find(identity); found != newer_.end()) {
        return found->second;
    }
    SharedPlan plan;
    if (const auto found = older_.find(identity); found != older_.end()) {
        plan = found->second;
    } else {
        plan = planner_(operand, function, style, required);
    }
    if (!builder_.refused()) {
        remember(identity, plan);
    }
    return plan;
}

void TableFunctions::remember(std::uint64_t identity, const SharedPlan& plan) {
    const std::size_t bytes = plan == nullptr ? sizeof(TablePlan) : plan->bytes();
    if (memory_ + bytes > memory_limit) {
        older_ = std::move(newer_);
        newer_.clear();
        memory_ = 0;
    }
    newer_.emplace(identity, plan);
    memory_ += bytes;
}

NodeId TableFunctions::emit(NodeId operand, const TableFunction& function, const TablePlan& plan,
                            std::uint64_t identity) {
    const Covering format = covering(builder_, operand).narrowed(plan.narrowing);
    const int index_drop = plan.coarse + plan.drop;
    const std::int64_t first = format.first(index_drop);
    const int kept = format.width - (plan.interpolated ? plan.coarse : index_drop);
    const NodeId argument =
        builder_.cast(operand, fixed_format(kept, format.integer, format.is_signed, Quantization::trn, Overflow::sat));
    if (!plan.interpolated) {
        return lookup_part(argument, function.name, plan.values, identity, first);
    }
    const int fraction = builder_[argument].fraction;
    const NodeId index = builder_.cast(argument, fixed_format(kept - plan.drop, format.integer, format.is_signed));
    const NodeId rest = builder_.slice(argument, plan.drop, plan.drop - fraction);
    TableName name = function.name;
    name.suffix = " values";
    const NodeId value = lookup_part(index, name, plan.values, mix_hash(identity, 1), first);
    name.suffix = " slopes";
    const NodeId slope = lookup_part(index, name, plan.slopes, mix_hash(identity, 2), first);
    // The slope counts per step of the argument, so the rest is taken as an integer.
    const NodeId steps = builder_.scale(rest, 1.0, -fraction);
    const NodeId total = builder_.add(value, builder_.multiply(slope, steps));
    const int integer = std::max(builder_[total].integer(), 1 - plan.result_fraction);
    return builder_.cast(total, fixed_format(integer + plan.result_fraction, integer, builder_[total].is_signed()));
}

// Looks up in a table that covers the whole index format, cut to the bounds of the index node.
NodeId TableFunctions::lookup_part(NodeId index, const TableName& name, const TableEntries& entries,
                                   std::uint64_t identity, std::int64_t first) {
    if (builder_.refused()) {
        return 0;
    }
    const Interval bounds = builder_[index].bounds;
    const auto part = std::span(entries.values)
                          .subspan(static_cast<std::size_t>(bounds.low - first),
                                   static_cast<std::size_t>(bounds.high - bounds.low) + 1);
    if (std::ranges::all_of(part, [&](std::int32_t entry) { return entry == part.front(); })) {
        return builder_.constant(part.front(), entries.fraction);
    }
    return builder_.lookup(index, name, part, entries.fraction, identity);
}

} // namespace lat_sr
