// Python's view of the lowering.
#include "bindings/bindings.hpp"
#include "bindings/records.hpp"

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
#include <nanobind/stl/variant.h>
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
#include <variant>
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
// What is refused of which part, with the value and the bits that a sentence about it names.
struct Refused {
    std::string reason;
    std::optional<Tree> part;
    double value = 0.0;
    int bits = 0;
};

struct LoweredFormulas {
    std::vector<NodeFields> nodes;
    std::vector<std::size_t> outputs;
    std::vector<TableFields> tables;
    std::vector<std::int64_t> labels; // of each node: place in `parts`, or -1
    std::vector<Tree> parts;
    std::vector<std::size_t> slices;
    nb::object values; // of the outputs on the data; None without data
};

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
    nb::object function;
    if (name.defined != TableName::no_function) {
        function = nb::cast(name.defined);
    } else if (name.part == TableName::no_part) {
        function = nb::cast(std::string(name.text));
    } else {
        function = nb::cast(Tree(lowering.formula(name.part)));
    }
    return {entries, std::move(function), std::string(name.suffix)};
}

nb::object values_of(const BoundLowering& bound, const Lowered& lowered) {
    const std::size_t rows = bound.data().rows();
    const std::size_t outputs = lowered.outputs.size();
    if (rows == 0) {
        return nb::none();
    }
    auto values = std::make_unique<std::int64_t[]>(rows * outputs);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t k = 0; k < outputs; ++k) {
            values[row * outputs + k] = lowered.values[k][row];
        }
    }
    return nb::cast(array_of<Integers>(std::move(values), {rows, outputs}));
}

nb::object lower(BoundLowering& bound, const std::vector<Tree>& trees) {
    const Lowered& lowered = bound(trees);
    const Lowering& lowering = bound.lowering();
    if (const RefusalDetails& refusal = lowered.refusal; refusal.reason != Refusal::none) {
        std::optional<Tree> part;
        if (refusal.label != no_label) {
            part = Tree(lowering.formula(refusal.label));
        }
        return nb::cast(Refused{.reason = std::string(text_of(refusal.reason)),
                                .part = std::move(part),
                                .value = refusal.value,
                                .bits = refusal.bits});
    }
    LoweredFormulas result{.outputs = lowered.outputs, .slices = lowered.slices, .values = values_of(bound, lowered)};
    result.nodes.reserve(lowered.nodes.size());
    std::ranges::transform(lowered.nodes, std::back_inserter(result.nodes), node_fields);
    for (std::size_t i = 0; i < lowered.tables.size(); ++i) {
        result.tables.push_back(table_fields(lowering, lowered.tables[i], lowered.table_names[i]));
    }
    std::map<std::uint32_t, std::int64_t> places{{no_label, -1}};
    for (const std::uint32_t label : lowered.labels) {
        const auto [place, is_new] = places.try_emplace(label, static_cast<std::int64_t>(result.parts.size()));
        if (is_new) {
            result.parts.emplace_back(lowering.formula(label));
        }
        result.labels.push_back(place->second);
    }
    return nb::cast(std::move(result));
}

std::vector<bool> lowerable(BoundLowering& bound, const std::vector<Tree>& trees) {
    const nb::gil_scoped_release without_gil;
    std::vector<bool> result;
    result.reserve(trees.size());
    for (const Tree& tree : trees) {
        result.push_back(bound({&tree, 1}).refusal.reason == Refusal::none);
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

// A tree of variable 0, or a Python function of arrays; whether interpolated.
using DefinedFields = std::vector<std::pair<std::variant<Tree, nb::callable>, bool>>;
// Operator, number of a function of the user's, and the table, or nothing where it cannot be used.
using TableOf = std::tuple<std::vector<std::int64_t>, int, std::int64_t, int>; // entries, fraction, lowest index, its
using ExplicitFields = std::vector<std::tuple<std::string, std::size_t, std::optional<TableOf>>>;

FormulaParts::Values values_of(const Tree& tree) {
    const auto parts = std::make_shared<FormulaParts>();
    const PartId part = parts->add(tree);
    return [parts, part](std::span<const double> x, std::span<double> out) { parts->evaluate(part, x, out); };
}

FormulaParts::Values values_of(const nb::callable& function) {
    return [function](std::span<const double> x, std::span<double> out) {
        const nb::gil_scoped_acquire gil;
        const nb::ndarray<nb::numpy, const double, nb::ndim<1>> argument(x.data(), {x.size()}, nb::handle());
        const auto values = nb::cast<Vector<double>>(function(argument));
        if (values.size() != out.size()) {
            throw std::invalid_argument("a function gave another number of values than it had arguments");
        }
        std::copy_n(values.data(), values.size(), out.data());
    };
}

void add_functions(LoweringSettings& settings, const DefinedFields& defined, const ExplicitFields& tables) {
    for (const auto& [function, is_interpolated] : defined) {
        DefinedFunction& added = settings.defined.emplace_back();
        added.implementation = is_interpolated ? Implementation::interp : Implementation::table;
        if (const Tree* tree = std::get_if<Tree>(&function)) {
            added.values = values_of(*tree);
        } else {
            added.values = values_of(std::get<nb::callable>(function));
        }
    }
    for (const auto& [name, number, table] : tables) {
        const Op op = operation_named(name);
        const std::size_t key = op == Op::defined ? operation_count + number : index_of(op);
        ExplicitTable& stated = settings.explicit_tables[key];
        stated.identity = key;
        if (table) {
            stated.is_usable = true;
            std::tie(stated.entries, stated.entry_fraction, stated.low, stated.fraction) = *table;
        }
    }
}

std::unique_ptr<BoundLowering> make_lowering(const Matrix<std::int64_t>& X, const FormatFields& precision,
                                             int constant_fraction, double table_tolerance,
                                             const Implementations& interpolated, const Limits& limits,
                                             const DefinedFields& defined, const ExplicitFields& tables) {
    LoweringSettings settings = make_settings(constant_fraction, table_tolerance, interpolated, limits);
    add_functions(settings, defined, tables);
    return std::make_unique<BoundLowering>(settings, make_data(X, precision));
}

std::unique_ptr<BoundLowering> make_lowering_of_ranges(const std::vector<std::pair<std::int64_t, std::int64_t>>& ranges,
                                                       const FormatFields& precision, int constant_fraction,
                                                       double table_tolerance, const Implementations& interpolated,
                                                       const Limits& limits, const DefinedFields& defined,
                                                       const ExplicitFields& tables) {
    LoweringSettings settings = make_settings(constant_fraction, table_tolerance, interpolated, limits);
    add_functions(settings, defined, tables);
    std::vector<Interval> intervals;
    intervals.reserve(ranges.size());
    for (const auto& [low, high] : ranges) {
        intervals.emplace_back(low, high);
    }
    return std::make_unique<BoundLowering>(settings, IntegerData(make_format(precision), std::move(intervals)));
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
    bind_result(module, "Refused", "Why a formula cannot be put into fixed point.", field("reason", &Refused::reason),
                field("part", &Refused::part), field("value", &Refused::value), field("bits", &Refused::bits));
    bind_result(module, "LoweredFormulas", "A datapath, and its outputs on the data.",
                field("nodes", &LoweredFormulas::nodes), field("outputs", &LoweredFormulas::outputs),
                field("tables", &LoweredFormulas::tables), field("labels", &LoweredFormulas::labels),
                field("parts", &LoweredFormulas::parts), field("slices", &LoweredFormulas::slices),
                field("values", &LoweredFormulas::values));
    nb::class_<BoundLowering>(module, "Lowering")
        .def(nb::new_(&make_lowering), "X"_a.noconvert(), "precision"_a, nb::kw_only(), "constant_fraction"_a,
             "table_tolerance"_a, "interpolated"_a, "limits"_a, "defined"_a = DefinedFields{},
             "explicit_tables"_a = ExplicitFields{})
        .def(nb::new_(&make_lowering_of_ranges), "ranges"_a, "precision"_a, nb::kw_only(), "constant_fraction"_a,
             "table_tolerance"_a, "interpolated"_a, "limits"_a, "defined"_a = DefinedFields{},
             "explicit_tables"_a = ExplicitFields{})
        .def("lower", &lower, "trees"_a, nb::sig("def lower(self, trees: Sequence[Tree]) -> LoweredFormulas | Refused"))
        .def("lowerable", &lowerable, "trees"_a);
}

} // namespace lat_sr::python
