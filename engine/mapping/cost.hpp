// What a datapath costs as pipelined hardware: the circuit that would be built, scheduled.
#pragma once

#include "circuit/trace.hpp"
#include "mapping/delay_library.hpp"
#include "mapping/scheduling.hpp"

#include <cstddef>

namespace lat_sr {

struct PredictedCircuit {
    std::size_t latency_cycles = 0; // register stages from input to output port
    double delay_ps = 0.0;          // longest path between registers
    int lut = 0;
    int dsp = 0;
    int ff = 0;
    bool fits = false; // whether every path fits the available time
};

// Keeps its memory from datapath to datapath; one for every thread.
class CircuitCost {
public:
    // The library outlives the object.
    CircuitCost(const DelayLibrary& library, double available_ps) : scheduler_(library), available_ps_(available_ps) {}

    PredictedCircuit operator()(const DatapathView& datapath) {
        const Schedule& schedule = scheduler_.fewest_stages(tracer_(datapath), available_ps_);
        return {.latency_cycles = schedule.stages(),
                .delay_ps = schedule.worst_ps(),
                .lut = schedule.lut,
                .dsp = schedule.dsp,
                .ff = schedule.ff,
                .fits = schedule.fits};
    }

private:
    CircuitTracer tracer_;
    Scheduler scheduler_;
    double available_ps_;
};

} // namespace lat_sr
