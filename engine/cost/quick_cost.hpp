// What a tree costs on the target, before it is evaluated. The rules are written down in lat_sr/search/costmodel.py.
#pragma once

#include "tree/fusion.hpp"
#include "tree/operators.hpp"
#include "tree/tree.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lat_sr {

enum class Primitive : std::uint8_t {
    add,
    add_constant,
    subtract,
    negate,
    absolute,
    minimum,
    maximum,
    relu,
    sign,
    floor,
    ceil,
    output_cast,
};
inline constexpr std::size_t primitive_count = 12;
inline constexpr std::array<std::string_view, primitive_count> primitive_names{
    "add",     "add_constant", "subtract", "negate", "absolute", "minimum",
    "maximum", "relu",         "sign",     "floor",  "ceil",     "output_cast"};

struct WidthCost {
    std::vector<double> delay_ps;
    std::vector<double> lut;
};

struct GridCost {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<double> delay_ps;
    std::vector<double> lut;
    std::vector<double> dsp;
};

struct FunctionCost {
    std::vector<double> segments_ps;
    double lut = 0.0;
    double dsp = 0.0;
    double bram = 0.0;
    double low = 0.0;
    double high = 0.0;
    int fraction = 0;
};

struct CostModel {
    double available_ps = 0.0;
    double register_ps = 0.0;
    std::vector<double> input_low;
    std::vector<double> input_high;
    int input_fraction = 0;
    double output_low = 0.0;
    double output_high = 0.0;
    int output_fraction = 0;
    int constant_fraction = 0;
    int width_limit = 48;
    int multiplicand_limit = 27;
    int multiplier_limit = 18;
    std::array<WidthCost, primitive_count> primitives;
    GridCost multiply;
    GridCost scale;
    std::array<std::optional<FunctionCost>, operation_count> functions;
    FunctionCost fused;

    // What operations may take between two registers.
    [[nodiscard]] double cycle_ps() const { return std::fmax(available_ps - register_ps, 0.0); }
};

struct Cost {
    int latency = 1;       // clock cycles
    double delay_ps = 0.0; // combinational, without registers
    double lut = 0.0;
    double dsp = 0.0;
    double bram = 0.0;
};

struct Budget {
    double latency = std::numeric_limits<double>::infinity();
    double lut = std::numeric_limits<double>::infinity();
    double dsp = std::numeric_limits<double>::infinity();

    [[nodiscard]] bool limited() const { return std::isfinite(latency) || std::isfinite(lut) || std::isfinite(dsp); }
    [[nodiscard]] bool allows(const Cost& cost) const {
        return cost.latency <= latency && cost.lut <= lut && cost.dsp <= dsp;
    }
};

// Owns its scratch memory; one instance a thread.
class CostEstimator {
public:
    explicit CostEstimator(const CostModel& model) : model_(model) {}

    // Throws std::invalid_argument for a function that the model lacks or a variable it does not know.
    Cost operator()(const Tree& tree);
    // Of the last tree: when a node's value is there, counted from the inputs in cycles of CostModel::cycle_ps().
    // Inside a part that is one lookup, 0.
    [[nodiscard]] double time_ps(std::size_t i) const { return values_[i].cycle * model_.cycle_ps() + values_[i].ps; }
    // Of the last tree: what a node takes on top of its operands, one delay after the other, none of them split by a
    // register.
    [[nodiscard]] std::span<const double> delays_ps(std::size_t i) const {
        return std::span(delays_ps_).subspan(first_delay_[i], first_delay_[i + 1] - first_delay_[i]);
    }
    // The same for the cast to an output.
    [[nodiscard]] std::span<const double> output_delays_ps(std::size_t output) const {
        return delays_ps(values_.size() + output);
    }

private:
    struct Value {
        bool constant = false;
        double value = 0.0; // of a constant
        double low = 0.0;
        double high = 0.0;
        int fraction = 0;
        int cycle = 0;
        double ps = 0.0;    // within the cycle
        double delay = 0.0; // since the inputs, without registers
        std::uint64_t hash = 0;
    };
    struct Price {
        double lut = 0.0;
        double dsp = 0.0;
        double bram = 0.0;
    };

    Value node(const Tree& tree, std::size_t i);
    double fold(const Tree& tree, std::size_t i);
    [[nodiscard]] Value variable(std::size_t index) const;
    [[nodiscard]] Value constant(double value) const { return constant(value, model_.constant_fraction); }
    static Value constant(double value, int fraction);
    Value aligned(Primitive primitive, Value a, Value b);
    Value unary(Primitive primitive, const Value& a);
    Value multiply(Value a, Value b);
    Value scale(Value a, double factor, int fraction);
    Value power(const Value& base, int exponent);
    Value function(const FunctionCost& cost, const Value& a, std::uint64_t identity);
    [[nodiscard]] const FunctionCost& function_cost(Op op) const;

    // The tree's result behind its port.
    void output(Value result);
    // Unless an equal node was charged, of this output or another.
    void charge(std::uint64_t hash, const Price& price);
    // Puts the segments after the operands and charges the price.
    void finish(Value& result, std::span<const Value* const> operands, std::span<const double> segments,
                const Price& price);
    void place(Value& value, double delay);
    void narrow(Value& value, int limit) const;

    const CostModel& model_;
    FusionMarker fusion_;
    std::vector<Value> values_;
    std::vector<double> exact_; // of parts without variables, not rounded
    std::vector<std::uint64_t> charged_;
    std::vector<double> delays_ps_;
    std::vector<std::size_t> first_delay_; // of every node and every output, and the end
    std::vector<std::size_t> roots_;
    Cost cost_;
};

} // namespace lat_sr
