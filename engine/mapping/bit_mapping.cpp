#include "mapping/bit_mapping.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace lat_sr {

namespace {

bool is_zero(Bit bit) { return bit == 0; }

bool any_set(Row row) { return !std::ranges::all_of(row, is_zero); }

std::size_t first_set(Row row) {
    return static_cast<std::size_t>(std::ranges::find_if_not(row, is_zero) - row.begin());
}

} // namespace

BitMapper::BitMapper(const DelayLibrary& library) : library_(library) {
    pins_.emplace_back();
    pins_.insert(pins_.end(), library.lut.pin_ps.begin(), library.lut.pin_ps.end());
    penalty_.push_back(0.0);
    penalty_.insert(penalty_.end(), library.lut.penalty_ps.begin(), library.lut.penalty_ps.end());
    clear();
}

void BitMapper::clear() {
    nets_.assign(first_net, Net{});
    blocks_.clear();
    bits_.clear();
    summands_.clear();
    latest_open_end_ = 0.0;
}

double BitMapper::arrival(Bit bit) const { return is_net(bit) ? nets_[bit].arrival + library_.flipflop.setup_ps : 0.0; }

double BitMapper::at_register(Bit bit) const {
    if (!is_net(bit)) {
        return 0.0;
    }
    const auto& timing = library_.flipflop;
    const Reset& reset = nets_[bit].reset;
    if (!is_net(reset.key)) {
        return nets_[bit].arrival + timing.setup_ps;
    }
    const double data = is_net(reset.data) ? nets_[reset.data].arrival : 0.0;
    const double key = nets_[reset.key].arrival + (reset.inverted ? pins_[1][0] : 0.0);
    return std::max(data + timing.setup_ps, key + timing.reset_setup_ps);
}

double BitMapper::latest(Row bits) const {
    double latest = 0.0;
    for (const Bit bit : bits) {
        latest = is_net(bit) ? std::max(latest, nets_[bit].arrival) : latest;
    }
    return latest;
}

std::uint32_t BitMapper::block(Row first, Row second, int lut, int dsp) {
    const std::span<Bit> inputs = row(first.size() + second.size());
    const auto middle = std::ranges::copy_if(first, inputs.begin(), is_net).out;
    const auto end = std::ranges::copy_if(second, middle, is_net).out;
    blocks_.push_back({.inputs = inputs.first(static_cast<std::size_t>(end - inputs.begin())), .lut = lut, .dsp = dsp});
    return static_cast<std::uint32_t>(blocks_.size() - 1);
}

// ---- look-up tables ------------------------------------------------------------------------------------------------

// Equal ones stay in their order.
void BitMapper::sort_by_weight(std::span<Bit> nets, bool descending) const {
    for (std::size_t k = 1; k < nets.size(); ++k) {
        const Bit moved = nets[k];
        const double weight = nets_[moved].weight;
        std::size_t place = k;
        while (place > 0 &&
               (descending ? nets_[nets[place - 1]].weight < weight : nets_[nets[place - 1]].weight > weight)) {
            nets[place] = nets[place - 1];
            --place;
        }
        nets[place] = moved;
    }
}

void BitMapper::consider(std::span<Bit> leaves, bool relaxed, Cover& best) const {
    // What the mapper takes for the latest input has the fastest pin.
    sort_by_weight(leaves, true);
    const std::vector<double>& pins = pins_[leaves.size()];
    double arrival = 0.0;
    double weight = 0.0;
    for (std::size_t k = 0; k < leaves.size(); ++k) {
        const Net& leaf = nets_[leaves[k]];
        arrival = std::max(arrival, leaf.arrival + (relaxed && !leaf.leaves.empty() ? pins.back() : pins[k]));
        weight = std::max(weight, leaf.weight + pins[k]);
    }
    weight += penalty_[leaves.size()];
    const auto rank = std::tuple(weight, arrival, leaves.size());
    if (best.size == 0 || rank < std::tuple(best.weight, best.arrival, best.size)) {
        best.weight = weight;
        best.arrival = arrival;
        best.size = leaves.size();
        std::ranges::copy(leaves, best.leaves.begin());
    }
}

Bit BitMapper::table(Row bits, Tables kind) {
    const std::size_t size = kind == Tables::wide ? library_.lut.pin_ps.size() : library_.lut.inputs;
    std::array<Bit, most_operands> operands; // NOLINT: filled as far as it is used
    std::size_t count = 0;
    const auto known = [](const auto& nets, std::size_t number, Bit bit) {
        return std::find(nets.begin(), nets.begin() + number, bit) != nets.begin() + number;
    };
    for (const Bit bit : bits) {
        if (is_net(bit) && !known(operands, count, bit)) {
            operands[count++] = bit;
        }
    }
    if (count < 2) {
        return count != 0 ? operands[0] : 0;
    }
    while (count > size) {
        sort_by_weight({operands.data(), count}, false);
        const Bit first = table({operands.data(), size}, kind == Tables::wide ? kind : Tables::single);
        std::copy(operands.begin() + size, operands.begin() + count, operands.begin() + 1);
        operands[0] = first;
        count -= size - 1;
    }
    std::array<Bit, most_inputs> merged; // NOLINT: filled as far as it is used
    std::size_t merged_count = 0;
    for (std::size_t k = 0; k < count; ++k) {
        if (!nets_[operands[k]].leaves.empty()) {
            merged[merged_count++] = operands[k];
        }
    }
    sort_by_weight({merged.data(), merged_count}, true);
    merged_count = std::min(merged_count, most_merged);
    Cover best;
    for (std::size_t choice = 0; choice < std::size_t{1} << merged_count; ++choice) {
        std::array<Bit, (most_merged + 1) * most_inputs> leaves; // NOLINT: filled as far as it is used
        std::size_t number = 0;
        const auto is_chosen = [&](Bit net) {
            for (std::size_t k = 0; k < merged_count; ++k) {
                if (merged[k] == net) {
                    return (choice >> k & 1U) != 0;
                }
            }
            return false;
        };
        for (std::size_t k = 0; k < count; ++k) {
            if (!is_chosen(operands[k])) {
                leaves[number++] = operands[k];
            }
        }
        for (std::size_t k = 0; k < merged_count && number <= size; ++k) {
            if ((choice >> k & 1U) != 0) {
                for (const Bit leaf : nets_[merged[k]].leaves) {
                    if (!known(leaves, number, leaf)) {
                        leaves[number++] = leaf;
                    }
                }
            }
        }
        if (number <= size) {
            consider({leaves.data(), number}, kind == Tables::relaxed, best);
        }
    }
    const std::span<Bit> cover = row(best.size);
    std::copy_n(best.leaves.begin(), best.size, cover.begin());
    return make(best.arrival, best.weight, cover, no_block);
}

// ---- sums ----------------------------------------------------------------------------------------------------------

Row BitMapper::add(std::span<const Summand> rows, std::size_t width) {
    work_.clear();
    std::ranges::copy_if(rows, std::back_inserter(work_), [](const Summand& row) { return any_set(row.bits); });
    if (work_.size() > 2) {
        reduce_to_two(width);
    }
    if (work_.size() == 2) {
        const auto [first, second] = std::pair(work_[0], work_[1]);
        const bool swapped = first.negated && !second.negated;
        return swapped ? two_rows(second.bits, first.bits, true) : two_rows(first.bits, second.bits, second.negated);
    }
    if (work_.size() == 1 && !work_[0].negated) {
        return work_[0].bits;
    }
    const std::span<Bit> zeros = row(width);
    std::ranges::fill(zeros, 0);
    return work_.empty() ? Row(zeros) : two_rows(zeros, work_[0].bits, true);
}

// Three rows become two by a full adder for every column (C. S. Wallace, 1964), until a carry chain adds two.
void BitMapper::reduce_to_two(std::size_t width) {
    // The 1 that a complement needs is put where a subtracted row stands alone: its carries start there.
    copies_.clear();
    for (const Summand& summand : work_) {
        copies_.push_back(row(width));
        std::ranges::copy(summand.bits, copies_.back().begin());
    }
    for (std::size_t number = 0; number < work_.size(); ++number) {
        const std::size_t first = first_set(work_[number].bits);
        bool alone = work_[number].negated;
        for (std::size_t other = 0; other < copies_.size() && alone; ++other) {
            alone = other == number || copies_[other][first] == 0;
        }
        if (alone) {
            copies_[number == 0 ? 1 : 0][first] = 1;
        }
    }
    for (std::size_t number = 0; number < work_.size(); ++number) {
        work_[number].bits = copies_[number];
    }
    // A row to be added: its complement, above the zeros at its end, if it is to be subtracted.
    const auto plain = [&](const Summand& summand) {
        if (!summand.negated) {
            return summand.bits;
        }
        const std::size_t first = first_set(summand.bits);
        const std::span<Bit> complement = row(width);
        for (std::size_t k = 0; k < width; ++k) {
            const Bit bit = summand.bits[k];
            complement[k] = is_net(bit) || k < first ? bit : 1 - bit;
        }
        return Row(complement);
    };
    Tables kind = Tables::single;
    while (work_.size() > 2) {
        reduced_.clear();
        std::size_t k = 0;
        for (; k + 2 < work_.size(); k += 3) {
            const std::array<Row, 3> columns{plain(work_[k]), plain(work_[k + 1]), plain(work_[k + 2])};
            const std::span<Bit> sums = row(width);
            const std::span<Bit> carries = row(width + 1);
            carries[0] = 0;
            for (std::size_t position = 0; position < width; ++position) {
                const std::array<Bit, 3> column{columns[0][position], columns[1][position], columns[2][position]};
                std::tie(sums[position], carries[position + 1]) = full_adder(column, kind);
            }
            reduced_.push_back({.bits = sums, .negated = false});
            reduced_.push_back({.bits = carries.first(width), .negated = false});
        }
        reduced_.insert(reduced_.end(), work_.begin() + static_cast<std::ptrdiff_t>(k), work_.end());
        kind = reduced_.size() == 3 ? Tables::relaxed : Tables::single;
        std::swap(work_, reduced_);
    }
}

// Sum and carry of three bits.
std::pair<Bit, Bit> BitMapper::full_adder(const std::array<Bit, 3>& column, Tables kind) {
    std::array<Bit, 3> nets{};
    std::size_t count = 0;
    Bit ones = 0;
    for (const Bit bit : column) {
        if (is_net(bit)) {
            nets[count++] = bit;
        } else {
            ones += bit;
        }
    }
    if (count == 0) {
        return {ones & 1U, ones >> 1U};
    }
    if (count == 1) {
        return {nets[0], std::array<Bit, 3>{0, nets[0], 1}[ones]};
    }
    const Row read(nets.data(), count);
    const Bit sum = table(read, kind);
    return {sum, table(read, kind)};
}

Row BitMapper::two_rows(Row first, Row second, bool subtract) {
    const std::span<Bit> sum = row(first.size());
    std::size_t low = 0;
    // Bits with a known carry need no chain: a summand of 0, or 1 - b with no borrow so far.
    for (; low < first.size(); ++low) {
        if (second[low] == 0) {
            sum[low] = first[low];
        } else if (first[low] == (subtract ? 1U : 0U)) {
            sum[low] = second[low];
        } else {
            break;
        }
    }
    const std::size_t rest = first.size() - low;
    if (rest >= library_.carry.shortest) {
        chain(first.subspan(low), second.subspan(low), subtract, sum.subspan(low));
        return sum;
    }
    const std::span<Bit> taken = row(2 * rest);
    for (std::size_t k = 0; k < rest; ++k) {
        taken[2 * k] = first[low + k];
        taken[2 * k + 1] = second[low + k];
        sum[low + k] = table(taken.first(2 * k + 2));
    }
    return sum;
}

// A look-up table for every bit, then blocks of carry logic.
void BitMapper::chain(Row first, Row second, bool subtract, std::span<Bit> sum) {
    const auto& carry = library_.carry;
    const std::size_t width = first.size();
    const std::size_t size = carry.block();
    const std::span<Bit> tables = row(width);
    selects_.resize(width);
    datas_.resize(width);
    int inverters = 0;
    for (std::size_t k = 0; k < width; ++k) {
        const std::array<Bit, 2> pair{first[k], second[k]};
        const Bit select = tables[k] = table(pair);
        selects_[k] = no_path;
        if (is_net(select)) {
            // A lone operand may have to pass an inverter, unless the look-up table that makes it inverts.
            const Bit other = is_net(pair[1]) ? pair[0] : pair[1];
            const bool flipped = nets_[select].leaves.empty() && other == (subtract ? 0U : 1U);
            inverters += flipped ? 1 : 0;
            selects_[k] = flipped ? nets_[select].arrival + pins_[1][0] : nets_[select].arrival;
        }
        datas_[k] = is_net(first[k]) ? nets_[first[k]].arrival : no_path;
    }
    const std::uint32_t made = block(tables, first, inverters, 0);
    std::array<double, largest_block> outputs; // NOLINT: filled as far as it is used
    double incoming = no_path;
    for (std::size_t start = 0; start < width; start += size) {
        std::fill_n(outputs.begin(), size, 0.0);
        double carried = no_path;
        const auto arrive = [&](double arrival, const std::vector<double>& to_output,
                                const std::vector<double>& to_carry) {
            for (std::size_t position = 0; position < size; ++position) {
                outputs[position] = std::max(outputs[position], arrival + to_output[position]);
            }
            carried = std::max(carried, arrival + to_carry.back());
        };
        const std::size_t used = std::min(size, width - start);
        for (std::size_t k = 0; k < used; ++k) {
            arrive(selects_[start + k], carry.select_to_output_ps[k], carry.select_to_carry_ps[k]);
            arrive(datas_[start + k], carry.data_to_output_ps[k], carry.data_to_carry_ps[k]);
        }
        arrive(incoming, carry.carry_to_output_ps, carry.carry_to_carry_ps);
        incoming = carried;
        for (std::size_t k = 0; k < used; ++k) {
            sum[start + k] = source(outputs[k], made);
        }
    }
    latest_open_end_ = std::max(latest_open_end_, *std::max_element(outputs.begin(), outputs.begin() + size));
}

// ---- resources -----------------------------------------------------------------------------------------------------

Resources BitMapper::count(std::span<const Bit> held) {
    Resources resources;
    pending_.assign(held.begin(), held.end());
    while (!pending_.empty()) {
        Net& net = nets_[pending_.back()];
        pending_.pop_back();
        if (net.counted) {
            continue;
        }
        net.counted = true;
        if (!net.leaves.empty()) {
            const std::size_t size = net.leaves.size();
            resources.lut += 1 << (size > library_.lut.inputs ? size - library_.lut.inputs : 0);
            pending_.insert(pending_.end(), net.leaves.begin(), net.leaves.end());
        } else if (net.block != no_block && !blocks_[net.block].counted) {
            Block& block = blocks_[net.block];
            block.counted = true;
            resources.lut += block.lut;
            resources.dsp += block.dsp;
            pending_.insert(pending_.end(), block.inputs.begin(), block.inputs.end());
        }
    }
    return resources;
}

} // namespace lat_sr
