// What the binding files share.
#pragma once

#include "constraints.hpp"
#include "evaluation.hpp"
#include "fixed_point.hpp"
#include "operators.hpp"
#include "tree.hpp"
#include "user_loss.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace lat_sr::python {

template <class T>
using Matrix = nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
template <class T>
using Vector = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// A name, or a Python callable.
using Loss = std::variant<std::string, std::shared_ptr<UserLoss>>;

// width, fraction, signed, quantization, overflow, low, high
using FormatFields = std::tuple<int, int, bool, int, int, std::int64_t, std::int64_t>;
// kind, operands, low, high, fraction, index, value, format of a cast
using NodeFields =
    std::tuple<int, std::vector<std::size_t>, std::int64_t, std::int64_t, int, std::size_t, std::int64_t, FormatFields>;

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
