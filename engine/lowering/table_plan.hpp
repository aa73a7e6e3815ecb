// The smallest table, direct or with interpolation, that holds a function within a tolerance. Both are textbook methods
// (J.-M. Muller, Elementary Functions, 3rd ed., chapter 5).
#pragma once

#include "datapath/builder.hpp"
#include "kernels/float_kernels.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/function_values.hpp"
#include "lowering/table_function.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lat_sr {

inline constexpr int maximum_result_bits = 24;         // of a table; wider results lose fraction bits
inline constexpr int interpolation_argument_bits = 18; // one DSP48E2 port

// The smallest format that covers the range seen of a value, in the value's own units.
struct Covering {
    Interval seen;
    int width = 0;
    int integer = 0;
    bool is_signed = false;

    // Smallest integer of the format without its last `drop` bits.
    [[nodiscard]] std::int64_t first(int drop) const;
    // The format without its highest bits, in which what is beyond it saturates.
    [[nodiscard]] Covering narrowed(int bits) const;
};

// Of a node of the builder.
[[nodiscard]] Covering covering(DatapathBuilder& builder, NodeId node);

struct TableEntries {
    std::vector<std::int32_t> values;
    int fraction = 0;
};

struct TablePlan {
    int narrowing = 0; // highest bits of the covering format that the argument saturates without
    int coarse = 0;    // bits dropped from the argument altogether
    int drop = 0;      // further bits, dropped too or interpolated
    bool interpolated = false;
    TableEntries values;
    TableEntries slopes;
    int result_fraction = 0; // of an interpolation

    [[nodiscard]] std::size_t bytes() const {
        return sizeof(TablePlan) + sizeof(std::int32_t) * (values.values.size() + slopes.values.size());
    }
};

// Owns its scratch memory; one instance a thread.
class TablePlanner {
public:
    TablePlanner(DatapathBuilder& builder, FormulaParts& parts) : builder_(builder), values_(parts) {}

    // Null if even the largest table misses the tolerance and the function is not `required`. Refuses the formula if
    // the function has no finite value.
    std::shared_ptr<const TablePlan> operator()(NodeId operand, const TableFunction& function, const TableStyle& style,
                                                bool required);

private:
    bool smallest(const Covering& covering, double unit, int fewest, int most, const TableStyle& style, double limit,
                  TablePlan& plan);
    int narrowing(const Covering& covering, double unit, double limit);
    bool direct(const Covering& covering, double unit, int index_bits, const TableStyle& style, TablePlan& plan);
    bool interpolated(const Covering& covering, double unit, int index_bits, const TableStyle& style, TablePlan& plan);
    bool defined(std::span<const double> cells, std::vector<double>& out) const;
    int fit_seen_range(const Covering& covering, int drop, const TableStyle& style, std::vector<double>& values) const;
    [[nodiscard]] double largest_magnitude(std::span<const double> values) const;
    void round(std::span<const double> values, int fraction, TableEntries& entries) const;
    bool within_tolerance(const Covering& covering, const TablePlan& plan, double limit);

    DatapathBuilder& builder_;
    FunctionValues values_;
    const FloatKernels& kernels_ = float_kernels();
    std::vector<double> left_;
    std::vector<double> right_;
    std::vector<double> middle_;
    std::vector<double> slopes_;
    std::vector<double> results_;
    std::vector<double> errors_;
    std::vector<std::int64_t> arguments_; // samples as they saturate
};

} // namespace lat_sr
