// Unary functions as one lookup, or as a lookup with interpolation. The definition is lat_sr/datapath/functions.py.
#pragma once

#include "datapath_builder.hpp"
#include "float_functions.hpp"
#include "formula_parts.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lat_sr {

inline constexpr int maximum_index_bits = 12;          // 4096 entries: 64 six-input LUTs per output bit
inline constexpr int maximum_result_bits = 24;         // of a table; wider results lose fraction bits
inline constexpr int interpolation_argument_bits = 18; // one DSP48E2 port

enum class Implementation : std::uint8_t { table, interp };

struct TableStyle {
    Implementation implementation = Implementation::table;
    double tolerance = 4.0; // root mean square error of one table, in units of 2**-fraction
    int fraction = 0;       // of the precision
    int guard = 2;          // further fraction bits of a result that other operators still use

    [[nodiscard]] int result_fraction() const { return fraction + guard; }
};

// scale * (function(argument_scale * x + argument_offset) + offset)
struct AffineFunction {
    FloatFunction function = nullptr;
    std::uint64_t identity = 0; // of the function
    double argument_scale = 1.0;
    double argument_offset = 0.0;
    double offset = 0.0;
    double scale = 1.0;
};

// What a table holds: a part of the formula, or a function of its own.
struct TableFunction {
    TableName name;
    AffineFunction affine; // where the name has no part

    static TableFunction of_part(PartId part) { return {.name = {.part = part, .text = {}, .suffix = {}}}; }
    static TableFunction of(std::string_view name, const AffineFunction& affine) {
        return {.name = {.text = name, .suffix = {}}, .affine = affine};
    }
};

// Owns its scratch memory; one instance a thread. Plans are kept from one formula to the next.
class TableFunctions {
public:
    TableFunctions(DatapathBuilder& builder, FormulaParts& parts) : builder_(builder), parts_(parts) {}

    // Node of the function with the fewest entries whose error on the data is within the style's tolerance. Nothing if
    // even the largest table misses it and the function is not `required`.
    std::optional<NodeId> lookup(NodeId operand, const TableFunction& function, const TableStyle& style, bool required);

    // Least and largest finite value of a function on the data of a node; nothing if there is none.
    std::optional<std::pair<double, double>> range(NodeId operand, const AffineFunction& function);

private:
    // The smallest format that covers the range seen of a value, in the value's own units.
    struct Covering {
        Interval seen;
        int width = 0;
        int integer = 0;
        bool is_signed = false;

        [[nodiscard]] std::int64_t first() const { return is_signed ? -(std::int64_t{1} << (width - 1)) : 0; }
    };
    struct Entries {
        std::vector<std::int32_t> values;
        int fraction = 0;
    };
    struct Plan {
        bool interpolated = false;
        int coarse = 0; // bits dropped from the argument altogether
        int drop = 0;   // further bits, which an interpolation uses and a direct table drops too
        Entries values;
        Entries slopes;
        int result_fraction = 0;
        std::uint64_t identity = 0;

        [[nodiscard]] std::size_t size() const {
            return sizeof(Plan) + 4 * (values.values.size() + slopes.values.size());
        }
    };
    using SharedPlan = std::shared_ptr<const Plan>; // null: no table meets the tolerance

    [[nodiscard]] std::uint64_t identity(NodeId operand, const TableFunction& function, const TableStyle& style,
                                         bool required) const;
    [[nodiscard]] const SharedPlan* remembered(std::uint64_t identity);
    void remember(std::uint64_t identity, const SharedPlan& plan);

    [[nodiscard]] Covering covering(NodeId operand);
    std::shared_ptr<Plan> make_plan(NodeId operand, const TableFunction& function, const TableStyle& style,
                                    bool required);
    void evaluate(const TableFunction& function, std::span<const double> x, std::vector<double>& out);
    void sample(NodeId operand);
    void sample_truth(NodeId operand, const TableFunction& function);
    bool evaluate_cells(const TableFunction& function, double first, double step, std::size_t count,
                        std::vector<double>& out);
    int fit_seen_range(const Covering& covering, int drop, const TableStyle& style, std::vector<double>& values) const;
    bool make_direct(const Covering& covering, const TableFunction& function, double unit, int index_bits,
                     const TableStyle& style, Plan& plan);
    bool make_interpolated(const Covering& covering, const TableFunction& function, double unit, int index_bits,
                           const TableStyle& style, Plan& plan);
    bool within_tolerance(const Covering& covering, const Plan& plan, double limit);

    NodeId emit(NodeId operand, const TableFunction& function, const Plan& plan);
    NodeId cast_to_covering(NodeId operand, const Covering& covering, int drop);
    NodeId lookup_part(NodeId index, const TableName& name, const Entries& entries, std::uint64_t identity,
                       const Covering& covering, int drop);

    static constexpr std::size_t memory_limit = std::size_t{8} << 20U; // bytes of each half of the plans

    DatapathBuilder& builder_;
    FormulaParts& parts_;
    // Plans of the recent formulas, and those before: the older half is forgotten when the newer one is full.
    std::unordered_map<std::uint64_t, SharedPlan> newer_;
    std::unordered_map<std::uint64_t, SharedPlan> older_;
    std::size_t memory_ = 0;

    std::vector<std::int64_t> samples_; // integers of the operand on which an error is judged
    std::vector<double> truth_;
    std::vector<double> arguments_;
    std::vector<double> errors_;
    std::vector<double> left_;
    std::vector<double> right_;
    std::vector<double> middle_;
    std::vector<double> slopes_;
    std::vector<double> scaled_;
    std::vector<std::size_t> defined_;
};

} // namespace lat_sr
