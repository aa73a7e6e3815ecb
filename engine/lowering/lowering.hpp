// Lowering: formulas to one fixed-point datapath with shared parts and exact bit growth, and its values on the data.
#pragma once

#include "datapath/builder.hpp"
#include "datapath/fixed_point.hpp"
#include "datapath/integer_data.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/range_reduction.hpp"
#include "lowering/table_functions.hpp"
#include "tree/tree.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lat_sr {

// A table of stated entries, over the arguments from `low` on in units of 2**-fraction.
struct ExplicitTable {
    bool is_usable = false;
    std::vector<std::int64_t> entries;
    int entry_fraction = 0;
    std::int64_t low = 0;
    int fraction = 0;
    std::uint64_t identity = 0; // another one for every other table
};

struct DefinedFunction {
    FormulaParts::Values values;
    Implementation implementation = Implementation::table;
};

struct LoweringSettings {
    int constant_fraction = 0;    // bits to which constants are rounded
    double table_tolerance = 4.0; // root mean square error of one table, in units of the precision's last bit
    std::array<Implementation, operation_count> implementations{};
    WidthLimits limits;
    std::vector<DefinedFunction> defined;
    // By operator, and behind these by function of the user's.
    std::map<std::size_t, ExplicitTable> explicit_tables;
};

// Valid until the next call of the lowering. Only `refusal` is meaningful if there is one.
struct Lowered {
    RefusalDetails refusal;
    std::vector<DatapathNode> nodes;
    std::vector<std::uint32_t> labels; // of the nodes: part of the formula, or no_label
    std::vector<std::size_t> slices;   // nodes that cut bits out by design
    std::vector<std::size_t> outputs;
    std::vector<std::vector<std::int64_t>> tables;
    std::vector<TableName> table_names;
    // Of each output, one a row: what the hardware computes, in units of the precision's last bit.
    std::vector<std::span<const std::int64_t>> values; // without data none
};

// Owns its scratch memory; one instance a thread. The data give the ports' precision and outlive the lowering. Tables
// come out as Python's only if the rows are in the same order.
class Lowering {
public:
    // Once the flag, if there is one, is set, lowering ends with `Interrupted`.
    Lowering(const LoweringSettings& settings, const IntegerData& data, const std::atomic<bool>* interrupted = nullptr);
    Lowering(const Lowering&) = delete;
    Lowering& operator=(const Lowering&) = delete;

    // The variables of the trees are columns of the data.
    const Lowered& operator()(std::span<const Tree> outputs);

    // The formula that a table's name stands for.
    [[nodiscard]] std::vector<Node> formula(std::uint32_t part) const { return parts_.formula(part); }

private:
    NodeId output(PartId part);
    NodeId lower(PartId part);
    std::optional<NodeId> fused(PartId part, int guard);
    NodeId structural(PartId part);
    NodeId function(const Part& part, NodeId operand);
    NodeId stated(const ExplicitTable& table, std::string_view name, int defined, NodeId operand);
    [[nodiscard]] const ExplicitTable* explicit_table(const Part& part) const;
    [[nodiscard]] bool has_explicit_table(PartId part) const;
    NodeId divide(PartId id, const Part& part);
    NodeId power(const Part& part);
    NodeId integer_power(NodeId base, double exponent);
    NodeId sign(NodeId a);
    NodeId floor(NodeId a);
    [[nodiscard]] TableStyle style(const Part& part, int guard) const;
    void prune(std::span<const NodeId> outputs);
    [[nodiscard]] DatapathNode pruned(const BuilderNode& node);

    LoweringSettings settings_;
    const IntegerData& data_;
    FormulaParts parts_;
    DatapathBuilder builder_;
    TableFunctions tables_;
    RangeReduction reduction_;
    std::vector<NodeId> lowered_; // by part; 0 of those to come
    std::vector<NodeId> outputs_;
    std::vector<std::size_t> numbers_;                 // of the nodes kept, from 1; 0 of the others
    std::vector<std::size_t> table_numbers_;           // likewise
    std::vector<std::vector<std::int64_t>> constants_; // values of constant outputs
    Lowered result_;
};

} // namespace lat_sr
