// Range reduction of unary functions: exp, log, sqrt and 1/x to one octave, sin and cos to one period. See
// J.-M. Muller, Elementary Functions, 3rd ed., chapter 11, for the identities.
#pragma once

#include "datapath/builder.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/function_values.hpp"
#include "lowering/table_function.hpp"
#include "lowering/table_functions.hpp"
#include "tree/operators.hpp"

#include <vector>

namespace lat_sr {

class RangeReduction {
public:
    RangeReduction(DatapathBuilder& builder, FormulaParts& parts, TableFunctions& tables)
        : builder_(builder), tables_(tables), values_(parts) {}

    [[nodiscard]] static bool has(Op op);
    // Of an operation that `has` one.
    NodeId operator()(Op op, NodeId a, const TableStyle& style);

private:
    struct Stage {
        NodeId condition = 0; // negative where the stage shifts
        int shift = 0;
    };

    NodeId reciprocal(NodeId a, const TableStyle& style);
    NodeId square_root(NodeId a, const TableStyle& style);
    NodeId logarithm(double unit, NodeId a, const TableStyle& style);
    NodeId exponential(NodeId a, const TableStyle& style);
    NodeId periodic(Op op, NodeId a, const TableStyle& style);

    [[nodiscard]] int magnitude_bits(NodeId a);
    NodeId normalised(NodeId a, int step);
    NodeId octave(NodeId mantissa, const TableFunction& function, const TableStyle& style);
    NodeId table(NodeId operand, const TableFunction& function, const TableStyle& style);
    NodeId to_result(NodeId result, NodeId argument, const AffineFunction& function, const TableStyle& style);

    DatapathBuilder& builder_;
    TableFunctions& tables_;
    FunctionValues values_;
    std::vector<Stage> stages_; // of the last normalisation
};

} // namespace lat_sr
