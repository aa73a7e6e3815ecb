#include "circuit/trace.hpp"

#include "circuit/casts.hpp"

#include <algorithm>

namespace lat_sr {

const Circuit& CircuitTracer::operator()(const DatapathView& datapath) {
    builder_.clear();
    signals_.clear();
    for (const DatapathNode& node : datapath.nodes) {
        signals_.push_back(traced(datapath, node));
    }
    outputs_.clear();
    for (const std::size_t output : datapath.outputs) {
        outputs_.push_back(signals_[output]);
    }
    const FixedFormat& port = datapath.port;
    return builder_.finish(outputs_, {.low = port.low, .high = port.high, .fraction = port.fraction});
}

Signal CircuitTracer::traced(const DatapathView& datapath, const DatapathNode& node) {
    const auto operand = [&](std::size_t k) -> const Signal& { return signals_[node.operands[k]]; };
    // A choice keeps the bounds of its node, which for a minimum or a maximum are tighter than those of both operands.
    const Signal within{.low = node.low, .high = node.high, .fraction = node.fraction};
    switch (node.kind) {
    case NodeKind::input:
        return builder_.input(node.index, {.low = node.low, .high = node.high}, node.fraction);
    case NodeKind::constant:
        return constant_signal(node.value, node.fraction);
    case NodeKind::add:
        return builder_.add(operand(0), operand(1));
    case NodeKind::subtract:
        return builder_.subtract(operand(0), operand(1));
    case NodeKind::multiply:
        return builder_.multiply(operand(0), operand(1));
    case NodeKind::scale:
        return builder_.scale(operand(0), node.value, node.fraction - datapath.nodes[node.operands[0]].fraction);
    case NodeKind::negate:
        return operand(0).negative();
    case NodeKind::absolute:
        return absolute(operand(0));
    case NodeKind::minimum:
        return builder_.select_negative(builder_.subtract(operand(0), operand(1)), operand(0), operand(1), &within);
    case NodeKind::maximum:
        return maximum(operand(0), operand(1), within);
    case NodeKind::select:
        return builder_.select_negative(operand(0), operand(1), operand(2), &within);
    case NodeKind::cast:
        return cast_signal(builder_, operand(0), node.format, within);
    case NodeKind::lookup:
        return lookup(datapath, node, operand(0));
    }
    return {};
}

Signal CircuitTracer::absolute(Signal a) {
    if (a.low >= 0) {
        return a;
    }
    if (a.high <= 0) {
        return a.negative();
    }
    // The sign does not matter, so an operand that is there already is taken rather than its negation.
    a = a.negated ? a.negative() : a;
    const Signal within{.low = 0, .high = std::max(-a.low, a.high), .fraction = a.fraction};
    return builder_.select(a, a.negative(), a, &within);
}

Signal CircuitTracer::maximum(const Signal& a, const Signal& b, const Signal& within) {
    const auto is_zero = [](const Signal& signal) { return signal.is_constant() && signal.low == 0; };
    if (is_zero(a) || is_zero(b)) {
        return builder_.relu(is_zero(b) ? a : b);
    }
    return builder_.select_negative(builder_.subtract(a, b), b, a, &within);
}

Signal CircuitTracer::lookup(const DatapathView& datapath, const DatapathNode& node, const Signal& a) {
    const std::vector<std::int64_t>& table = datapath.tables[node.index];
    const DatapathNode& operand = datapath.nodes[node.operands[0]];
    if (a.is_constant()) {
        const std::int64_t entry = a.at(operand.fraction).low - operand.low;
        return constant_signal(table[static_cast<std::size_t>(entry)], node.fraction);
    }
    // A signal may know that its lowest bits are zero; then only every so many entries can be read. Values that its
    // bounds allow and those of the node do not never occur.
    const int spare = operand.fraction - a.fraction;
    entries_.clear();
    for (std::int64_t value = a.low; value <= a.high; ++value) {
        entries_.push_back(
            table[static_cast<std::size_t>(std::clamp(value << spare, operand.low, operand.high) - operand.low)]);
    }
    return builder_.lookup(a, entries_, node.fraction);
}

} // namespace lat_sr
