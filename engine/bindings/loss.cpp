// Losses by name, and losses that are Python callables.
#include "bindings/bindings.hpp"

#include "evaluation/user_loss.hpp"

#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

// Takes the GIL for each call only. The arrays are copies, so that the callable may keep them.
class PythonLoss : public UserLoss {
public:
    PythonLoss(nb::object loss, nb::object gradient) : loss_(std::move(loss)), gradient_(std::move(gradient)) {}

    [[nodiscard]] double loss(const LossRows& rows) const override {
        const nb::gil_scoped_acquire gil;
        return nb::cast<double>(call(loss_, rows));
    }

    [[nodiscard]] std::vector<double> gradient(const LossRows& rows) const override {
        if (gradient_.is_none()) {
            return {};
        }
        const nb::gil_scoped_acquire gil;
        const auto values = nb::cast<Vector<double>>(call(gradient_, rows));
        if (values.size() != rows.predictions.size()) {
            throw std::invalid_argument("a loss's gradient must have one value for each row");
        }
        return {values.data(), values.data() + values.size()};
    }

private:
    static nb::object array(std::span<const double> values) {
        using Array = nb::ndarray<nb::numpy, const double, nb::ndim<1>>;
        return nb::cast(Array(values.data(), {values.size()}, nb::handle()), nb::rv_policy::copy);
    }
    static nb::object call(const nb::object& function, const LossRows& rows) {
        return function(array(rows.targets), array(rows.predictions), array(rows.weights));
    }

    nb::object loss_;
    nb::object gradient_;
};

LossKind loss_named(const std::string& name) {
    for (std::size_t i = 0; i < loss_count; ++i) {
        if (loss_names[i] == name) {
            return static_cast<LossKind>(i);
        }
    }
    throw std::invalid_argument("the engine has no loss " + name);
}

} // namespace

Objective make_objective(const Loss& loss, double parameter, double value_limit) {
    Objective objective{.parameter = parameter, .value_limit = value_limit};
    if (const auto* name = std::get_if<std::string>(&loss)) {
        objective.kind = loss_named(*name);
    } else {
        objective.user = std::get<std::shared_ptr<UserLoss>>(loss);
    }
    return objective;
}

void bind_losses(nb::module_& module) {
    module.def("loss_names", [] {
        std::vector<std::string> names(loss_names.begin(), loss_names.end());
        return names;
    });
    nb::class_<UserLoss>(module, "UserLoss")
        .def(nb::new_([](nb::object loss, nb::object gradient) -> std::shared_ptr<UserLoss> {
                 return std::make_shared<PythonLoss>(std::move(loss), std::move(gradient));
             }),
             "loss"_a, "gradient"_a.none());
}

} // namespace lat_sr::python
