// What the binding files share.
#pragma once

#include "constraints.hpp"
#include "kernels.hpp"
#include "operators.hpp"
#include "tree.hpp"

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string>

namespace lat_sr::python {

template <class T>
using Matrix = nanobind::ndarray<const T, nanobind::ndim<2>, nanobind::c_contig, nanobind::device::cpu>;
template <class T>
using Vector = nanobind::ndarray<const T, nanobind::ndim<1>, nanobind::c_contig, nanobind::device::cpu>;

// Both throw std::invalid_argument (ValueError in Python) for an unknown name.
Op operation_named(const std::string& name);
LossKind loss_named(const std::string& name);

void bind_trees(nanobind::module_& module);
void bind_costs(nanobind::module_& module);
void bind_search(nanobind::module_& module);
void bind_datapath(nanobind::module_& module);
void bind_circuits(nanobind::module_& module);

} // namespace lat_sr::python
