#include "datapath/fixed_point.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace lat_sr {

namespace {

// Two's complement arithmetic on the bits is the matter of this part.
// NOLINTBEGIN(bugprone-signed-bitwise)

// 2**62: what is shifted out beyond it decides ties only.
constexpr int largest_shift = 62;

std::int64_t rounded(Quantization mode, std::int64_t value, int right) {
    if (right <= 0) {
        return value;
    }
    if (right > largest_shift) {
        const int excess = std::min(right - largest_shift, 63);
        const std::int64_t kept = value >> excess;
        const bool lost =
            (static_cast<std::uint64_t>(kept) << static_cast<unsigned>(excess)) != static_cast<std::uint64_t>(value);
        return rounded(mode, kept | (lost ? 1 : 0), largest_shift);
    }
    const std::int64_t quotient = value >> right;
    const std::int64_t remainder = value & ((std::int64_t{1} << right) - 1);
    const std::int64_t half = std::int64_t{1} << (right - 1);
    const bool above = remainder > half;
    const bool tie = remainder == half;
    bool up = false;
    switch (mode) {
    case Quantization::trn:
        break;
    case Quantization::trn_zero:
        up = value < 0 && remainder != 0;
        break;
    case Quantization::rnd:
        up = above || tie;
        break;
    case Quantization::rnd_min_inf:
        up = above;
        break;
    case Quantization::rnd_zero:
        up = above || (tie && value < 0);
        break;
    case Quantization::rnd_inf:
        up = above || (tie && value >= 0);
        break;
    case Quantization::rnd_conv:
        up = above || (tie && quotient % 2 != 0);
        break;
    }
    return quotient + (up ? 1 : 0);
}

std::int64_t shifted(std::int64_t value, int left) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << static_cast<unsigned>(left));
}

std::int64_t confined(const FixedFormat& format, std::int64_t value, int left) {
    left = std::clamp(left, 0, 63);
    if (format.overflow != Overflow::wrap) {
        const bool zero = format.overflow == Overflow::sat_zero;
        if (value > (format.high >> left)) {
            return zero ? 0 : format.high;
        }
        if (value < -((-format.low) >> left)) {
            return zero ? 0 : format.low;
        }
    }
    const auto unused = static_cast<unsigned>(64 - format.width);
    const std::uint64_t bits = static_cast<std::uint64_t>(shifted(value, left)) << unused;
    return format.is_signed ? static_cast<std::int64_t>(bits) >> unused : static_cast<std::int64_t>(bits >> unused);
}

} // namespace

std::int64_t cast_to(const FixedFormat& format, std::int64_t value, int fraction) {
    const int shift = format.fraction - fraction;
    return confined(format, rounded(format.quantization, value, -shift), shift);
}

// NOLINTEND(bugprone-signed-bitwise)

FixedDatapath::FixedDatapath(std::vector<DatapathNode> nodes, std::vector<std::size_t> outputs,
                             std::vector<std::vector<std::int64_t>> tables, std::size_t inputs)
    : nodes_(std::move(nodes)), outputs_(std::move(outputs)), tables_(std::move(tables)), inputs_(inputs) {
    check();
}

void FixedDatapath::check() const {
    const auto require = [](bool condition, std::size_t position, const char* what) {
        if (!condition) {
            throw std::invalid_argument("datapath node " + std::to_string(position) + ": " + what);
        }
    };
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const DatapathNode& node = nodes_[i];
        std::size_t arity = 2;
        switch (node.kind) {
        case NodeKind::input:
            arity = 0;
            require(node.index < inputs_, i, "no such input column");
            break;
        case NodeKind::constant:
            arity = 0;
            break;
        case NodeKind::scale:
        case NodeKind::negate:
        case NodeKind::absolute:
            arity = 1;
            break;
        case NodeKind::cast:
            arity = 1;
            require(node.format.width >= 1 && node.format.width <= 63, i, "a cast to a width outside of 1..63");
            break;
        case NodeKind::lookup:
            arity = 1;
            require(node.index < tables_.size(), i, "no such table");
            break;
        case NodeKind::select:
            arity = 3;
            break;
        default:
            break;
        }
        require(node.operands.size() == arity, i, "wrong number of operands");
        for (const std::size_t operand : node.operands) {
            require(operand < i, i, "an operand that does not come before it");
        }
        if (arity >= 2 && node.kind != NodeKind::multiply) {
            for (std::size_t k = arity - 2; k < arity; ++k) {
                const int shift = node.fraction - nodes_[node.operands[k]].fraction;
                require(shift >= 0 && shift < 64, i, "an operand that cannot be aligned");
            }
        }
    }
    for (const std::size_t output : outputs_) {
        require(output < nodes_.size(), output, "an output that does not exist");
    }
}

void FixedDatapath::run(std::size_t position, std::span<const std::int64_t> X, std::size_t rows, Values& values) const {
    const DatapathNode& node = nodes_[position];
    std::int64_t* out = values.data() + position * block;
    const auto operand = [&](std::size_t k) { return values.data() + node.operands[k] * block; };
    const auto fill = [&](auto value) {
        for (std::size_t row = 0; row < rows; ++row) {
            out[row] = value(row);
        }
    };
    // The last two operands, brought to the node's fraction.
    const auto fill_aligned = [&](auto combine) {
        const std::size_t first = node.operands.size() - 2;
        const std::int64_t* a = operand(first);
        const std::int64_t* b = operand(first + 1);
        const int shift_a = node.fraction - nodes_[node.operands[first]].fraction;
        const int shift_b = node.fraction - nodes_[node.operands[first + 1]].fraction;
        fill([&](std::size_t row) { return combine(shifted(a[row], shift_a), shifted(b[row], shift_b), row); });
    };
    const std::int64_t* a = node.operands.empty() ? nullptr : operand(0);
    switch (node.kind) {
    case NodeKind::input:
        fill([&](std::size_t row) { return X[row * inputs_ + node.index]; });
        break;
    case NodeKind::constant:
        fill([&](std::size_t) { return node.value; });
        break;
    case NodeKind::add:
        fill_aligned([](std::int64_t x, std::int64_t y, std::size_t) { return x + y; });
        break;
    case NodeKind::subtract:
        fill_aligned([](std::int64_t x, std::int64_t y, std::size_t) { return x - y; });
        break;
    case NodeKind::minimum:
        fill_aligned([](std::int64_t x, std::int64_t y, std::size_t) { return std::min(x, y); });
        break;
    case NodeKind::maximum:
        fill_aligned([](std::int64_t x, std::int64_t y, std::size_t) { return std::max(x, y); });
        break;
    case NodeKind::select:
        fill_aligned([a](std::int64_t x, std::int64_t y, std::size_t row) { return a[row] < 0 ? x : y; });
        break;
    case NodeKind::multiply: {
        const std::int64_t* b = operand(1);
        fill([&](std::size_t row) { return a[row] * b[row]; });
        break;
    }
    case NodeKind::scale:
        fill([&](std::size_t row) { return a[row] * node.value; });
        break;
    case NodeKind::negate:
        fill([&](std::size_t row) { return -a[row]; });
        break;
    case NodeKind::absolute:
        fill([&](std::size_t row) { return a[row] < 0 ? -a[row] : a[row]; });
        break;
    case NodeKind::cast: {
        const int fraction = nodes_[node.operands[0]].fraction;
        fill([&](std::size_t row) { return cast_to(node.format, a[row], fraction); });
        break;
    }
    case NodeKind::lookup: {
        const std::vector<std::int64_t>& table = tables_[node.index];
        const std::int64_t low = nodes_[node.operands[0]].low;
        fill([&](std::size_t row) {
            const std::int64_t entry = a[row] - low;
            if (entry < 0 || static_cast<std::size_t>(entry) >= table.size()) {
                throw std::out_of_range("a port value lies outside of the datapath's input format");
            }
            return table[static_cast<std::size_t>(entry)];
        });
        break;
    }
    }
}

void FixedDatapath::evaluate(std::span<const std::int64_t> X, std::span<std::int64_t> out, std::size_t rows) const {
    Values values(nodes_.size() * block);
    for (std::size_t begin = 0; begin < rows; begin += block) {
        const std::size_t count = std::min(block, rows - begin);
        const auto part = X.subspan(begin * inputs_, count * inputs_);
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            run(i, part, count, values);
        }
        for (std::size_t k = 0; k < outputs_.size(); ++k) {
            for (std::size_t row = 0; row < count; ++row) {
                out[(begin + row) * outputs_.size() + k] = values[outputs_[k] * block + row];
            }
        }
    }
}

} // namespace lat_sr
