// Pipeline schedules: which register stage every operation of a circuit belongs to.
#pragma once

#include "circuit/circuit.hpp"
#include "mapping/bit_mapping.hpp"
#include "mapping/delay_library.hpp"
#include "mapping/liveness.hpp"
#include "mapping/operation_mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lat_sr {

struct Schedule {
    std::vector<std::uint32_t> stage;   // of every operation, from 0
    std::vector<double> stage_delay_ps; // longest path of every stage, from port or register to register
    bool fits = false;                  // whether every stage meets the available time
    int lut = 0;
    int dsp = 0;
    int ff = 0;

    // Register stages between input and output port: the latency in clock cycles.
    [[nodiscard]] std::size_t stages() const { return stage_delay_ps.size(); }
    // The shortest clock period that the schedule meets.
    [[nodiscard]] double worst_ps() const;
};

// Places operations one after the other, each in the earliest stage that has time for it. Keeps its memory from
// circuit to circuit; one for every thread.
class Scheduler {
public:
    // The library outlives the scheduler.
    explicit Scheduler(const DelayLibrary& library) : library_(library), mapper_(library) {}

    // The fewest stages whose paths fit the available time. Holds until the next call.
    const Schedule& fewest_stages(const Circuit& circuit, double available_ps);
    // Not more than so many stages; the period is made as short as that allows. Holds until the next call.
    const Schedule& balanced(const Circuit& circuit, double available_ps, std::size_t stages);

private:
    // A net as registers know it: the net at the head of its registers (itself, if it is no register), the stage that
    // makes it, and what holds it in later stages, one register after the other.
    struct Registered {
        Bit origin = 0;
        std::uint32_t stage = 0;
        Bit next = 0;
        std::uint32_t last_use = 0; // latest stage that reads it from a register; 0 if none does
    };

    void start(const Circuit& circuit);
    void place(double period_ps);
    void place_all();
    void place_operation(std::size_t number);
    [[nodiscard]] bool hold_back_late_registers();
    void keep(std::uint32_t stage, const MappedValue& value);
    [[nodiscard]] MappedValue value_at(std::size_t number, std::uint32_t stage);
    Bit registered(Bit net, std::uint32_t made, std::uint32_t stage);
    Registered& record(Bit net, std::uint32_t made);
    void hold_until(Bit origin, std::uint32_t stage);
    const Schedule& finish(double available_ps);

    const DelayLibrary& library_;
    OperationMapper mapper_;
    Liveness liveness_;
    const Circuit* circuit_ = nullptr;
    std::span<const LiveOperation> formats_;

    double period_ps_ = 0.0;
    double worst_single_ps_ = 0.0; // of operations that are longer than the period
    Schedule schedule_;
    std::vector<MappedValue> values_;
    std::vector<std::uint8_t> is_constant_;
    std::vector<std::uint8_t> may_be_reset_; // whether a register of the value may take a choice as its set or reset
    std::vector<std::uint8_t> is_held_back_; // whether the stage has time for that
    std::vector<Registered> registered_;     // by net
    std::vector<Bit> held_;                  // nets that registers hold, as their makers made them
};

} // namespace lat_sr
