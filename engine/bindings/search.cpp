// The search as Python calls it: without the GIL, polling for signals and reporting progress from the calling thread.
#include "bindings/bindings.hpp"
#include "bindings/records.hpp"

#include "cost/judge.hpp"
#include "search/search.hpp"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace lat_sr::python {

namespace nb = nanobind;
using namespace nb::literals;

namespace {

struct Settings {
    Objective objective;
    CostModel cost;
    Budget budget;
    ShapeLimits limits;
    std::vector<Op> unary;
    std::vector<Op> binary;
    std::vector<Tree> guesses;
    std::shared_ptr<CircuitModel> circuit;
    FixedPoint fixed_point = FixedPoint::never;
    SearchOptions options;
    Stopping stopping;
    std::uint64_t seed = 0;
    std::size_t threads = 1;
};

using OperandSizes = std::map<std::string, std::pair<int, int>>;                // left, right; -1: no limit
using Nesting = std::vector<std::tuple<std::string, std::string, std::size_t>>; // outer, inner, most

struct Outcome {
    std::vector<Entry> front;
    Counts counts;
    double seconds = 0.0;
    StopReason stop_reason = StopReason::timeout;
};

ShapeLimits make_limits(std::size_t maxsize, std::size_t maxdepth, const OperandSizes& sizes, const Nesting& nesting) {
    ShapeLimits limits;
    limits.maxsize = maxsize;
    limits.maxdepth = maxdepth;
    const auto limit = [](int size) { return size < 0 ? ShapeLimits::unlimited : static_cast<std::size_t>(size); };
    for (const auto& [name, pair] : sizes) {
        limits.operand_sizes[index_of(operation_named(name))] = {.left = limit(pair.first),
                                                                 .right = limit(pair.second)};
    }
    for (const auto& [outer, inner, most] : nesting) {
        limits.nesting.push_back({.outer = operation_named(outer), .inner = operation_named(inner), .most = most});
    }
    return limits;
}

Settings make_settings(const Loss& loss, double loss_parameter, double value_limit, const CostModel& cost,
                       double max_latency, double max_lut, double max_dsp, const std::vector<std::string>& operators,
                       const ShapeLimits& limits, const SearchOptions& options, std::uint64_t seed, double timeout,
                       std::optional<std::uint64_t> max_evaluations, double target_loss, std::size_t threads) {
    Settings settings;
    settings.objective = make_objective(loss, loss_parameter, value_limit);
    settings.cost = cost;
    settings.budget = {.latency = max_latency, .lut = max_lut, .dsp = max_dsp};
    settings.limits = limits;
    for (const std::string& name : operators) {
        const Op op = operation_named(name);
        (operation(op).arity == 2 ? settings.binary : settings.unary).push_back(op);
    }
    settings.options = options;
    settings.stopping.timeout = timeout;
    settings.stopping.evaluations = max_evaluations.value_or(std::numeric_limits<std::uint64_t>::max());
    settings.stopping.target_loss = target_loss;
    settings.seed = seed;
    settings.threads = threads;
    return settings;
}

// Checks for signals at every call and calls Python back four times a second. Runs without the GIL.
template <class T> class PythonMonitor {
public:
    PythonMonitor(nb::object callback, nb::object keep_state)
        : callback_(std::move(callback)), keep_state_(std::move(keep_state)) {}

    std::optional<StopReason> operator()(Search<T>& search) {
        const nb::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) {
            if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) == 0) {
                throw nb::python_error();
            }
            PyErr_Clear();
            return StopReason::interrupted;
        }
        if (callback_.is_none() && keep_state_.is_none()) {
            return std::nullopt;
        }
        Progress progress = search.progress();
        constexpr double period = 0.25;
        if (progress.seconds < next_) {
            return std::nullopt;
        }
        next_ = progress.seconds + period;
        if (!keep_state_.is_none()) {
            const std::string state = search.state();
            if (!state.empty()) {
                keep_state_(progress.seconds, nb::bytes(state.data(), state.size()));
            }
            search.request_state();
        }
        if (callback_.is_none()) {
            return std::nullopt;
        }
        const nb::object answer = callback_(progress.seconds, progress.counts.evaluations, progress.front);
        return nb::cast<bool>(nb::bool_(answer)) ? std::optional(StopReason::callback) : std::nullopt;
    }

private:
    nb::object callback_;
    nb::object keep_state_;
    double next_ = 0.25;
};

template <class T>
Outcome search(const Matrix<T>& X, const Targets<T>& y, const std::optional<Vector<T>>& weights,
               const Settings& settings, nb::object callback, const std::optional<nb::bytes>& state,
               nb::object keep_state) {
    std::span<const T> weight_values;
    if (weights) {
        weight_values = {weights->data(), weights->size()};
    }
    if (settings.circuit && settings.circuit->data.rows() != X.shape(0)) {
        throw std::invalid_argument("the circuit model must have the rows of X");
    }
    PythonMonitor<T> monitor(std::move(callback), std::move(keep_state));
    const std::string start = state ? std::string(state->c_str(), state->size()) : std::string();
    const nb::gil_scoped_release without_gil;
    const Data<T> data = make_data(X, y, weight_values, settings.seed);
    if (settings.objective.user != nullptr && data.outputs() > 1) {
        throw std::invalid_argument("a loss of the caller's own is one of one output");
    }
    for (const Tree& guess : settings.guesses) {
        check_tree(guess, data.features(), data.outputs());
    }
    Task<T> task{.data = data,
                 .objective = settings.objective,
                 .cost = settings.cost,
                 .budget = settings.budget,
                 .limits = settings.limits,
                 .grammar = {.unary = settings.unary, .binary = settings.binary, .features = X.shape(1)},
                 .options = settings.options,
                 .guesses = settings.guesses,
                 .circuit = settings.circuit.get(),
                 .fixed_point = settings.fixed_point,
                 .seed = settings.seed};
    Search<T> run(std::move(task), settings.stopping, settings.threads);
    if (!start.empty()) {
        run.restore(start);
    }
    const StopReason reason = run.run([&](Search<T>& current) { return monitor(current); });
    const Progress progress = run.progress();
    return {.front = progress.front, .counts = progress.counts, .seconds = progress.seconds, .stop_reason = reason};
}

template <class T> void bind_search_of(nb::module_& module) {
    module.def("search", &search<T>, "X"_a.noconvert(), "y"_a.noconvert(), "weights"_a.noconvert().none(), "settings"_a,
               "callback"_a.none(), "state"_a.none(), "keep_state"_a.none());
}

} // namespace

void bind_search(nb::module_& module) {
    nb::enum_<FixedPoint>(module, "FixedPoint", "Which losses are those of the hardware's own arithmetic.")
        .value("never", FixedPoint::never)
        .value("archive", FixedPoint::archive)
        .value("always", FixedPoint::always);
    nb::enum_<StopReason>(module, "StopReason", "Why a search ended.")
        .value("timeout", StopReason::timeout)
        .value("max_evaluations", StopReason::evaluations)
        .value("target_loss", StopReason::target)
        .value("interrupted", StopReason::interrupted)
        .value("callback", StopReason::callback);
    nb::class_<ShapeLimits>(module, "ShapeLimits")
        .def(
            "__init__",
            [](ShapeLimits* self, std::size_t maxsize, std::size_t maxdepth, const OperandSizes& sizes,
               const Nesting& nesting) { new (self) ShapeLimits(make_limits(maxsize, maxdepth, sizes, nesting)); },
            "maxsize"_a, "maxdepth"_a, "operand_sizes"_a, "nesting"_a)
        .def(
            "allows", [](const ShapeLimits& limits, const Tree& tree) { return ShapeChecker(limits).allows(tree); },
            "tree"_a);
    bind_record<SearchOptions>(
        module, "SearchOptions", "Settings of the algorithm; one that is left out has its default.",
        field("populations", &SearchOptions::populations), field("population_size", &SearchOptions::population_size),
        field("batch_size", &SearchOptions::batch_size), field("parsimony", &SearchOptions::parsimony),
        field("linear_scaling", &SearchOptions::linear_scaling),
        field("tournament_size", &SearchOptions::tournament_size), field("epoch", &SearchOptions::epoch),
        field("crossover_probability", &SearchOptions::crossover_probability),
        field("graft_probability", &SearchOptions::graft_probability),
        field("fit_probability", &SearchOptions::fit_probability), field("fit_steps", &SearchOptions::fit_steps),
        field("polish_steps", &SearchOptions::polish_steps), field("crowding", &SearchOptions::crowding),
        field("migration", &SearchOptions::migration), field("archive_migration", &SearchOptions::archive_migration),
        field("patience", &SearchOptions::patience));
    nb::class_<Settings>(module, "Settings")
        .def(
            "__init__",
            [](Settings* self, const Loss& loss, double loss_parameter, double value_limit, const CostModel& cost,
               double max_latency, double max_lut, double max_dsp, const std::vector<std::string>& operators,
               const ShapeLimits& limits, const SearchOptions& options, std::uint64_t seed, double timeout,
               std::optional<std::uint64_t> max_evaluations, double target_loss, std::size_t threads,
               std::vector<Tree> guesses, std::shared_ptr<CircuitModel> circuit, FixedPoint fixed_point) {
                Settings settings =
                    make_settings(loss, loss_parameter, value_limit, cost, max_latency, max_lut, max_dsp, operators,
                                  limits, options, seed, timeout, max_evaluations, target_loss, threads);
                settings.guesses = std::move(guesses);
                settings.circuit = std::move(circuit);
                settings.fixed_point = fixed_point;
                if (settings.fixed_point != FixedPoint::never && !settings.circuit) {
                    throw std::invalid_argument("losses in fixed point need a circuit model");
                }
                new (self) Settings(std::move(settings));
            },
            nb::kw_only(), "loss"_a, "loss_parameter"_a, "value_limit"_a, "cost"_a, "max_latency"_a, "max_lut"_a,
            "max_dsp"_a, "operators"_a, "limits"_a, "options"_a, "seed"_a, "timeout"_a, "max_evaluations"_a.none(),
            "target_loss"_a, "threads"_a, "guesses"_a, "circuit"_a.none(), "fixed_point"_a);
    bind_result<Counts>(module, "Counts", "What a search has done.", field("evaluations", &Counts::evaluations),
                        field("proposals", &Counts::proposals), field("over_budget", &Counts::over_budget),
                        field("judged", &Counts::judged), field("refused", &Counts::refused),
                        field("node_rows", &Counts::node_rows));
    bind_result<Entry>(module, "Entry", "A formula of the front, or those of several outputs.",
                       field("tree", &Entry::tree), field("cost", &Entry::cost),
                       field("complexity", &Entry::complexity), field("loss", &Entry::loss));
    bind_result<Outcome>(module, "Outcome", "What a search found, and how it ended.", field("front", &Outcome::front),
                         field("counts", &Outcome::counts), field("seconds", &Outcome::seconds),
                         field("stop_reason", &Outcome::stop_reason));
    bind_search_of<float>(module);
    bind_search_of<double>(module);
}

} // namespace lat_sr::python
