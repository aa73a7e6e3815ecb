// The values of a datapath's nodes on the data, worked off where they are needed.
#include "datapath/builder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace lat_sr {

namespace {

constexpr int narrow_operand = 32; // bits of the fast multiplications

// Integers spread evenly over a range, both ends among them, each once.
void sample_range(Interval range, std::vector<std::int64_t>& out) {
    constexpr int count = 4096;
    const auto low = static_cast<double>(range.low);
    const auto high = static_cast<double>(range.high);
    const double step = (high - low) / (count - 1);
    for (int i = 0; i < count; ++i) {
        const double point = i == count - 1 ? high : static_cast<double>(i) * step + low;
        const auto nearest = static_cast<std::int64_t>(std::nearbyint(point));
        if (out.empty() || out.back() != nearest) {
            out.push_back(nearest);
        }
    }
}

} // namespace

NodeId DatapathBuilder::source(NodeId node) const {
    while (nodes_[node].kind == NodeKind::scale && nodes_[node].value == 1) {
        node = nodes_[node].operands[0];
    }
    return node;
}

Aligned DatapathBuilder::aligned_operand(const BuilderNode& node, std::size_t operand) const {
    return {.column = views_[source(node.operands[operand])], .left = alignment(node, operand)};
}

bool DatapathBuilder::has_room() const {
    return (buffer_count_ + 1) * data_.rows() * sizeof(std::int64_t) <= memory_limit;
}

std::int64_t* DatapathBuilder::next_buffer() {
    if (buffer_count_ == buffers_.size()) {
        buffers_.emplace_back(data_.rows());
    }
    return buffers_[buffer_count_++].data();
}

template <class Visit> void DatapathBuilder::evaluate(NodeId target, bool keep, Visit visit) {
    collect_needed(target);
    kept_.clear();
    for (const NodeId i : needed_) {
        kept_.push_back((keep && i == target) || has_room() ? next_buffer() : nullptr);
    }
    const bool all_kept = std::ranges::find(kept_, nullptr) == kept_.end();
    const std::size_t step = all_kept ? data_.rows() : block;
    scratch_.resize(std::max(scratch_.size(), all_kept ? 0 : needed_.size() * block));
    views_.resize(std::max(views_.size(), nodes_.size()));
    for (std::size_t begin = 0; begin < data_.rows(); begin += step) {
        const std::size_t rows = std::min(step, data_.rows() - begin);
        for (const NodeId i : known_) {
            const std::int64_t* column = values_[i].values;
            views_[i] = {.values = column == nullptr ? nullptr : column + begin, .constant = values_[i].constant};
        }
        for (std::size_t k = 0; k < needed_.size(); ++k) {
            std::int64_t* out = kept_[k] == nullptr ? scratch_.data() + k * block : kept_[k] + begin;
            stop_if_interrupted();
            evaluate_block(nodes_[needed_[k]], out, rows);
            views_[needed_[k]] = {.values = out};
        }
        visit(begin, views_[target], rows);
    }
    for (std::size_t k = 0; k < needed_.size(); ++k) {
        values_[needed_[k]].values = kept_[k];
    }
}

IntegerColumn DatapathBuilder::values(NodeId node) {
    node = source(node);
    if (!has_values(node)) {
        evaluate(node, true, [](std::size_t, const IntegerColumn&, std::size_t) {});
    }
    return values_[node];
}

void DatapathBuilder::sample(NodeId node, std::size_t step, std::vector<std::int64_t>& out) {
    out.clear();
    if (data_.is_ranges()) {
        sample_range(seen(node), out);
        return;
    }
    std::size_t next = 0;
    evaluate(source(node), false, [&](std::size_t row, const IntegerColumn& values, std::size_t rows) {
        for (; next < row + rows; next += step) {
            out.push_back(values.values == nullptr ? values.constant : values.values[next - row]);
        }
    });
}

void DatapathBuilder::collect_needed(NodeId target) {
    wanted_.assign(target + 1, 0);
    wanted_[target] = 1;
    needed_.clear();
    known_.clear();
    for (NodeId i = target + 1; i-- > 0;) {
        if (wanted_[i] == 0) {
            continue;
        }
        if (has_values(i)) {
            known_.push_back(i);
            continue;
        }
        needed_.push_back(i);
        for (std::size_t k = 0; k < nodes_[i].arity; ++k) {
            wanted_[source(nodes_[i].operands[k])] = 1;
        }
    }
    std::ranges::reverse(needed_);
}

void DatapathBuilder::evaluate_block(const BuilderNode& node, std::int64_t* out, std::size_t rows) const {
    const NodeId first = node.operands[0];
    const std::int64_t* a = views_[source(first)].values;
    const auto pair = [&](IntegerKernels::AlignedPair kernel) {
        kernel(aligned_operand(node, 0), aligned_operand(node, 1), out, rows);
    };
    switch (node.kind) {
    case NodeKind::add:
        pair(kernels_.add);
        break;
    case NodeKind::subtract:
        pair(kernels_.subtract);
        break;
    case NodeKind::minimum:
        pair(kernels_.minimum);
        break;
    case NodeKind::maximum:
        pair(kernels_.maximum);
        break;
    case NodeKind::select:
        kernels_.select(a, aligned_operand(node, 1), aligned_operand(node, 2), out, rows);
        break;
    case NodeKind::multiply: {
        const NodeId second = node.operands[1];
        const bool is_narrow = std::max(signed_width(first), signed_width(second)) <= narrow_operand;
        (is_narrow ? kernels_.multiply_narrow : kernels_.multiply)(a, views_[source(second)].values, out, rows);
        break;
    }
    case NodeKind::scale: {
        const bool is_narrow =
            signed_width(first) <= narrow_operand && std::abs(node.value) < (std::int64_t{1} << (narrow_operand - 1));
        (is_narrow ? kernels_.scale_narrow : kernels_.scale)(a, node.value, out, rows);
        break;
    }
    case NodeKind::negate:
        kernels_.negate(a, out, rows);
        break;
    case NodeKind::absolute:
        kernels_.absolute(a, out, rows);
        break;
    case NodeKind::cast:
        evaluate_cast(node, a, out, rows);
        break;
    default: // lookup
        kernels_.lookup(a, nodes_[first].bounds.low, tables_[node.index].entries.data(), out, rows);
        break;
    }
}

void DatapathBuilder::evaluate_cast(const BuilderNode& node, const std::int64_t* a, std::int64_t* out,
                                    std::size_t rows) const {
    const FixedFormat& format = node.format;
    const NodeId operand = node.operands[0];
    const int fraction = nodes_[operand].fraction;
    const int shift = format.fraction - fraction;
    CastSteps steps{.right = std::max(-shift, 0),
                    .left = std::clamp(shift, 0, 63),
                    .unused = 64 - format.width,
                    .is_signed = format.is_signed,
                    .low = format.low,
                    .high = format.high};
    const bool is_inside = fits(seen_[operand].value_or(nodes_[operand].bounds), fraction, format);
    const bool rounds = steps.right > 0 && format.quantization != Quantization::trn;
    if ((rounds && format.quantization != Quantization::rnd) || steps.right > 62 ||
        (!is_inside && format.overflow == Overflow::sat_zero)) {
        for (std::size_t row = 0; row < rows; ++row) {
            out[row] = cast_to(format, a[row], fraction);
        }
        return;
    }
    if (rounds) {
        steps.addend = std::int64_t{1} << (steps.right - 1);
    }
    const bool wraps = format.overflow == Overflow::wrap;
    const auto kernel = is_inside ? kernels_.cast_inside : wraps ? kernels_.cast_wrap : kernels_.cast_saturate;
    kernel(a, steps, out, rows);
}

Interval DatapathBuilder::seen(NodeId node) {
    if (data_.is_ranges()) {
        return seen_[node].value_or(nodes_[node].bounds);
    }
    node = source(node);
    const bool is_input = nodes_[node].kind == NodeKind::input;
    std::optional<Interval>& known = is_input ? column_seen_[nodes_[node].index] : seen_[node];
    if (known) {
        return *known;
    }
    Interval range;
    evaluate(node, false, [&](std::size_t row, const IntegerColumn& values, std::size_t rows) {
        Interval part;
        kernels_.range(values.values, rows, part.low, part.high);
        range = row == 0 ? part : Interval{std::min(range.low, part.low), std::max(range.high, part.high)};
    });
    known = range;
    return range;
}

} // namespace lat_sr
