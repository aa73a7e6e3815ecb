#include "mapping/operation_mapping.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <utility>

namespace lat_sr {

namespace {

Bit sign_of(Row bits, bool is_signed) { return is_signed && !bits.empty() ? bits.back() : 0; }

std::size_t signed_width(const MappedValue& value) { return value.bits.size() + (value.is_signed ? 0 : 1); }

// Piece number k of a factor that a multiplier block takes; all but the last are unsigned.
struct Pieces {
    Row bits;
    std::size_t size; // of all but the last
    std::size_t count{1};

    Pieces(const MappedValue& value, std::size_t limit) : bits(value.bits), size(limit - 1) {
        if (signed_width(value) > limit) {
            const std::size_t starts = (signed_width(value) - limit + size + size - 1) / size;
            count = std::min(starts, (bits.size() + size - 1) / size);
        } else {
            size = bits.size();
        }
    }
    [[nodiscard]] std::size_t start(std::size_t k) const { return k * size; }
    [[nodiscard]] Row operator[](std::size_t k) const {
        return bits.subspan(start(k), std::min(size, bits.size() - start(k)));
    }
};

// Whether the largest values of a sum's summands need more bits than it has, as the tool sees it: from their widths
// above the bits that need no chain.
bool may_overflow(const MappedValue& sum) {
    const auto wired = static_cast<std::size_t>(sum.fraction - sum.base);
    constexpr std::size_t largest = 60; // so that four of them can be added
    std::uint64_t total = 0;
    for (const Summand& summand : sum.summands) {
        if (summand.negated && !sum.is_signed) {
            return true;
        }
        const Row bits = summand.bits;
        std::size_t width = bits.size();
        while (width > 1 && bits[width - 1] == (sum.is_signed ? bits[width - 2] : 0)) {
            --width;
        }
        const std::size_t above = width > wired ? std::min(width - wired, largest) : 0;
        total += (std::uint64_t{1} << above) - 1;
    }
    return static_cast<std::size_t>(std::bit_width(total)) + wired > sum.summands.front().bits.size();
}

} // namespace

MappedValue MappedValue::shifted(int exponent) const {
    MappedValue value = *this;
    value.fraction -= exponent;
    value.base -= exponent;
    return value;
}

MappedValue OperationMapper::map(const Circuit& circuit, const CircuitOperation& operation, const LiveOperation& format,
                                 std::span<const MappedValue> operands) {
    switch (operation.opcode) {
    case Opcode::negate:
    case Opcode::add:
    case Opcode::subtract:
    case Opcode::add_constant:
    case Opcode::sum:
        return sum(operation, format, operands);
    case Opcode::relu:
        return relu(format, operands[0]);
    case Opcode::slice:
        return slice(operation, format, operands[0]);
    case Opcode::select:
        return select(operation, format, operands);
    case Opcode::multiply:
        return multiply(format, operands);
    case Opcode::lookup:
        return lookup(circuit, operation, format, operands[0]);
    case Opcode::reduce:
        return reduce(operation, format, operands[0]);
    case Opcode::bitwise:
        return bitwise(operation, format, operands);
    default:
        return constant(operation, format);
    }
}

MappedValue OperationMapper::constant(const CircuitOperation& operation, const LiveOperation& format) {
    const std::span<Bit> bits = bits_.row(static_cast<std::size_t>(format.width));
    for (std::size_t k = 0; k < bits.size(); ++k) {
        bits[k] = static_cast<Bit>(operation.data[0] >> k & 1);
    }
    return {.bits = bits, .is_signed = format.is_signed, .fraction = format.fraction};
}

MappedValue OperationMapper::nothing(const LiveOperation& format) { return result(format, {}); }

Row OperationMapper::aligned(Row bits, bool is_signed, int zeros_below, std::size_t width) {
    if (zeros_below <= 0 && bits.size() >= width) {
        return bits.first(width);
    }
    const std::span<Bit> row = bits_.row(width);
    const std::size_t zeros = std::min(static_cast<std::size_t>(std::max(zeros_below, 0)), width);
    const std::size_t copied = std::min(bits.size(), width - zeros);
    std::fill_n(row.begin(), zeros, 0);
    std::copy_n(bits.begin(), copied, row.begin() + static_cast<std::ptrdiff_t>(zeros));
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(zeros + copied), row.end(), sign_of(bits, is_signed));
    return row;
}

MappedValue OperationMapper::result(const LiveOperation& format, Row bits) {
    const std::span<Bit> read = bits_.row(static_cast<std::size_t>(format.width));
    for (std::size_t k = 0; k < read.size(); ++k) {
        read[k] = k < bits.size() && (format.live >> k & 1U) != 0 ? bits[k] : 0;
    }
    return {.bits = read, .is_signed = format.is_signed, .fraction = format.fraction};
}

// ---- sums ----------------------------------------------------------------------------------------------------------

MappedValue OperationMapper::sum(const CircuitOperation& operation, const LiveOperation& format,
                                 std::span<const MappedValue> operands) {
    std::array<Term, 4> all_terms;
    std::size_t count = 0;
    for (const AlignedOperand& operand : aligned_operands(operation)) {
        all_terms[count] = {.value = operands[count].shifted(operand.shift), .negated = operand.negated};
        ++count;
    }
    if (operation.opcode == Opcode::add_constant) {
        const std::int64_t summand = operation.data[0];
        const auto length = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(std::abs(summand))));
        const std::span<Bit> bits = bits_.row(length + 1);
        for (std::size_t k = 0; k < bits.size(); ++k) {
            bits[k] = static_cast<Bit>(summand >> k & 1);
        }
        all_terms[count++] = {
            .value = {.bits = bits, .is_signed = summand < 0, .fraction = static_cast<int>(operation.data[1])},
            .negated = false};
    }
    const std::span<const Term> terms = std::span(all_terms).first(count);
    std::array<SummandFormat, 4> formats{};
    int finest = terms[0].value.fraction;
    for (std::size_t k = 0; k < count; ++k) {
        formats[k] = {.fraction = terms[k].value.fraction, .negated = terms[k].negated};
        finest = std::max(finest, terms[k].value.fraction);
    }
    const auto dropped = static_cast<std::size_t>(std::max(finest - format.fraction, 0));
    const std::size_t width = format.top() + dropped;
    const int base = chain_base(std::span(formats).first(count));
    summands_.clear();
    for (const Term& term : terms) {
        const MappedValue& value = term.value;
        // The sum of an operand whose chain starts here too joins it, if nothing else reads that sum.
        if (!value.summands.empty() && value.base == base && may_join(value, terms, finest, width)) {
            for (const Summand& summand : value.summands) {
                summands_.push_back({.bits = aligned(summand.bits, value.is_signed, finest - value.fraction, width),
                                     .negated = summand.negated != term.negated});
            }
        } else {
            summands_.push_back({.bits = aligned(value, finest, width), .negated = term.negated});
        }
    }
    MappedValue made = result(format, bits_.add(summands_, width).subspan(dropped));
    if (format.single_use && dropped == 0) {
        const std::span<Summand> kept = bits_.summands(summands_.size());
        std::ranges::copy(summands_, kept.begin());
        made.summands = kept;
        made.base = base;
    }
    return made;
}

bool OperationMapper::may_join(const MappedValue& sum, std::span<const Term> terms, int finest,
                               std::size_t width) const {
    // One of another width stays whole, unless it cannot overflow.
    const std::size_t own_width = sum.summands.front().bits.size() + static_cast<std::size_t>(finest - sum.fraction);
    if (own_width != width && may_overflow(sum)) {
        return false;
    }
    // Signed operands are added together, or unsigned ones.
    return std::ranges::all_of(terms, [&](const Term& term) {
        return term.value.is_signed == sum.is_signed || std::ranges::none_of(term.value.bits, is_net);
    });
}

// ---- bit by bit ----------------------------------------------------------------------------------------------------

MappedValue OperationMapper::slice(const CircuitOperation& operation, const LiveOperation& format,
                                   const MappedValue& operand) {
    const int first = operand.fraction - static_cast<int>(operation.data[0]) - format.fraction;
    const auto count = static_cast<int>(operand.bits.size());
    const Bit sign = sign_of(operand.bits, operand.is_signed);
    const std::span<Bit> bits = bits_.row(static_cast<std::size_t>(format.width));
    for (int k = 0; k < format.width; ++k) {
        const int position = first + k;
        const Bit above = position < 0 ? 0 : sign;
        bits[static_cast<std::size_t>(k)] =
            0 <= position && position < count ? operand.bits[static_cast<std::size_t>(position)] : above;
    }
    return result(format, bits);
}

MappedValue OperationMapper::relu(const LiveOperation& format, const MappedValue& operand) {
    const auto first = static_cast<std::size_t>(std::max(operand.fraction - format.fraction, 0));
    const Row kept = operand.bits.subspan(std::min(first, operand.bits.size()));
    const Row read = kept.first(std::min(format.top(), kept.size()));
    if (!operand.is_signed) {
        return result(format, read);
    }
    const std::span<Bit> bits = bits_.row(read.size());
    for (std::size_t k = 0; k < read.size(); ++k) {
        bits[k] = is_net(read[k]) ? bits_.table(std::array{read[k], operand.bits.back()}) : read[k];
    }
    return result(format, bits);
}

MappedValue OperationMapper::select(const CircuitOperation& operation, const LiveOperation& format,
                                    std::span<const MappedValue> operands) {
    const MappedValue& first = operands[0];
    const MappedValue second = operands[1].shifted(static_cast<int>(operation.data[0]));
    const Bit key = operands[2].bits.back();
    const int fraction = std::max({format.fraction, first.fraction, second.fraction});
    const auto dropped = static_cast<std::size_t>(fraction - format.fraction);
    const std::size_t width = format.top() + dropped;
    const Row set = aligned(first, fraction, width);
    const Row clear = aligned(second, fraction, width);
    const std::span<Bit> bits = bits_.row(width);
    for (std::size_t k = 0; k < width; ++k) {
        const Bit a = set[k];
        const Bit b = clear[k];
        bits[k] = a == b ? a : bits_.table(std::array{key, a, b});
        // A key that comes straight from a carry chain stays a set or reset of the register; others are merged.
        const bool one_is_constant = !is_net(a) || !is_net(b);
        if (is_net(key) && is_net(bits[k]) && one_is_constant && bits_.net(key).leaves.empty() && bits[k] != key) {
            bits_.set_reset(bits[k], {.data = is_net(a) ? a : b, .key = key, .inverted = is_net(a)});
        }
    }
    MappedValue made = result(format, Row(bits).subspan(dropped));
    Bit told = 0;
    bool few = true;
    for (const Bit bit : first.bits) {
        few = few && (!is_net(bit) || told == 0 || told == bit);
        told = is_net(bit) ? bit : told;
    }
    if (is_net(key) && few) {
        made.unclamped = aligned(second, format.fraction, format.top());
        const std::span<Bit> choice = bits_.row(is_net(told) ? 2 : 1);
        choice.front() = key;
        choice.back() = is_net(told) ? told : key;
        made.choice = choice;
    }
    return made;
}

MappedValue OperationMapper::bitwise(const CircuitOperation& operation, const LiveOperation& format,
                                     std::span<const MappedValue> operands) {
    const MappedValue& first = operands[0];
    const MappedValue second = operands[1].shifted(static_cast<int>(operation.data[0]));
    const int fraction = std::max({format.fraction, first.fraction, second.fraction});
    const auto dropped = static_cast<std::size_t>(fraction - format.fraction);
    const std::size_t width = format.top() + dropped;
    const Row a = aligned(first, fraction, width);
    const Row b = aligned(second, fraction, width);
    const std::span<Bit> bits = bits_.row(width);
    for (std::size_t k = 0; k < width; ++k) {
        bits[k] = bits_.table(std::array{a[k], b[k]});
    }
    return result(format, Row(bits).subspan(dropped));
}

MappedValue OperationMapper::reduce(const CircuitOperation& operation, const LiveOperation& format,
                                    const MappedValue& operand) {
    if (operation.data[0] == reduce_not) {
        return result(format, operand.bits);
    }
    return result(format, std::array{bits_.table(operand.bits)});
}

// ---- multipliers ---------------------------------------------------------------------------------------------------

MappedValue OperationMapper::multiply(const LiveOperation& format, std::span<const MappedValue> operands) {
    const auto& timing = bits_.library().multiplier;
    const std::size_t product = operands[0].bits.size() + operands[1].bits.size();
    const std::size_t top = format.top();
    if (product < timing.smallest_product) {
        const double arrival =
            std::max(bits_.latest(operands[0].bits), bits_.latest(operands[1].bits)) + timing.soft_ps[product];
        const std::uint32_t block = bits_.block(operands[0].bits, operands[1].bits, timing.soft_lut[product], 0);
        const std::span<Bit> bits = bits_.row(top);
        std::ranges::generate(bits, [&] { return bits_.source(arrival, block); });
        return result(format, bits);
    }
    const bool first_is_wide = signed_width(operands[0]) >= signed_width(operands[1]);
    const Pieces wide(operands[first_is_wide ? 0 : 1], timing.wide_bits);
    const Pieces narrow(operands[first_is_wide ? 1 : 0], timing.narrow_bits);
    // Operands wider than a block are cut; every pair of pieces takes a block, and the products are added.
    summands_.clear();
    for (std::size_t i = 0; i < wide.count; ++i) {
        for (std::size_t j = 0; j < narrow.count; ++j) {
            double arrival = 0.0;
            for (const auto& [piece, delay] :
                 {std::pair(wide[i], timing.wide_ps), std::pair(narrow[j], timing.narrow_ps)}) {
                for (const Bit bit : piece) {
                    arrival = is_net(bit) ? std::max(arrival, bits_.net(bit).arrival + delay) : arrival;
                }
            }
            const std::uint32_t block = bits_.block(wide[i], narrow[j], 0, 1);
            const std::size_t zeros = wide.start(i) + narrow.start(j);
            const std::size_t size = wide[i].size() + narrow[j].size();
            const std::span<Bit> row = bits_.row(std::max(zeros + size, top));
            std::fill_n(row.begin(), zeros, 0);
            for (std::size_t k = zeros; k < zeros + size; ++k) {
                row[k] = bits_.source(arrival, block);
            }
            std::fill(row.begin() + static_cast<std::ptrdiff_t>(zeros + size), row.end(), row[zeros + size - 1]);
            summands_.push_back({.bits = row.first(top), .negated = false});
        }
    }
    return result(format, summands_.size() > 1 ? bits_.add(summands_, top) : summands_[0].bits);
}

// ---- tables --------------------------------------------------------------------------------------------------------

MappedValue OperationMapper::lookup(const Circuit& circuit, const CircuitOperation& operation,
                                    const LiveOperation& format, const MappedValue& index) {
    if (index.bits.size() > bits_.library().lut.largest_logic_table) {
        return instantiated(circuit, operation, format, index);
    }
    const std::span<Bit> direct = bits_.row(format.top());
    std::ranges::generate(direct, [&] { return bits_.table(index.bits, BitMapper::Tables::wide); });
    if (index.choice.empty()) {
        return result(format, direct);
    }
    // The limits can also be chosen behind the table, so that only unclamped bits pass through it.
    const std::span<Bit> behind = bits_.row(format.top());
    std::array<Bit, 3> read{};
    const auto end = std::ranges::copy(index.choice, read.begin() + 1).out;
    for (Bit& bit : behind) {
        read[0] = bits_.table(index.unclamped, BitMapper::Tables::wide);
        bit = bits_.table({read.begin(), end}, BitMapper::Tables::wide);
    }
    return result(format, bits_.latest(behind) < bits_.latest(direct) ? behind : direct);
}

// A table that the toolchain instantiates: the mapper sees only that something drives its outputs.
MappedValue OperationMapper::instantiated(const Circuit& circuit, const CircuitOperation& operation,
                                          const LiveOperation& format, const MappedValue& index) {
    const TableTree& tree = trees_({.entries = circuit.contents(static_cast<std::size_t>(operation.data[0])),
                                    .low = circuit.operations[operation.operands[0]].low,
                                    .address_bits = index.bits.size(),
                                    .data_bits = static_cast<std::size_t>(format.width)});
    const std::uint32_t block = bits_.block(index.bits, {}, tree.lut, 0);
    const std::span<Bit> outputs = bits_.row(format.top());
    for (std::size_t data_bit = 0; data_bit < outputs.size(); ++data_bit) {
        const std::span<const double> paths = tree.to(data_bit);
        double arrival = no_path;
        for (std::size_t k = 0; k < paths.size(); ++k) {
            if (is_net(index.bits[k])) {
                arrival = std::max(arrival, bits_.net(index.bits[k]).arrival + paths[k]);
            }
        }
        outputs[data_bit] = arrival == no_path ? 0 : bits_.table_output(arrival, block);
    }
    return result(format, outputs);
}

} // namespace lat_sr
