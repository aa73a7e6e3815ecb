// Python's view of the cost model.
#include "bindings/bindings.hpp"
#include "bindings/records.hpp"

#include "cost/quick_cost.hpp"
#include "cost/slack.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Widths = std::pair<std::vector<double>, std::vector<double>>; // delays, LUT

GridCost make_grid(const Matrix<double>& delay_ps, const Matrix<double>& lut, const Matrix<double>& dsp) {
    GridCost grid;
    grid.rows = delay_ps.shape(0);
    grid.columns = delay_ps.shape(1);
    grid.delay_ps.assign(delay_ps.data(), delay_ps.data() + delay_ps.size());
    grid.lut.assign(lut.data(), lut.data() + lut.size());
    grid.dsp.assign(dsp.data(), dsp.data() + dsp.size());
    if (grid.delay_ps.empty() || grid.lut.size() != grid.delay_ps.size() || grid.dsp.size() != grid.delay_ps.size()) {
        throw std::invalid_argument("the arrays of a grid cost must not be empty and have one shape");
    }
    return grid;
}

} // namespace

void bind_costs(nb::module_& module) {
    nb::class_<GridCost>(module, "GridCost").def(nb::new_(&make_grid), "delay_ps"_a, "lut"_a, "dsp"_a);
    bind_record<FunctionCost>(module, "FunctionCost", "What a table function costs.",
                              field("segments_ps", &FunctionCost::segments_ps), field("lut", &FunctionCost::lut),
                              field("dsp", &FunctionCost::dsp), field("bram", &FunctionCost::bram),
                              field("low", &FunctionCost::low), field("high", &FunctionCost::high),
                              field("fraction", &FunctionCost::fraction));
    nb::class_<CostModel>(module, "CostModel")
        .def(
            "__init__",
            [](CostModel* self, double available_ps, double register_ps, const std::vector<double>& input_low,
               const std::vector<double>& input_high, int input_fraction, double output_low, double output_high,
               int output_fraction, int constant_fraction, int width_limit, const std::pair<int, int>& multiply_limits,
               const std::map<std::string, Widths>& primitives, const GridCost& multiply, const GridCost& scale,
               const std::map<std::string, FunctionCost>& functions, const FunctionCost& fused) {
                CostModel model{.available_ps = available_ps,
                                .register_ps = register_ps,
                                .input_low = input_low,
                                .input_high = input_high,
                                .input_fraction = input_fraction,
                                .output_low = output_low,
                                .output_high = output_high,
                                .output_fraction = output_fraction,
                                .constant_fraction = constant_fraction,
                                .width_limit = width_limit,
                                .multiplicand_limit = multiply_limits.first,
                                .multiplier_limit = multiply_limits.second,
                                .primitives = {},
                                .multiply = multiply,
                                .scale = scale,
                                .functions = {},
                                .fused = fused};
                for (std::size_t i = 0; i < primitive_count; ++i) {
                    const auto found = primitives.find(std::string(primitive_names[i]));
                    if (found == primitives.end() || found->second.first.empty() || found->second.second.empty()) {
                        throw std::invalid_argument("the cost model lacks " + std::string(primitive_names[i]));
                    }
                    model.primitives[i] = {.delay_ps = found->second.first, .lut = found->second.second};
                }
                for (const auto& [name, function] : functions) {
                    model.functions[index_of(operation_named(name))] = function;
                }
                new (self) CostModel(std::move(model));
            },
            nb::kw_only(), "available_ps"_a, "register_ps"_a, "input_low"_a, "input_high"_a, "input_fraction"_a,
            "output_low"_a, "output_high"_a, "output_fraction"_a, "constant_fraction"_a, "width_limit"_a,
            "multiply_limits"_a, "primitives"_a, "multiply"_a, "scale"_a, "functions"_a, "fused"_a);
    bind_result<Cost>(module, "Cost", "What a formula's circuit costs.", field("latency_cycles", &Cost::latency),
                      field("delay_ps", &Cost::delay_ps), field("lut", &Cost::lut), field("dsp", &Cost::dsp),
                      field("bram", &Cost::bram));
    module.def(
        "cost", [](const Tree& tree, const CostModel& model) { return CostEstimator(model)(tree); }, "tree"_a,
        "model"_a);
    module.def(
        "slack_allows",
        [](const Tree& tree, std::size_t node, const Tree& part, const CostModel& model, double max_latency) {
            if (node >= tree.length()) {
                throw std::invalid_argument("the tree has " + std::to_string(tree.length()) + " nodes");
            }
            Slack slack(model, {.latency = max_latency});
            slack.measure(tree);
            return slack.allows(node, part.nodes());
        },
        "tree"_a, "node"_a, "part"_a, "model"_a, "max_latency"_a);
}

} // namespace lat_sr::python
