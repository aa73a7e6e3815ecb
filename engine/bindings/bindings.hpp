// What the binding files share.
#pragma once

#include "datapath/fixed_point.hpp"
#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/user_loss.hpp"
#include "tree/constraints.hpp"
#include "tree/operators.hpp"
#include "tree/tree.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace lat_sr::python {

template <class T>
using Matrix = nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
template <class T>
using Vector = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// Rows, or rows and outputs.
template <class T> using Targets = nanobind::ndarray<const T, nanobind::c_contig, nanobind::device::cpu>;

// A name, or a Python callable.
using Loss = std::variant<std::string, std::shared_ptr<UserLoss>>;

// width, fraction, signed, quantization, overflow, low, high
using FormatFields = std::tuple<int, int, bool, int, int, std::int64_t, std::int64_t>;
// kind, operands, low, high, fraction, index, value, format of a cast
using NodeFields =
    std::tuple<int, std::vector<std::size_t>, std::int64_t, std::int64_t, int, std::size_t, std::int64_t, FormatFields>;

// Throws std::invalid_argument if X, y and weights do not have the same rows.
template <class T>
Data<T> make_data(const Matrix<T>& X, const Targets<T>& y, std::span<const T> weights, std::uint64_t seed) {
    const bool matrix = y.ndim() == 2;
    if ((!matrix && y.ndim() != 1) || X.shape(0) != y.shape(0) || y.size() == 0 ||
        (!weights.empty() && weights.size() != y.shape(0))) {
        throw std::invalid_argument("X, y and weights must have the same number of rows, at least one");
    }
    return Data<T>({X.data(), X.size()}, {y.data(), y.size()}, weights, X.shape(1), seed, matrix ? y.shape(1) : 1);
}
// Throws std::invalid_argument if the tree has other variables or outputs than the data.
void check_tree(const Tree& tree, std::size_t features, std::size_t outputs);

// Throws std::invalid_argument for an unknown mode.
FixedFormat make_format(const FormatFields& fields);

// Both throw std::invalid_argument (ValueError in Python) for an unknown name.
Op operation_named(const std::string& name);
Objective make_objective(const Loss& loss, double parameter,
                         double value_limit = std::numeric_limits<double>::infinity());

void bind_trees(nanobind::module_& module);
void bind_losses(nanobind::module_& module);
void bind_costs(nanobind::module_& module);
void bind_search(nanobind::module_& module);
void bind_datapath(nanobind::module_& module);
void bind_lowering(nanobind::module_& module);
void bind_circuits(nanobind::module_& module);

} // namespace lat_sr::python
