#include "circuit/builder.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <utility>

namespace lat_sr {

namespace {

// Bounds of values that are exact lie below 2**60; larger ones only decide comparisons.
constexpr std::int64_t saturated = std::int64_t{1} << 60;

std::int64_t shifted_left(std::int64_t value, int bits) {
    if (value == 0 || bits == 0) {
        return value;
    }
    const bool fits = bits < 60 && std::abs(value) < (saturated >> bits);
    return fits ? value * (std::int64_t{1} << bits) : value < 0 ? -saturated : saturated;
}

std::int64_t shifted_right(std::int64_t value, int bits) { return value >> std::min(bits, 63); }

std::uint64_t hash_of(const CircuitOperation& operation) {
    auto hash = static_cast<std::uint64_t>(operation.opcode);
    for (const std::uint32_t operand : operation.inputs()) {
        hash = mix_hash(hash, operand);
    }
    for (std::size_t k = 0; k < operation.data_size; ++k) {
        hash = mix_hash(hash, static_cast<std::uint64_t>(operation.data[k]));
    }
    hash = mix_hash(hash, static_cast<std::uint64_t>(operation.low));
    hash = mix_hash(hash, static_cast<std::uint64_t>(operation.high));
    return mix_hash(hash, static_cast<std::uint64_t>(operation.fraction));
}

} // namespace

int Signal::width() const { return interval_width(low, high); }

Bounds Signal::at(int finer) const {
    return {.low = shifted_left(low, finer - fraction), .high = shifted_left(high, finer - fraction)};
}

Signal constant_signal(std::int64_t value, int fraction) {
    if (value == 0) {
        return {};
    }
    const int zeros = std::countr_zero(static_cast<std::uint64_t>(value));
    return {.low = value >> zeros, .high = value >> zeros, .fraction = fraction - zeros};
}

void CircuitBuilder::clear() {
    circuit_.clear();
    index_.clear();
}

Signal CircuitBuilder::input(std::size_t column, Bounds bounds, int fraction) {
    return emit(Opcode::input, {}, {static_cast<std::int64_t>(column)}, bounds, fraction);
}

Signal CircuitBuilder::add(Signal a, Signal b, const Bounds* bounds) {
    if (a.is_constant()) {
        std::swap(a, b);
    }
    const int fraction = std::max(a.fraction, b.fraction);
    if (a.is_constant()) {
        return constant_signal(a.at(fraction).low + b.at(fraction).low, fraction);
    }
    if (b.is_constant() && b.low == 0) {
        return a;
    }
    if (b.is_constant() && !a.negated) {
        return add_constant(a, b);
    }
    if (a.negated) {
        std::swap(a, b);
    }
    if (a.negated) {
        if (bounds == nullptr) {
            return add(a.negative(), b.negative()).negative();
        }
        const Bounds negative{.low = -bounds->high, .high = -bounds->low};
        return add(a.negative(), b.negative(), &negative).negative();
    }
    if (a.is_constant()) {
        // As fine as what is taken from it: one carry chain with any adder.
        const std::int64_t value = a.at(fraction).low;
        a = {.low = value, .high = value, .fraction = fraction};
    }
    a = operand(a);
    b = operand(b, true);
    const Bounds first = a.at(fraction);
    const Bounds second = b.at(fraction);
    const Bounds sum =
        bounds != nullptr ? *bounds : Bounds{.low = first.low + second.low, .high = first.high + second.high};
    return emit(b.negated ? Opcode::subtract : Opcode::add, {a.operation, b.operation}, {b.shift - a.shift}, sum,
                fraction, a.shift);
}

Signal CircuitBuilder::multiply(const Signal& a, const Signal& b) {
    if (a.is_constant()) {
        return scale(b, a.low, a.fraction);
    }
    if (b.is_constant()) {
        return scale(a, b.low, b.fraction);
    }
    const std::array corners{a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high};
    const bool negated = a.negated != b.negated;
    std::int64_t low = *std::ranges::min_element(corners);
    std::int64_t high = *std::ranges::max_element(corners);
    if (a.operation == b.operation) {
        const std::int64_t largest = std::max(a.low * a.low, a.high * a.high);
        const std::int64_t least = a.low <= 0 && 0 <= a.high ? 0 : std::min(a.low * a.low, a.high * a.high);
        low = negated ? -largest : least;
        high = negated ? -least : largest;
    }
    const Signal product = emit(Opcode::multiply, {a.operation, b.operation}, {},
                                negated ? Bounds{.low = -high, .high = -low} : Bounds{.low = low, .high = high},
                                a.fraction + b.fraction, a.shift + b.shift);
    return negated ? product.negative() : product;
}

Signal CircuitBuilder::scale(const Signal& a, std::int64_t value, int value_fraction) {
    if (value == 0 || a.is_constant()) {
        return constant_signal(a.low * value, a.fraction + value_fraction);
    }
    const Signal factor = constant_signal(std::abs(value), value_fraction);
    // A term is the operand times a multiple of 2**-(term.fraction - a.fraction). The terms depend on each other, so
    // that interval arithmetic would give bounds that are too wide.
    struct Term {
        Signal signal;
        std::int64_t multiple;
    };
    std::array<Term, 64> terms{{{.signal = a, .multiple = 1}}};
    std::size_t last = 0;
    for (const ShiftAdd& step : additions(static_cast<std::uint64_t>(factor.low))) {
        const Term& first = terms[step.first];
        const Signal second = terms[step.second].signal.times_power_of_two(step.shift);
        const int fraction = std::max(first.signal.fraction, second.fraction);
        const std::int64_t added = shifted_left(terms[step.second].multiple, fraction - second.fraction);
        const std::int64_t multiple =
            shifted_left(first.multiple, fraction - first.signal.fraction) + (step.subtract ? -added : added);
        const auto [low, high] = std::minmax({a.low * multiple, a.high * multiple});
        const Bounds bounds{.low = low, .high = high};
        terms[++last] = {.signal = step.subtract ? subtract(first.signal, second, &bounds)
                                                 : add(first.signal, second, &bounds),
                         .multiple = multiple};
    }
    const Term& product = terms[last];
    const int zeros = std::countr_zero(static_cast<std::uint64_t>(product.multiple));
    const int excess = zeros - (product.signal.fraction - a.fraction);
    const Signal result = product.signal.times_power_of_two(-excess - factor.fraction);
    return (value < 0) != (product.multiple < 0) ? result.negative() : result;
}

Signal CircuitBuilder::select(Signal key, Signal set, Signal clear, const Signal* within) {
    if (set == clear) {
        return set;
    }
    if (set.is_constant() && set.low == 0) {
        set.fraction = clear.fraction;
    } else if (clear.is_constant() && clear.low == 0) {
        clear.fraction = set.fraction;
    }
    key = operand(key);
    set = operand(set);
    clear = operand(clear);
    const int fraction = std::max(set.fraction, clear.fraction);
    const Bounds first = set.at(fraction);
    const Bounds second = clear.at(fraction);
    Bounds bounds{.low = std::min(first.low, second.low), .high = std::max(first.high, second.high)};
    if (within != nullptr) {
        const int finer = within->fraction - fraction;
        const Bounds kept =
            finer > 0 ? Bounds{.low = -shifted_right(-within->low, finer), .high = shifted_right(within->high, finer)}
                      : within->at(fraction);
        bounds = {.low = std::max(bounds.low, kept.low), .high = std::min(bounds.high, kept.high)};
    }
    if (bounds.low == bounds.high) {
        return constant_signal(bounds.low, fraction);
    }
    return emit(Opcode::select, {set.operation, clear.operation, key.operation}, {clear.shift - set.shift}, bounds,
                fraction, set.shift);
}

Signal CircuitBuilder::select_negative(const Signal& a, const Signal& negative, const Signal& otherwise,
                                       const Signal* within) {
    if (a.low >= 0) {
        return otherwise;
    }
    return a.high < 0 ? negative : select(a, negative, otherwise, within);
}

Signal CircuitBuilder::relu(const Signal& a) {
    if (a.low >= 0) {
        return a;
    }
    if (a.high <= 0) {
        return {};
    }
    const Signal made = operand(a);
    return emit(Opcode::relu, {made.operation}, {}, {.low = 0, .high = made.high}, made.fraction, made.shift);
}

Signal CircuitBuilder::slice(const Signal& a, int fraction, Bounds bounds) {
    if (bounds.low == bounds.high) {
        return constant_signal(bounds.low, fraction);
    }
    if (fraction == a.fraction && bounds.low <= a.low && a.high <= bounds.high) {
        return a;
    }
    const Signal made = operand(a);
    return emit(Opcode::slice, {made.operation}, {0}, bounds, fraction, made.shift);
}

Signal CircuitBuilder::bits(const Signal& a, int position, int count) {
    if (a.low >= 0) {
        count = std::min(count, a.width() - position);
    }
    if (count <= 0) {
        return {};
    }
    const Signal made = operand(a);
    Signal field = emit(Opcode::slice, {made.operation}, {0}, {.low = 0, .high = (std::int64_t{1} << count) - 1},
                        made.fraction - position, made.shift);
    field.shift += field.fraction;
    field.fraction = 0;
    return field;
}

Signal CircuitBuilder::any(const Signal& a) {
    if (a.is_constant()) {
        return constant_signal(a.low != 0 ? 1 : 0, 0);
    }
    if (a.width() == 1) {
        return a;
    }
    return emit(Opcode::reduce, {a.operation}, {reduce_any}, {.low = 0, .high = 1}, 0);
}

Signal CircuitBuilder::exclusive_or(Signal a, Signal b) {
    if (a.is_constant()) {
        std::swap(a, b);
    }
    if (b.is_constant()) {
        if (b.low == 0) {
            return a;
        }
        b = operand(b);
    }
    const std::int64_t high = (std::int64_t{1} << std::max(a.width(), b.width())) - 1;
    return emit(Opcode::bitwise, {a.operation, b.operation}, {b.shift - a.shift, bitwise_xor}, {.low = 0, .high = high},
                0, a.shift);
}

Signal CircuitBuilder::lookup(const Signal& a, std::span<const std::int64_t> entries, int fraction) {
    const auto [low, high] = std::ranges::minmax_element(entries);
    if (*low == *high) {
        return constant_signal(*low, fraction);
    }
    const Signal made = operand(a);
    const auto number = static_cast<std::int64_t>(table(entries, fraction));
    return emit(Opcode::lookup, {made.operation}, {number}, {.low = *low, .high = *high}, fraction);
}

const Circuit& CircuitBuilder::finish(std::span<const Signal> outputs, const Signal& port) {
    for (const Signal& signal : outputs) {
        const Signal made = output(signal, port);
        circuit_.outputs.push_back(made.operation);
        circuit_.output_shifts.push_back(made.shift);
    }
    remove_dead_operations_(circuit_);
    fuse_ternary_adders_(circuit_);
    remove_dead_operations_(circuit_);
    return circuit_;
}

Signal CircuitBuilder::add_constant(const Signal& a, const Signal& summand) {
    const int fraction = std::max(a.fraction, summand.fraction);
    const Bounds bounds = a.at(fraction);
    const std::int64_t value = summand.at(fraction).low;
    return emit(Opcode::add_constant, {a.operation}, {summand.low, summand.fraction + a.shift},
                {.low = bounds.low + value, .high = bounds.high + value}, fraction, a.shift);
}

// The signal with an operation behind it that an operation can take: constants and signs made real.
Signal CircuitBuilder::operand(const Signal& a, bool keep_sign) {
    if (a.is_constant()) {
        // A zero is given one bit, because signals without bits are not valid Verilog.
        Signal made = emit(Opcode::constant, {}, {a.low}, {.low = a.low, .high = a.low != 0 ? a.high : 1}, a.fraction);
        made.low = a.low;
        made.high = a.high;
        return made;
    }
    if (a.negated && !keep_sign) {
        return emit(Opcode::negate, {a.operation}, {}, {.low = a.low, .high = a.high}, a.fraction, a.shift);
    }
    return a;
}

Signal CircuitBuilder::output(const Signal& a, const Signal& port) {
    if (!a.is_constant() || (a.low != 0 && a.fraction > port.fraction)) {
        return operand(a);
    }
    // As wide as the port: alkaid cannot connect fields that have no bit in common.
    const std::int64_t value = a.at(port.fraction).low;
    Signal made = emit(Opcode::constant, {}, {value},
                       {.low = std::min(port.low, value), .high = std::max(port.high, value)}, port.fraction);
    made.low = a.low;
    made.high = a.high;
    return made;
}

std::size_t CircuitBuilder::table(std::span<const std::int64_t> entries, int fraction) {
    for (std::size_t number = 0; number < circuit_.tables.size(); ++number) {
        const auto known = circuit_.contents(number);
        if (circuit_.tables[number].fraction == fraction && std::ranges::equal(known, entries)) {
            return number;
        }
    }
    circuit_.tables.push_back({.begin = circuit_.entries.size(), .size = entries.size(), .fraction = fraction});
    circuit_.entries.insert(circuit_.entries.end(), entries.begin(), entries.end());
    return circuit_.tables.size() - 1;
}

Signal CircuitBuilder::emit(Opcode opcode, std::initializer_list<std::uint32_t> operands,
                            std::initializer_list<std::int64_t> data, Bounds bounds, int fraction, int shift) {
    CircuitOperation operation{.opcode = opcode,
                               .arity = static_cast<std::uint8_t>(operands.size()),
                               .data_size = static_cast<std::uint8_t>(data.size()),
                               .low = bounds.low,
                               .high = bounds.high,
                               .fraction = fraction + shift};
    std::ranges::copy(operands, operation.operands.begin());
    std::ranges::copy(data, operation.data.begin());
    return {
        .operation = shared(operation), .low = bounds.low, .high = bounds.high, .fraction = fraction, .shift = shift};
}

std::uint32_t CircuitBuilder::shared(const CircuitOperation& operation) {
    auto& operations = circuit_.operations;
    const std::uint64_t hash = hash_of(operation);
    if (const auto known = index_.find(hash, [&](auto number) { return operations[number] == operation; })) {
        return *known;
    }
    const auto number = static_cast<std::uint32_t>(operations.size());
    operations.push_back(operation);
    index_.insert(hash, number);
    return number;
}

const std::vector<ShiftAdd>& CircuitBuilder::additions(std::uint64_t value) {
    const auto known = shift_adds_.find(value);
    if (known != shift_adds_.end()) {
        return known->second;
    }
    if (shift_adds_.size() >= largest_cache) {
        shift_adds_.clear();
    }
    return shift_adds_.emplace(value, shift_adds(value)).first->second;
}

} // namespace lat_sr
