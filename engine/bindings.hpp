// What the binding files share.
#pragma once

#include "constraints.hpp"
#include "evaluation.hpp"
#include "operators.hpp"
#include "tree.hpp"
#include "user_loss.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <limits>
#include <memory>
#include <string>
#include <variant>

namespace lat_sr::python {

template <class T>
using Matrix = nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
template <class T>
using Vector = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// A name, or a Python callable.
using Loss = std::variant<std::string, std::shared_ptr<UserLoss>>;

// Both throw std::invalid_argument (ValueError in Python) for an unknown name.
Op operation_named(const std::string& name);
Objective make_objective(const Loss& loss, double parameter,
                         double value_limit = std::numeric_limits<double>::infinity());

void bind_trees(nanobind::module_& module);
void bind_losses(nanobind::module_& module);
void bind_costs(nanobind::module_& module);
void bind_search(nanobind::module_& module);
void bind_datapath(nanobind::module_& module);

} // namespace lat_sr::python
