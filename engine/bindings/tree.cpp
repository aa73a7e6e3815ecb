// Python's view of trees, their cost, their shape and their values.
#include "bindings/bindings.hpp"

#include "constants/fitting.hpp"
#include "constants/merging.hpp"
#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/scorer.hpp"
#include "kernels/instruction_sets.hpp"
#include "variation/grafting.hpp"
#include "variation/simplify.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

// A power is as many multiplications.
constexpr int largest_exponent = 65536;

Tree make_tree(const std::vector<std::pair<std::string, double>>& postfix, std::size_t outputs) {
    std::vector<Node> nodes;
    nodes.reserve(postfix.size());
    for (const auto& [name, value] : postfix) {
        if (name == "constant") {
            nodes.push_back(constant_node(value));
        } else if (name == "variable") {
            if (!(value >= 0.0 && value <= std::numeric_limits<std::uint16_t>::max())) {
                throw std::invalid_argument("a variable is a column from 0 to 65535");
            }
            nodes.push_back(variable_node(static_cast<std::size_t>(value)));
        } else {
            const Op op = operation_named(name);
            if (op == Op::power && !(std::fabs(value) <= largest_exponent)) {
                throw std::invalid_argument("the engine's exponents go from -" + std::to_string(largest_exponent) +
                                            " to " + std::to_string(largest_exponent));
            }
            nodes.push_back(operation_node(op, value));
        }
    }
    return Tree(std::move(nodes), outputs);
}

std::vector<std::pair<std::string, double>> postfix_of(const Tree& tree) {
    std::vector<std::pair<std::string, double>> result;
    for (const Node& node : tree.nodes()) {
        const double value = node.op == Op::variable ? static_cast<double>(node.variable) : node.value;
        result.emplace_back(operation(node.op).name, value);
    }
    return result;
}

template <class T> std::vector<T> evaluate(const Tree& tree, const Matrix<T>& X, std::size_t threads) {
    check_tree(tree, X.shape(1), 1);
    const std::vector<T> zeros(X.shape(0));
    const Data<T> data(std::span<const T>(X.data(), X.size()), zeros, {}, X.shape(1), Data<T>::keep_order);
    Evaluator<T> evaluator(data, {}, nullptr, threads);
    std::vector<T> out(X.shape(0));
    if (!evaluator.predict(tree, data.all(), out)) {
        out.assign(out.size(), std::numeric_limits<T>::quiet_NaN());
    }
    return out;
}

template <class T>
double loss(const Tree& tree, const Matrix<T>& X, const Targets<T>& y, const std::vector<T>& weights, const Loss& kind,
            double parameter, double value_limit, std::size_t threads) {
    const Data<T> data = make_data(X, y, std::span<const T>(weights), Data<T>::keep_order);
    check_tree(tree, data.features(), data.outputs());
    Evaluator<T> evaluator(data, make_objective(kind, parameter, value_limit), nullptr, threads);
    return evaluator.loss(tree, data.all());
}

template <class T>
std::tuple<double, std::vector<double>, std::vector<double>> derivatives(const Tree& tree, const Matrix<T>& X,
                                                                         const Targets<T>& y, const Loss& kind,
                                                                         double parameter, std::size_t threads) {
    const Data<T> data = make_data(X, y, {}, Data<T>::keep_order);
    check_tree(tree, data.features(), data.outputs());
    Evaluator<T> evaluator(data, make_objective(kind, parameter), nullptr, threads);
    std::vector<std::size_t> positions;
    tree.constants(positions);
    Derivatives result;
    evaluator.derivatives(tree, positions, data.all(), Order::second, result);
    return {result.loss, result.gradient, result.curvature};
}

template <class T>
std::tuple<Tree, double, double> fit(const Tree& tree, const Matrix<T>& X, const Targets<T>& y, const Loss& kind,
                                     double parameter, int steps, std::optional<FitMethod> method) {
    const Data<T> data = make_data(X, y, {}, Data<T>::keep_order);
    check_tree(tree, data.features(), data.outputs());
    Evaluator<T> evaluator(data, make_objective(kind, parameter));
    ConstantFitter<T> fitter(evaluator);
    Tree fitted = tree;
    const double reached = fitter.fit(fitted, data.all(), steps, method);
    return {fitted, reached, evaluator.work()};
}

// The tree with a scion at a node, and how the expansion there says that the mean loss changes.
template <class T>
std::pair<Tree, double> graft(const Tree& tree, std::size_t node, const Tree& scion, GraftForm form, const Matrix<T>& X,
                              const Targets<T>& y, const Loss& kind, double parameter) {
    if (node >= tree.length()) {
        throw std::invalid_argument("the tree has " + std::to_string(tree.length()) + " nodes");
    }
    const Data<T> data = make_data(X, y, {}, Data<T>::keep_order);
    check_tree(tree, data.features(), data.outputs());
    check_tree(scion, data.features(), 1);
    Evaluator<T> evaluator(data, make_objective(kind, parameter));
    LossExpansion<T> expansion(data.rows());
    std::vector<T> column(data.rows());
    if (!evaluator.predict(scion, data.all(), column) || !expansion.expand(tree, node, data.all(), evaluator)) {
        throw std::invalid_argument("the tree or the scion is not finite on this data");
    }
    const Graft found = expansion.graft(column.data(), form);
    Tree result = tree;
    result.replace(node, grafted(tree.subtree(node), scion.nodes(), form, found));
    return {result, found.change / data.weight(data.all())};
}

template <class T>
std::unique_ptr<Scorer<T>> make_scorer(const Matrix<T>& X, const Targets<T>& y, const std::string& kind,
                                       double parameter, double value_limit) {
    return std::make_unique<Scorer<T>>(make_data(X, y, {}, Data<T>::keep_order),
                                       make_objective(kind, parameter, value_limit));
}

template <class T> void bind_scorer(nb::module_& module, const char* name) {
    nb::class_<Scorer<T>>(module, name)
        .def(nb::new_(&make_scorer<T>), "X"_a.noconvert(), "y"_a.noconvert(), "kind"_a, "parameter"_a, "value_limit"_a)
        .def(
            "losses",
            [](Scorer<T>& scorer, const std::vector<Tree>& trees, std::size_t threads) {
                for (const Tree& tree : trees) {
                    check_tree(tree, scorer.features(), scorer.outputs());
                }
                const nb::gil_scoped_release without_gil;
                return scorer.losses(trees, threads);
            },
            "trees"_a, "threads"_a);
}

template <class T> void bind_values(nb::module_& module) {
    module.def("evaluate", &evaluate<T>, "tree"_a, "X"_a.noconvert(), "threads"_a = 1);
    module.def("loss", &loss<T>, "tree"_a, "X"_a.noconvert(), "y"_a.noconvert(), "weights"_a, "kind"_a, "parameter"_a,
               "value_limit"_a, "threads"_a = 1);
    module.def("derivatives", &derivatives<T>, "tree"_a, "X"_a.noconvert(), "y"_a.noconvert(), "kind"_a, "parameter"_a,
               "threads"_a = 1);
    module.def("fit_constants", &fit<T>, "tree"_a, "X"_a.noconvert(), "y"_a.noconvert(), "kind"_a, "parameter"_a,
               "steps"_a, "method"_a = nb::none());
    module.def("graft", &graft<T>, "tree"_a, "node"_a, "scion"_a, "form"_a, "X"_a.noconvert(), "y"_a.noconvert(),
               "kind"_a, "parameter"_a);
}

} // namespace

void check_tree(const Tree& tree, std::size_t features, std::size_t outputs) {
    if (tree.outputs() != outputs) {
        throw std::invalid_argument("the tree has " + std::to_string(tree.outputs()) + " outputs for targets with " +
                                    std::to_string(outputs) + " columns");
    }
    for (const Node& node : tree.nodes()) {
        if (node.op == Op::variable && node.variable >= features) {
            throw std::invalid_argument("the tree uses variable " + std::to_string(node.variable) + " of data with " +
                                        std::to_string(features) + " columns");
        }
    }
}

Op operation_named(const std::string& name) {
    const auto op = find_operation(name);
    if (!op) {
        throw std::invalid_argument("the engine has no operator " + name);
    }
    return *op;
}

void bind_trees(nb::module_& module) {
    module.def("operator_names", [] {
        std::vector<std::string> names;
        for (std::size_t i = index_of(Op::add); i < index_of(Op::defined); ++i) {
            names.emplace_back(operations[i].name);
        }
        return names;
    });
    module.def("instruction_set", [] { return std::string(instruction_set().name); });
    nb::class_<Tree>(module, "Tree")
        .def(
            "__init__",
            [](Tree* self, const std::vector<std::pair<std::string, double>>& postfix, std::size_t outputs) {
                new (self) Tree(make_tree(postfix, outputs));
            },
            "postfix"_a, "outputs"_a = 1)
        .def_prop_ro("outputs", &Tree::outputs)
        .def_prop_ro("postfix", &postfix_of)
        .def_prop_ro("size", &Tree::complexity)
        .def_prop_ro("depth", &Tree::depth)
        .def("simplified", [](const Tree& tree) { return simplified(tree); })
        .def("with_merged_constants", [](Tree tree) {
            ConstantMerger().merge(tree);
            return tree;
        });
    nb::enum_<FitMethod>(module, "FitMethod", "How constants are fitted.")
        .value("gauss_newton", FitMethod::gauss_newton)
        .value("bfgs", FitMethod::bfgs);
    nb::enum_<GraftForm>(module, "GraftForm", "What becomes of the part that a scion is grafted on.")
        .value("exchanged", GraftForm::exchanged)
        .value("scaled", GraftForm::scaled)
        .value("shifted", GraftForm::shifted)
        .value("added", GraftForm::added)
        .value("multiplied", GraftForm::multiplied);
    bind_values<float>(module);
    bind_values<double>(module);
    bind_scorer<float>(module, "ScorerFloat");
    bind_scorer<double>(module, "ScorerDouble");
    module.def(
        "roofline",
        [](const std::vector<std::string>& names, double seconds, std::size_t threads) {
            std::vector<Op> operations;
            operations.reserve(names.size());
            for (const std::string& name : names) {
                operations.push_back(operation_named(name));
            }
            const nb::gil_scoped_release without_gil;
            return roofline(operations, seconds, threads);
        },
        "operators"_a, "seconds"_a, "threads"_a);
}

} // namespace lat_sr::python
