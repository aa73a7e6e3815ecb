// Python's view of circuits, their schedules and their cost.
#include "bindings/bindings.hpp"
#include "bindings/records.hpp"

#include "circuit/circuit.hpp"
#include "circuit/shift_adds.hpp"
#include "circuit/trace.hpp"
#include "datapath/fixed_point.hpp"
#include "mapping/cost.hpp"
#include "mapping/delay_library.hpp"
#include "mapping/scheduling.hpp"
#include "mapping/table_tree.hpp"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
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

// low, high, fraction
using PortFields = std::tuple<std::int64_t, std::int64_t, int>;
// opcode, operands, data, low, high, fraction
using OperationFields =
    std::tuple<int, std::vector<std::uint32_t>, std::vector<std::int64_t>, std::int64_t, std::int64_t, int>;
// operations, entries of every table and their fraction, operation and shift of every output
using CircuitFields = std::tuple<std::vector<OperationFields>, std::vector<std::pair<std::vector<std::int64_t>, int>>,
                                 std::vector<std::uint32_t>, std::vector<int>>;
using OptionalPaths = std::vector<std::vector<std::optional<double>>>;

constexpr int widest = 60; // bits of a result, so that no step of the arithmetic leaves 64 bits

void require(bool condition, const std::string& what) {
    if (!condition) {
        throw std::invalid_argument(what);
    }
}

// ---- delay libraries -----------------------------------------------------------------------------------------------

std::vector<double> paths_of(const std::vector<std::optional<double>>& delays) {
    std::vector<double> paths;
    paths.reserve(delays.size());
    for (const auto& delay : delays) {
        paths.push_back(delay.value_or(no_path));
    }
    return paths;
}

std::vector<std::vector<double>> paths_of(const OptionalPaths& delays, std::size_t block) {
    require(delays.size() == block, "a carry block has one row of delays for every bit");
    std::vector<std::vector<double>> paths;
    for (const auto& row : delays) {
        require(row.size() == block, "a carry block has one delay for every bit in every row");
        paths.push_back(paths_of(row));
    }
    return paths;
}

DelayLibrary::LookUpTable look_up_table(std::vector<std::vector<double>> pin_ps, std::vector<double> penalty_ps,
                                        std::size_t inputs, std::size_t largest_logic_table,
                                        const std::array<std::array<double, 3>, 2>& mux_ps) {
    // Trees of tables have such that select one of four.
    require(6 <= inputs && inputs <= pin_ps.size() && pin_ps.size() <= BitMapper::most_inputs,
            "a look-up table has from 6 inputs to as many as there are rows of pin delays, at most " +
                std::to_string(BitMapper::most_inputs));
    require(penalty_ps.size() == pin_ps.size(), "there is one penalty for every row of pin delays");
    for (std::size_t k = 0; k < pin_ps.size(); ++k) {
        require(pin_ps[k].size() == k + 1, "row k of the pin delays holds k + 1 of them");
    }
    return {.pin_ps = std::move(pin_ps),
            .penalty_ps = std::move(penalty_ps),
            .inputs = inputs,
            .largest_logic_table = largest_logic_table,
            .mux_ps = mux_ps};
}

DelayLibrary::Carry carry_chain(std::size_t shortest, const OptionalPaths& select_to_output,
                                const OptionalPaths& select_to_carry, const OptionalPaths& data_to_output,
                                const OptionalPaths& data_to_carry,
                                const std::vector<std::optional<double>>& carry_to_output,
                                const std::vector<std::optional<double>>& carry_to_carry) {
    const std::size_t block = carry_to_output.size();
    require(1 <= shortest && shortest <= BitMapper::largest_block && block >= 1 && block <= BitMapper::largest_block &&
                carry_to_carry.size() == block,
            "the shortest carry chain and a block of one have from 1 to " + std::to_string(BitMapper::largest_block) +
                " bits");
    return {.shortest = shortest,
            .select_to_output_ps = paths_of(select_to_output, block),
            .select_to_carry_ps = paths_of(select_to_carry, block),
            .data_to_output_ps = paths_of(data_to_output, block),
            .data_to_carry_ps = paths_of(data_to_carry, block),
            .carry_to_output_ps = paths_of(carry_to_output),
            .carry_to_carry_ps = paths_of(carry_to_carry)};
}

DelayLibrary::Multiplier multiplier(std::size_t wide_bits, std::size_t narrow_bits, double wide_ps, double narrow_ps,
                                    std::size_t smallest_product, std::vector<double> soft_ps,
                                    std::vector<int> soft_lut) {
    require(wide_bits >= 2 && narrow_bits >= 2, "a multiplier has operands of at least two bits");
    require(soft_ps.size() >= smallest_product && soft_lut.size() >= smallest_product,
            "soft products are described for every number of bits below the smallest product");
    return {.wide_bits = wide_bits,
            .narrow_bits = narrow_bits,
            .wide_ps = wide_ps,
            .narrow_ps = narrow_ps,
            .smallest_product = smallest_product,
            .soft_ps = std::move(soft_ps),
            .soft_lut = std::move(soft_lut)};
}

// ---- circuits ------------------------------------------------------------------------------------------------------

DatapathView view_of(const FixedDatapath& datapath, const PortFields& port) {
    const auto& [low, high, fraction] = port;
    const std::span<const DatapathNode> nodes = datapath.nodes();
    for (const DatapathNode& node : nodes) {
        require(node.low <= node.high && interval_width(node.low, node.high) <= widest,
                "a node has bounds in the wrong order, or of more than " + std::to_string(widest) + " bits");
        if (node.kind == NodeKind::lookup) {
            const DatapathNode& operand = nodes[node.operands[0]];
            const std::size_t size = datapath.tables()[node.index].size();
            require(static_cast<std::int64_t>(size) == operand.high - operand.low + 1,
                    "a table has one entry for every value of its operand");
        }
    }
    return {.nodes = nodes,
            .outputs = datapath.output_nodes(),
            .tables = datapath.tables(),
            .port = {.fraction = fraction, .low = low, .high = high}};
}

CircuitFields fields_of(const Circuit& circuit) {
    std::vector<OperationFields> operations;
    for (const CircuitOperation& operation : circuit.operations) {
        const auto inputs = operation.inputs();
        operations.emplace_back(
            static_cast<int>(operation.opcode), std::vector<std::uint32_t>(inputs.begin(), inputs.end()),
            std::vector<std::int64_t>(operation.data.begin(), operation.data.begin() + operation.data_size),
            operation.low, operation.high, operation.fraction);
    }
    std::vector<std::pair<std::vector<std::int64_t>, int>> tables;
    for (std::size_t k = 0; k < circuit.tables.size(); ++k) {
        const auto entries = circuit.contents(k);
        tables.emplace_back(std::vector<std::int64_t>(entries.begin(), entries.end()), circuit.tables[k].fraction);
    }
    return {std::move(operations), std::move(tables), circuit.outputs, circuit.output_shifts};
}

// Operands and integers that an operation carries; a sum of three has two integers a term.
std::pair<std::size_t, std::size_t> shape_of(Opcode opcode) {
    switch (opcode) {
    case Opcode::input:
    case Opcode::constant:
        return {0, 1};
    case Opcode::negate:
    case Opcode::relu:
        return {1, 0};
    case Opcode::slice:
    case Opcode::lookup:
    case Opcode::reduce:
        return {1, 1};
    case Opcode::add_constant:
        return {1, 2};
    case Opcode::add:
    case Opcode::subtract:
        return {2, 1};
    case Opcode::multiply:
        return {2, 0};
    case Opcode::bitwise:
        return {2, 2};
    case Opcode::select:
        return {3, 1};
    case Opcode::sum:
        return {3, 6};
    }
    return {0, 0};
}

CircuitOperation operation_of(const OperationFields& fields, std::size_t position) {
    const auto& [opcode, operands, data, low, high, fraction] = fields;
    const std::string name = "operation " + std::to_string(position);
    require(static_cast<int>(Opcode::negate) <= opcode && opcode <= static_cast<int>(Opcode::sum),
            name + " has the unknown opcode " + std::to_string(opcode));
    CircuitOperation operation{.opcode = static_cast<Opcode>(opcode), .low = low, .high = high, .fraction = fraction};
    const auto [arity, integers] = shape_of(operation.opcode);
    require(operands.size() == arity && data.size() >= integers, name + " has operands or data missing");
    require(std::ranges::all_of(operands, [&](std::uint32_t operand) { return operand < position; }),
            name + " has an operand that does not come before it");
    require(low <= high && interval_width(low, high) <= widest,
            name + " has bounds in the wrong order, or of more than " + std::to_string(widest) + " bits");
    operation.arity = static_cast<std::uint8_t>(arity);
    operation.data_size = static_cast<std::uint8_t>(integers);
    std::ranges::copy(operands, operation.operands.begin());
    std::copy_n(data.begin(), integers, operation.data.begin());
    return operation;
}

Circuit circuit_of(const CircuitFields& fields) {
    const auto& [operations, tables, outputs, shifts] = fields;
    Circuit circuit;
    for (const auto& [entries, fraction] : tables) {
        circuit.tables.push_back({.begin = circuit.entries.size(), .size = entries.size(), .fraction = fraction});
        circuit.entries.insert(circuit.entries.end(), entries.begin(), entries.end());
    }
    for (const OperationFields& operation : operations) {
        circuit.operations.push_back(operation_of(operation, circuit.operations.size()));
        const CircuitOperation& made = circuit.operations.back();
        if (made.opcode == Opcode::lookup) {
            const CircuitOperation& operand = circuit.operations[made.operands[0]];
            const auto number = static_cast<std::size_t>(made.data[0]);
            require(number < tables.size(), "a lookup reads a table that does not exist");
            require(static_cast<std::int64_t>(circuit.tables[number].size) == operand.high - operand.low + 1,
                    "a table has one entry for every value of its operand");
        }
    }
    for (const std::uint32_t output : outputs) {
        require(output < circuit.operations.size(), "an output does not exist");
    }
    circuit.outputs = outputs;
    circuit.output_shifts = shifts;
    return circuit;
}

Schedule schedule(const CircuitFields& fields, const DelayLibrary& library, double available_ps,
                  std::optional<std::size_t> stages) {
    const Circuit circuit = circuit_of(fields);
    Scheduler scheduler(library);
    return stages ? scheduler.balanced(circuit, available_ps, *stages) : scheduler.fewest_stages(circuit, available_ps);
}

// Delays of every output from every address bit; None where there is no path.
std::pair<OptionalPaths, int> tree_of(const std::vector<std::uint64_t>& words, std::size_t data_bits,
                                      const DelayLibrary& library) {
    require(std::has_single_bit(words.size()), "a table has a power of two of words");
    require(1 <= data_bits && data_bits <= 64, "a table has from 1 to 64 data bits");
    const TableTree tree = table_tree(words, data_bits, library);
    OptionalPaths paths(data_bits);
    for (std::size_t bit = 0; bit < data_bits; ++bit) {
        for (const double delay : tree.to(bit)) {
            paths[bit].push_back(delay == no_path ? std::nullopt : std::optional(delay));
        }
    }
    return {std::move(paths), tree.lut};
}

std::vector<std::tuple<std::uint32_t, std::uint32_t, int, bool>> steps_of(std::int64_t value) {
    require(value > 0 && value % 2 == 1 && value < std::int64_t{1} << 53, "an odd number from 1 to 2**53 is expected");
    std::vector<std::tuple<std::uint32_t, std::uint32_t, int, bool>> steps;
    for (const ShiftAdd& step : shift_adds(static_cast<std::uint64_t>(value))) {
        steps.emplace_back(step.first, step.second, step.shift, step.subtract);
    }
    return steps;
}

} // namespace

// NOLINTNEXTLINE(misc-const-correctness): one signature for all parts
void bind_circuits(nb::module_& module) {
    nb::class_<DelayLibrary::LookUpTable>(module, "LookUpTableDelays")
        .def(nb::new_(&look_up_table), "pin_ps"_a, "penalty_ps"_a, "inputs"_a, "largest_logic_table"_a, "mux_ps"_a);
    nb::class_<DelayLibrary::Carry>(module, "CarryDelays")
        .def(nb::new_(&carry_chain), "shortest"_a, "select_to_output_ps"_a, "select_to_carry_ps"_a,
             "data_to_output_ps"_a, "data_to_carry_ps"_a, "carry_to_output_ps"_a, "carry_to_carry_ps"_a);
    nb::class_<DelayLibrary::Multiplier>(module, "MultiplierDelays")
        .def(nb::new_(&multiplier), "wide_bits"_a, "narrow_bits"_a, "wide_ps"_a, "narrow_ps"_a, "smallest_product"_a,
             "soft_ps"_a, "soft_lut"_a);
    nb::class_<DelayLibrary::FlipFlop>(module, "FlipFlopDelays")
        .def(nb::new_([](double clock_to_output_ps, double setup_ps, double reset_setup_ps) {
                 return DelayLibrary::FlipFlop{
                     .clock_to_output_ps = clock_to_output_ps, .setup_ps = setup_ps, .reset_setup_ps = reset_setup_ps};
             }),
             "clock_to_output_ps"_a, "setup_ps"_a, "reset_setup_ps"_a);
    nb::class_<DelayLibrary>(module, "DelayLibrary")
        .def(nb::new_([](const DelayLibrary::LookUpTable& lut, const DelayLibrary::Carry& carry,
                         const DelayLibrary::Multiplier& product, const DelayLibrary::FlipFlop& flipflop) {
                 return DelayLibrary{.lut = lut, .carry = carry, .multiplier = product, .flipflop = flipflop};
             }),
             "lut"_a, "carry"_a, "multiplier"_a, "flipflop"_a);
    bind_result<Schedule>(module, "Schedule", "The pipeline stage of every operation, and what they cost.",
                          field("stage", &Schedule::stage), field("stage_delay_ps", &Schedule::stage_delay_ps),
                          field("fits", &Schedule::fits), field("lut", &Schedule::lut), field("dsp", &Schedule::dsp),
                          field("ff", &Schedule::ff));
    bind_result<PredictedCircuit>(module, "PredictedCircuit", "What the circuit of a datapath costs.",
                                  field("latency_cycles", &PredictedCircuit::latency_cycles),
                                  field("delay_ps", &PredictedCircuit::delay_ps), field("lut", &PredictedCircuit::lut),
                                  field("dsp", &PredictedCircuit::dsp), field("ff", &PredictedCircuit::ff),
                                  field("fits", &PredictedCircuit::fits));
    nb::class_<CircuitCost>(module, "CircuitCost")
        .def(nb::init<const DelayLibrary&, double>(), "library"_a, "available_ps"_a, nb::keep_alive<1, 2>())
        .def(
            "__call__",
            [](CircuitCost& cost, const FixedDatapath& datapath, const PortFields& port) {
                return cost(view_of(datapath, port));
            },
            "datapath"_a, "port"_a);
    module.def(
        "trace",
        [](const FixedDatapath& datapath, const PortFields& port) {
            CircuitTracer tracer;
            return fields_of(tracer(view_of(datapath, port)));
        },
        "datapath"_a, "port"_a);
    module.def("schedule", &schedule, "circuit"_a, "library"_a, "available_ps"_a, "stages"_a.none());
    module.def("table_tree", &tree_of, "words"_a, "data_bits"_a, "library"_a);
    module.def("shift_adds", &steps_of, "value"_a);
}

} // namespace lat_sr::python
