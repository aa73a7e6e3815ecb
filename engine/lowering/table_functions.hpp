// Puts functions into a datapath as tables, and keeps the tables' plans from one formula to the next.
#pragma once

#include "datapath/builder.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/table_function.hpp"
#include "lowering/table_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

namespace lat_sr {

// Owns its scratch memory; one instance a thread.
class TableFunctions {
public:
    TableFunctions(DatapathBuilder& builder, FormulaParts& parts)
        : builder_(builder), parts_(parts), planner_(builder, parts) {}

    // Node of the function with the fewest entries whose error on the data is within the style's tolerance. Nothing if
    // even the largest table misses it and the function is not `required`.
    std::optional<NodeId> lookup(NodeId operand, const TableFunction& function, const TableStyle& style, bool required);

private:
    using SharedPlan = std::shared_ptr<const TablePlan>; // null: no table meets the tolerance

    SharedPlan plan(NodeId operand, const TableFunction& function, const TableStyle& style, bool required,
                    std::uint64_t identity);
    void remember(std::uint64_t identity, const SharedPlan& plan);
    NodeId emit(NodeId operand, const TableFunction& function, const TablePlan& plan, std::uint64_t identity);
    NodeId lookup_part(NodeId index, const TableName& name, const TableEntries& entries, std::uint64_t identity,
                       std::int64_t first);

    static constexpr std::size_t memory_limit = std::size_t{8} << 20U; // bytes of each half of the plans

    DatapathBuilder& builder_;
    FormulaParts& parts_;
    TablePlanner planner_;
    // Plans of the recent formulas, and those before: the older half is forgotten when the newer one is full.
    std::unordered_map<std::uint64_t, SharedPlan> newer_;
    std::unordered_map<std::uint64_t, SharedPlan> older_;
    std::size_t memory_ = 0;
};

} // namespace lat_sr
