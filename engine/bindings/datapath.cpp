// Python's view of the fixed-point evaluator.
#include "bindings/bindings.hpp"

#include "datapath/fixed_point.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Integers = nb::ndarray<nb::numpy, std::int64_t, nb::ndim<2>>;
template <class Enumeration> Enumeration enumerator(int value, int count) {
    if (value < 0 || value >= count) {
        throw std::invalid_argument("unknown kind or mode number " + std::to_string(value));
    }
    return static_cast<Enumeration>(value);
}

DatapathNode make_node(const NodeFields& fields) {
    const auto& [kind, operands, low, high, fraction, index, value, format] = fields;
    return {.kind = enumerator<NodeKind>(kind, 13),
            .operands = operands,
            .low = low,
            .high = high,
            .fraction = fraction,
            .index = index,
            .value = value,
            .format = make_format(format)};
}

Integers evaluate(const FixedDatapath& datapath, const Matrix<std::int64_t>& X) {
    const std::size_t rows = X.shape(0);
    const std::size_t outputs = datapath.outputs();
    if (X.shape(1) != datapath.inputs()) {
        throw std::invalid_argument("X has " + std::to_string(X.shape(1)) + " columns; the datapath has " +
                                    std::to_string(datapath.inputs()) + " inputs");
    }
    auto result = std::make_unique<std::int64_t[]>(rows * outputs);
    {
        const nb::gil_scoped_release without_gil;
        datapath.evaluate({X.data(), X.size()}, {result.get(), rows * outputs}, rows);
    }
    std::int64_t* memory = result.release();
    const nb::capsule owner(memory, [](void* pointer) noexcept { delete[] static_cast<std::int64_t*>(pointer); });
    return Integers(memory, {rows, outputs}, owner);
}

} // namespace

FixedFormat make_format(const FormatFields& fields) {
    const auto& [width, fraction, is_signed, quantization, overflow, low, high] = fields;
    return {.width = width,
            .fraction = fraction,
            .is_signed = is_signed,
            .quantization = enumerator<Quantization>(quantization, 7),
            .overflow = enumerator<Overflow>(overflow, 4),
            .low = low,
            .high = high};
}

// NOLINTNEXTLINE(misc-const-correctness): one signature for all parts
void bind_datapath(nb::module_& module) {
    nb::class_<FixedDatapath>(module, "FixedDatapath")
        .def(
            "__init__",
            [](FixedDatapath* self, const std::vector<NodeFields>& nodes, const std::vector<std::size_t>& outputs,
               const std::vector<std::vector<std::int64_t>>& tables, std::size_t inputs) {
                std::vector<DatapathNode> converted;
                converted.reserve(nodes.size());
                for (const NodeFields& fields : nodes) {
                    converted.push_back(make_node(fields));
                }
                new (self) FixedDatapath(std::move(converted), outputs, tables, inputs);
            },
            "nodes"_a, "outputs"_a, "tables"_a, "inputs"_a)
        .def("evaluate", &evaluate, "X"_a.noconvert());
}

} // namespace lat_sr::python
