// Python's view of the lowering.
#include "bindings/bindings.hpp"

#include "cost/judge.hpp"
#include "datapath/integer_data.hpp"
#include "kernels/float_kernels.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/lowering.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

// A lowering with the data that it runs on.
class BoundLowering {
public:
    BoundLowering(const LoweringSettings& settings, IntegerData data)
        : data_(std::move(data)), lowering_(settings, data_) {}

    // Throws std::invalid_argument for no tree or an unknown variable.
    const Lowered& operator()(std::span<const Tree> trees) {
        if (trees.empty()) {
            throw std::invalid_argument("there is no formula to lower; pass at least one");
        }
        for (const Tree& tree : trees) {
            for (const Node& node : tree.nodes()) {
                if (node.op == Op::variable && node.variable >= data_.inputs()) {
                    throw std::invalid_argument("the tree uses variable " + std::to_string(node.variable) +
                                                " of data with " + std::to_string(data_.inputs()) + " columns");
                }
            }
        }
        return lowering_(trees);
    }
    [[nodiscard]] const Lowering& lowering() const { return lowering_; }
    [[nodiscard]] const IntegerData& data() const { return data_; }

private:
    IntegerData data_;
    Lowering lowering_;
};

using Integers = nb::ndarray<nb::numpy, std::int64_t, nb::ndim<2>>;
using Reals = nb::ndarray<nb::numpy, double, nb::ndim<1>>;
// entries, the formula that the table holds (as a tree, or else as a text), suffix
using TableFields = std::tuple<std::vector<std::int64_t>, nb::object, std::string>;
// refusal, nodes, outputs, tables, values by row
using LoweredFields =
    std::tuple<std::string, std::vector<NodeFields>, std::vector<std::size_t>, std::vector<TableFields>, nb::object>;

NodeFields node_fields(const DatapathNode& node) {
    const FixedFormat& format = node.format;
    return {static_cast<int>(node.kind),
            node.operands,
            node.low,
            node.high,
            node.fraction,
            node.index,
            node.value,
            {format.width, format.fraction, format.is_signed, static_cast<int>(format.quantization),
             static_cast<int>(format.overflow), format.low, format.high}};
}

// An array that owns its values.
template <class Array>
Array array_of(std::unique_ptr<typename Array::Scalar[]> values, std::initializer_list<std::size_t> shape) {
    auto* memory = values.release();
    const nb::capsule owner(memory,
                            [](void* pointer) noexcept { delete[] static_cast<typename Array::Scalar*>(pointer); });
    return Array(memory, shape, owner);
}

TableFields table_fields(const Lowering& lowering, const std::vector<std::int64_t>& entries, const TableName& name) {
    nb::object function =
        name.part == TableName::no_part ? nb::cast(std::string(name.text)) : nb::cast(Tree(lowering.formula(name)));
    return {entries, std::move(function), std::string(name.suffix)};
}

LoweredFields lower(BoundLowering& bound, const std::vector<Tree>& trees) {
    const Lowered& lowered = bound(trees);
    const std::string refusal(text_of(lowered.refusal));
    if (lowered.refusal != Refusal::none) {
        return {refusal, {}, {}, {}, nb::none()};
    }
    std::vector<NodeFields> nodes;
    nodes.reserve(lowered.nodes.size());
    std::ranges::transform(lowered.nodes, std::back_inserter(nodes), node_fields);
    std::vector<TableFields> tables;
    tables.reserve(lowered.tables.size());
    for (std::size_t i = 0; i < lowered.tables.size(); ++i) {
        tables.push_back(table_fields(bound.lowering(), lowered.tables[i], lowered.table_names[i]));
    }
    const std::size_t rows = bound.data().rows();
    const std::size_t outputs = lowered.outputs.size();
    auto values = std::make_unique<std::int64_t[]>(rows * outputs);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t k = 0; k < outputs; ++k) {
            values[row * outputs + k] = lowered.values[k][row];
        }
    }
    return {refusal, std::move(nodes), lowered.outputs, std::move(tables),
            nb::cast(array_of<Integers>(std::move(values), {rows, outputs}))};
}

std::vector<bool> lowerable(BoundLowering& bound, const std::vector<Tree>& trees) {
    const nb::gil_scoped_release without_gil;
    std::vector<bool> result;
    result.reserve(trees.size());
    for (const Tree& tree : trees) {
        result.push_back(bound({&tree, 1}).refusal == Refusal::none);
    }
    return result;
}

using Implementations = std::map<std::string, bool>; // whether interpolated
using Limits = std::tuple<int, int, int>;

LoweringSettings make_settings(int constant_fraction, double table_tolerance, const Implementations& interpolated,
                               const Limits& limits) {
    LoweringSettings settings{.constant_fraction = constant_fraction, .table_tolerance = table_tolerance};
    for (const auto& [name, is_interpolated] : interpolated) {
        settings.implementations[index_of(operation_named(name))] =
            is_interpolated ? Implementation::interp : Implementation::table;
    }
    settings.limits = {
        .node = std::get<0>(limits), .multiplicand = std::get<1>(limits), .multiplier = std::get<2>(limits)};
    return settings;
}

// Of port values, or of real ones, which it quantises.
template <class T> IntegerData make_data(const Matrix<T>& X, const FormatFields& precision) {
    return {make_format(precision), std::span<const T>(X.data(), X.size()), X.shape(1)};
}

std::unique_ptr<BoundLowering> make_lowering(const Matrix<std::int64_t>& X, const FormatFields& precision,
                                             int constant_fraction, double table_tolerance,
                                             const Implementations& interpolated, const Limits& limits) {
    return std::make_unique<BoundLowering>(make_settings(constant_fraction, table_tolerance, interpolated, limits),
                                           make_data(X, precision));
}

std::shared_ptr<CircuitModel> make_circuit_model(const Matrix<double>& X, const FormatFields& precision,
                                                 const DelayLibrary& library, double available_ps,
                                                 int constant_fraction, double table_tolerance,
                                                 const Implementations& interpolated, const Limits& limits) {
    return std::make_shared<CircuitModel>(
        CircuitModel{.lowering = make_settings(constant_fraction, table_tolerance, interpolated, limits),
                     .data = make_data(X, precision),
                     .library = library,
                     .available_ps = available_ps});
}

// Of a formula with at most one variable at x, as tables hold it.
Reals function_values(const Tree& tree, const Vector<double>& x) {
    FormulaParts parts;
    const PartId part = parts.add(tree);
    if (parts[part].variable == Part::several_variables) {
        throw std::invalid_argument("a function in a table has one variable");
    }
    auto values = std::make_unique<double[]>(x.size());
    parts.evaluate(part, {x.data(), x.size()}, {values.get(), x.size()});
    return array_of<Reals>(std::move(values), {x.size()});
}

Reals exp2(const Vector<double>& x) {
    auto values = std::make_unique<double[]>(x.size());
    float_kernels().exp2(x.data(), values.get(), x.size());
    return array_of<Reals>(std::move(values), {x.size()});
}

Integers quantise(const Matrix<double>& X, const FormatFields& precision) {
    const IntegerData data = make_data(X, precision);
    auto values = std::make_unique<std::int64_t[]>(X.size());
    for (std::size_t row = 0; row < data.rows(); ++row) {
        for (std::size_t input = 0; input < data.inputs(); ++input) {
            values[row * data.inputs() + input] = data.column(input)[row];
        }
    }
    return array_of<Integers>(std::move(values), {data.rows(), data.inputs()});
}

} // namespace

void bind_lowering(nb::module_& module) {
    module.def("quantise", &quantise, "X"_a.noconvert(), "precision"_a);
    module.def("function_values", &function_values, "tree"_a, "x"_a.noconvert());
    module.def("exp2", &exp2, "x"_a.noconvert());
    nb::class_<CircuitModel>(module, "CircuitModel")
        .def(nb::new_(&make_circuit_model), "X"_a.noconvert(), "precision"_a, "library"_a, "available_ps"_a,
             nb::kw_only(), "constant_fraction"_a, "table_tolerance"_a, "interpolated"_a, "limits"_a)
        .def(
            "cost",
            [](const CircuitModel& model, const std::vector<Tree>& trees) {
                const nb::gil_scoped_release without_gil;
                CircuitJudge judge(model);
                std::vector<std::optional<Cost>> costs;
                costs.reserve(trees.size());
                for (const Tree& tree : trees) {
                    costs.push_back(judge(tree));
                }
                return costs;
            },
            "trees"_a);
    nb::class_<BoundLowering>(module, "Lowering")
        .def(nb::new_(&make_lowering), "X"_a.noconvert(), "precision"_a, nb::kw_only(), "constant_fraction"_a,
             "table_tolerance"_a, "interpolated"_a, "limits"_a)
        .def("lower", &lower, "trees"_a)
        .def("lowerable", &lowerable, "trees"_a);
}

} // namespace lat_sr::python
