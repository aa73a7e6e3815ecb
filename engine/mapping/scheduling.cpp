#include "mapping/scheduling.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace lat_sr {

namespace {

constexpr double period_step_ps = 1.0; // resolution of the search for the shortest period

} // namespace

double Schedule::worst_ps() const { return *std::ranges::max_element(stage_delay_ps); }

const Schedule& Scheduler::fewest_stages(const Circuit& circuit, double available_ps) {
    start(circuit);
    place(available_ps);
    return finish(available_ps);
}

const Schedule& Scheduler::balanced(const Circuit& circuit, double available_ps, std::size_t stages) {
    start(circuit);
    // Latest possible start: a single stage. Fewer stages need a longer period, so bisection finds the shortest.
    place(std::numeric_limits<double>::infinity());
    const double longest = schedule_.worst_ps();
    double best = longest;
    double low = longest / static_cast<double>(stages) / 2;
    double high = longest;
    while (high - low > period_step_ps) {
        const double middle = (low + high) / 2;
        place(middle);
        const double worst = schedule_.worst_ps();
        if (schedule_.stages() <= stages && worst <= std::max(middle, worst_single_ps_)) {
            best = middle;
            high = std::min(middle, worst);
            if (worst >= middle) {
                break;
            }
        } else {
            low = middle;
        }
    }
    place(best);
    return finish(available_ps);
}

void Scheduler::start(const Circuit& circuit) {
    circuit_ = &circuit;
    formats_ = liveness_(circuit);
}

void Scheduler::place(double period_ps) {
    period_ps_ = period_ps;
    is_held_back_.clear();
    for (const LiveOperation& format : formats_) {
        is_held_back_.push_back(format.is_output ? 1 : 0);
    }
    do {
        place_all();
    } while (hold_back_late_registers());
}

void Scheduler::place_all() {
    mapper_.bits().clear();
    registered_.clear();
    held_.clear();
    values_.clear();
    is_constant_.clear();
    schedule_.stage.clear();
    schedule_.stage_delay_ps.assign(1, 0.0);
    may_be_reset_.assign(circuit_->operations.size(), 0);
    worst_single_ps_ = 0.0;
    for (std::size_t number = 0; number < circuit_->operations.size(); ++number) {
        place_operation(number);
    }
}

void Scheduler::place_operation(std::size_t number) {
    const CircuitOperation& operation = circuit_->operations[number];
    const LiveOperation& format = formats_[number];
    BitMapper& bits = mapper_.bits();
    if (operation.opcode == Opcode::input) {
        const std::span<Bit> port = bits.row(static_cast<std::size_t>(format.width));
        std::ranges::generate(port, [&] { return bits.source(0.0); });
        keep(0, {.bits = port, .is_signed = format.is_signed, .fraction = format.fraction});
        return;
    }
    if (operation.opcode == Opcode::constant || format.live == 0) {
        keep(0, operation.opcode == Opcode::constant ? mapper_.constant(operation, format) : mapper_.nothing(format));
        return;
    }
    std::uint32_t stage = 0;
    for (const std::uint32_t operand : operation.inputs()) {
        stage = is_constant_[operand] != 0 ? stage : std::max(stage, schedule_.stage[operand]);
    }
    std::array<MappedValue, 3> operands;
    MappedValue value;
    double latest = 0.0;
    for (const bool last_attempt : {false, true}) {
        for (std::size_t k = 0; k < operation.arity; ++k) {
            operands[k] = value_at(operation.operands[k], stage);
        }
        bits.start_operation();
        value = mapper_.map(*circuit_, operation, format, std::span(operands).first(operation.arity));
        latest = bits.latest_open_end();
        may_be_reset_[number] = 0;
        for (const Bit bit : value.bits) {
            const double arrival = bits.arrival(bit);
            const double at_register = bits.at_register(bit);
            latest = std::max(latest, is_held_back_[number] != 0 ? at_register : arrival);
            may_be_reset_[number] |= at_register > arrival ? 1 : 0;
        }
        if (latest <= period_ps_) {
            break;
        }
        if (last_attempt) {
            worst_single_ps_ = std::max(worst_single_ps_, latest);
        } else {
            ++stage;
        }
    }
    auto& delays = schedule_.stage_delay_ps;
    if (delays.size() <= stage) {
        delays.resize(stage + 1, 0.0);
    }
    delays[stage] = std::max(delays[stage], latest);
    for (const std::uint32_t operand : operation.inputs()) {
        if (may_be_reset_[operand] != 0 && schedule_.stage[operand] == stage && operation.opcode != Opcode::slice) {
            std::ranges::for_each(values_[operand].bits, [&](Bit bit) { bits.clear_reset(bit); });
        }
    }
    keep(stage, value);
}

// A choice that only registers read may become their set or reset, which needs more time than the look-up table that it
// would be for other logic. Who reads a value is known when all are placed: one that comes too late for its registers
// belongs in a later stage, and all are placed again.
bool Scheduler::hold_back_late_registers() {
    bool any = false;
    for (std::size_t number = 0; number < values_.size(); ++number) {
        if (may_be_reset_[number] == 0 || is_held_back_[number] != 0) {
            continue;
        }
        double& delay = schedule_.stage_delay_ps[schedule_.stage[number]];
        for (const Bit bit : values_[number].bits) {
            delay = std::max(delay, mapper_.bits().at_register(bit));
            is_held_back_[number] |= mapper_.bits().at_register(bit) > period_ps_ ? 1 : 0;
        }
        any = any || is_held_back_[number] != 0;
    }
    return any;
}

void Scheduler::keep(std::uint32_t stage, const MappedValue& value) {
    schedule_.stage.push_back(stage);
    values_.push_back(value);
    is_constant_.push_back(std::ranges::none_of(value.bits, is_net) ? 1 : 0);
}

// A value as a later stage reads it: from registers.
MappedValue Scheduler::value_at(std::size_t number, std::uint32_t stage) {
    const MappedValue& value = values_[number];
    const std::uint32_t made = schedule_.stage[number];
    if (made == stage) {
        return value;
    }
    const std::span<Bit> bits = mapper_.bits().row(value.bits.size());
    std::ranges::transform(value.bits, bits.begin(),
                           [&](Bit bit) { return is_net(bit) ? registered(bit, made, stage) : bit; });
    return {.bits = bits, .is_signed = value.is_signed, .fraction = value.fraction};
}

Scheduler::Registered& Scheduler::record(Bit net, std::uint32_t made) {
    if (registered_.size() <= net) {
        registered_.resize(mapper_.bits().net_count());
    }
    Registered& record = registered_[net];
    if (record.origin == 0) {
        record = {.origin = net, .stage = made};
    }
    return record;
}

void Scheduler::hold_until(Bit origin, std::uint32_t stage) {
    Registered& record = registered_[origin];
    if (record.last_use == 0) {
        held_.push_back(origin);
    }
    record.last_use = stage;
}

Bit Scheduler::registered(Bit net, std::uint32_t made, std::uint32_t stage) {
    const Bit origin = record(net, made).origin;
    hold_until(origin, std::max(registered_[origin].last_use, stage));
    Bit last = origin;
    for (Bit next = registered_[origin].next; next != 0; next = registered_[next].next) {
        if (registered_[next].stage == stage) {
            return next;
        }
        last = next;
    }
    const Bit made_now = mapper_.bits().source(library_.flipflop.clock_to_output_ps);
    record(made_now, stage).origin = origin;
    registered_[last].next = made_now;
    return made_now;
}

const Schedule& Scheduler::finish(double available_ps) {
    const auto stages = static_cast<std::uint32_t>(schedule_.stages());
    for (const std::uint32_t output : circuit_->outputs) {
        for (const Bit bit : values_[output].bits) {
            if (is_net(bit)) {
                hold_until(record(bit, schedule_.stage[output]).origin, stages);
            }
        }
    }
    const Resources resources = mapper_.bits().count(held_);
    schedule_.lut = resources.lut;
    schedule_.dsp = resources.dsp;
    schedule_.ff = 0;
    for (const Bit net : held_) {
        schedule_.ff += static_cast<int>(registered_[net].last_use - registered_[net].stage);
    }
    schedule_.fits = schedule_.worst_ps() <= available_ps;
    return schedule_;
}

} // namespace lat_sr
