#include "mapping/liveness.hpp"

#include "circuit/passes.hpp"

#include <algorithm>
#include <bit>

namespace lat_sr {

namespace {

constexpr int mask_bits = 64;

// What is shifted out at the top stands for the highest bit.
BitMask shifted(BitMask mask, int left) {
    if (left <= 0) {
        return left <= -mask_bits ? 0 : mask >> static_cast<unsigned>(-left);
    }
    if (left >= std::countl_zero(mask)) {
        const BitMask kept = left < mask_bits ? mask << static_cast<unsigned>(left) : 0;
        return mask == 0 ? 0 : kept | (BitMask{1} << (mask_bits - 1));
    }
    return mask << static_cast<unsigned>(left);
}

BitMask lowest(int count) {
    return count >= mask_bits ? ~BitMask{0} : (BitMask{1} << static_cast<unsigned>(count)) - 1;
}

} // namespace

std::size_t LiveOperation::top() const { return static_cast<std::size_t>(std::bit_width(live)); }

void LiveOperation::need(BitMask mask) {
    live |= mask & lowest(width);
    if (is_signed && shifted(mask, -width) != 0) {
        live |= BitMask{1} << static_cast<unsigned>(width - 1);
    }
}

AlignedOperands aligned_operands(const CircuitOperation& operation) {
    const auto& from = operation.operands;
    const auto& data = operation.data;
    const auto shift = [&](std::size_t k) { return static_cast<int>(data[k]); };
    switch (operation.opcode) {
    case Opcode::sum:
        return {.operands = {{{.operation = from[0], .negated = data[0] == 0, .shift = shift(1)},
                              {.operation = from[1], .negated = data[2] == 0, .shift = shift(3)},
                              {.operation = from[2], .negated = data[4] == 0, .shift = shift(5)}}},
                .count = operation.arity};
    case Opcode::add:
    case Opcode::subtract:
    case Opcode::bitwise:
        return {
            .operands = {{{.operation = from[0], .negated = false, .shift = 0},
                          {.operation = from[1], .negated = operation.opcode == Opcode::subtract, .shift = shift(0)}}},
            .count = 2};
    case Opcode::select:
        return {.operands = {{{.operation = from[0], .negated = false, .shift = 0},
                              {.operation = from[1], .negated = false, .shift = shift(0)}}},
                .count = 2};
    case Opcode::slice:
        return {.operands = {{{.operation = from[0], .negated = false, .shift = shift(0)}}}, .count = 1};
    default:
        return {.operands = {{{.operation = from[0], .negated = operation.opcode == Opcode::negate, .shift = 0}}},
                .count = 1};
    }
}

int chain_base(std::span<const SummandFormat> summands) {
    int finest = summands[0].fraction;
    for (const SummandFormat& summand : summands) {
        finest = std::max(finest, summand.fraction);
    }
    std::size_t lowest_summands = 0;
    bool negated = false;
    int next = 0;
    bool has_next = false;
    for (const SummandFormat& summand : summands) {
        if (summand.fraction == finest) {
            negated = lowest_summands == 0 ? summand.negated : negated;
            ++lowest_summands;
        } else {
            next = has_next ? std::max(next, summand.fraction) : summand.fraction;
            has_next = true;
        }
    }
    return summands.size() == 1 || lowest_summands > 1 || negated ? finest : next;
}

std::span<const LiveOperation> Liveness::operator()(const Circuit& circuit) {
    count_references(circuit, references_);
    operations_.clear();
    for (std::size_t k = 0; k < circuit.operations.size(); ++k) {
        const CircuitOperation& operation = circuit.operations[k];
        operations_.push_back({.width = interval_width(operation.low, operation.high),
                               .fraction = operation.fraction,
                               .is_signed = operation.low < 0,
                               .single_use = references_[k] == 1});
    }
    for (const std::uint32_t output : circuit.outputs) {
        operations_[output].need_all();
        operations_[output].single_use = false;
        operations_[output].is_output = true;
    }
    for (std::size_t k = operations_.size(); k-- > 0;) {
        if (operations_[k].live != 0) {
            read_operands(circuit, k);
        }
    }
    return operations_;
}

void Liveness::read_operands(const Circuit& circuit, std::size_t number) {
    const CircuitOperation& operation = circuit.operations[number];
    const LiveOperation& result = operations_[number];
    switch (operation.opcode) {
    case Opcode::negate:
    case Opcode::add:
    case Opcode::subtract:
    case Opcode::add_constant:
    case Opcode::sum:
        read_sum(operation, result);
        break;
    case Opcode::relu:
        read_bitwise(operation, result);
        if (operations_[operation.operands[0]].is_signed) {
            operations_[operation.operands[0]].need_sign();
        }
        break;
    case Opcode::select:
        read_bitwise(operation, result);
        operations_[operation.operands[2]].need_sign();
        break;
    case Opcode::slice:
    case Opcode::bitwise:
        read_bitwise(operation, result);
        break;
    default:
        for (const std::uint32_t operand : operation.inputs()) {
            operations_[operand].need_all();
        }
    }
}

// The bits of the result, at the weight that each operand has in it.
void Liveness::read_bitwise(const CircuitOperation& operation, const LiveOperation& result) {
    for (const AlignedOperand& aligned : aligned_operands(operation)) {
        LiveOperation& operand = operations_[aligned.operation];
        operand.need(shifted(result.live, operand.fraction - result.fraction - aligned.shift));
    }
}

// Of the bits in the carry chain all up to the highest live one; the live ones of those below.
void Liveness::read_sum(const CircuitOperation& operation, const LiveOperation& result) {
    const AlignedOperands aligned = aligned_operands(operation);
    std::array<SummandFormat, 4> summands{};
    std::size_t count = 0;
    for (const AlignedOperand& operand : aligned) {
        summands[count++] = {.fraction = operations_[operand.operation].fraction - operand.shift,
                             .negated = operand.negated};
    }
    if (operation.opcode == Opcode::add_constant) {
        summands[count++] = {.fraction = static_cast<int>(operation.data[1]), .negated = false};
    }
    int finest = summands[0].fraction;
    for (std::size_t k = 1; k < count; ++k) {
        finest = std::max(finest, summands[k].fraction);
    }
    BitMask live = shifted(result.live, finest - result.fraction);
    const BitMask wired = lowest(finest - chain_base(std::span(summands).first(count)));
    if (live > wired) {
        live = (live & wired) | (lowest(static_cast<int>(std::bit_width(live))) & ~wired);
    }
    for (std::size_t k = 0; k < aligned.count; ++k) {
        operations_[aligned.operands[k].operation].need(shifted(live, summands[k].fraction - finest));
    }
}

} // namespace lat_sr
