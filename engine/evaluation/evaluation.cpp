#include "evaluation/evaluation.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <cmath>

namespace lat_sr {

template <class T>
Evaluator<T>::Evaluator(const Data<T>& data, const Objective& objective, const std::atomic<bool>* stop,
                        std::size_t threads)
    : data_(data), objective_(objective), kernels_(kernels<T>()), stop_(stop), compiled_(data, objective.value_limit),
      tape_(data, objective.value_limit), loss_(data, objective), columns_(data.outputs()) {
    threads = std::min(threads, part_count(data.all()));
    for (std::size_t thread = 1; thread < threads; ++thread) {
        helpers_.push_back(std::make_unique<Evaluator>(data, objective, stop));
    }
}

template <class T> template <class Work> bool Evaluator<T>::for_parts(std::size_t parts, const Work& work) {
    std::atomic<bool> going{true};
    share_out(parts, helpers_.size() + 1, [&](std::size_t thread, std::size_t part) {
        if (going.load(std::memory_order_relaxed) && !work(thread == 0 ? *this : *helpers_[thread - 1], part)) {
            going.store(false, std::memory_order_relaxed);
        }
    });
    return going.load();
}

template <class T> bool Evaluator<T>::stopped() const {
    return stop_ != nullptr && stop_->load(std::memory_order_relaxed);
}

template <class T> double Evaluator<T>::loss(const Tree& tree, RowRange range) {
    if (objective_.user != nullptr) {
        return user_loss(tree, range);
    }
    if (columns_.covers(range)) {
        return loss_by_columns(tree, range);
    }
    const std::size_t parts = part_count(range);
    part_losses_.resize(parts);
    if (!for_parts(parts, [&](Evaluator& evaluator, std::size_t part) {
            part_losses_[part] = evaluator.sum_of_losses(tree, part_of(range, part));
            return std::isfinite(part_losses_[part]);
        })) {
        return worthless;
    }
    double total = 0.0;
    for (const double sum : part_losses_) {
        total += sum;
    }
    return std::isfinite(total) ? total / data_.weight(range) : worthless;
}

template <class T> double Evaluator<T>::sum_of_losses(const Tree& tree, RowRange range) {
    compiled_.compile(tree);
    double total = 0.0;
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        work_ += static_cast<double>(rows * tree.length());
        if (stopped() || !compiled_.run(row, rows, loss_.predictions())) {
            return worthless;
        }
        total += loss_.sum(row, rows);
        if (!std::isfinite(total)) {
            return worthless;
        }
    }
    return total;
}

template <class T> const T* Evaluator<T>::column(std::span<const Node> formula, std::size_t output, RowRange range) {
    auto& column = columns_.of(output, formula);
    if (!column.known) {
        work_ += static_cast<double>(range.size() * formula.size());
        column.finite = predict(Tree({formula.begin(), formula.end()}), range, {column.values, range.size()});
        column.known = true;
    }
    return column.finite ? column.values : nullptr;
}

template <class T> double Evaluator<T>::loss_by_columns(const Tree& tree, RowRange range) {
    tree.roots(ends_);
    known_.resize(ends_.size());
    for (std::size_t output = 0; output < ends_.size(); ++output) {
        known_[output] = stopped() ? nullptr : column(tree.subtree(ends_[output]), output, range);
        if (known_[output] == nullptr) {
            return worthless;
        }
    }
    double total = 0.0;
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        for (std::size_t output = 0; output < known_.size(); ++output) {
            loss_.predictions()[output] = known_[output] + (row - range.begin);
        }
        total += loss_.sum(row, rows);
    }
    return std::isfinite(total) ? total / data_.weight(range) : worthless;
}

template <class T> bool Evaluator<T>::predict(const Tree& tree, RowRange range, std::span<T> out) {
    return for_parts(part_count(range), [&](Evaluator& evaluator, std::size_t part) {
        const RowRange rows = part_of(range, part);
        return evaluator.predict_part(tree, rows, out.data() + (rows.begin - range.begin));
    });
}

template <class T> bool Evaluator<T>::predict_part(const Tree& tree, RowRange range, T* out) {
    compiled_.compile(tree);
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        if (!compiled_.run(row, rows, loss_.predictions())) {
            return false;
        }
        std::copy_n(loss_.predictions().front(), rows, out + (row - range.begin));
    }
    return true;
}

template <class T>
bool Evaluator<T>::run_backwards(const Tree& tree, std::size_t row, std::size_t rows, std::size_t offset) {
    work_ += static_cast<double>(2 * rows * tape_.size());
    return !stopped() && tape_.run(tree, row, rows, offset, loss_.predictions());
}

template <class T> template <class Fixed> bool Evaluator<T>::set_known(const Tree& tree, RowRange range, Fixed fixed) {
    known_.assign(ends_.size(), nullptr);
    for (std::size_t output = 0; columns_.covers(range) && output < ends_.size(); ++output) {
        if (fixed(output)) {
            known_[output] = column(tree.subtree(ends_[output]), output, range);
            if (known_[output] == nullptr) {
                return false;
            }
        }
    }
    return true;
}

template <class T>
void Evaluator<T>::set_blocks(const Tree& tree, std::span<const std::size_t> constants, bool second_order) {
    tree.roots(ends_);
    blocks_.clear();
    ConstantBlock part;
    for (const std::size_t root : ends_) {
        const auto end = std::ranges::upper_bound(constants, root);
        part.size = static_cast<std::size_t>(end - constants.begin()) - part.begin;
        blocks_.push_back(part);
        part.begin += part.size;
        part.offset += part.size * part.size;
    }
    curvature_.assign(second_order ? part.offset : 0, 0.0);
}

namespace {

void add(const std::vector<double>& values, std::vector<double>& sums) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        sums[i] += values[i];
    }
}

bool scale(std::vector<double>& values, double factor) {
    bool finite = true;
    for (double& value : values) {
        value *= factor;
        finite = finite && std::isfinite(value);
    }
    return finite;
}

} // namespace

template <class T>
bool Evaluator<T>::derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range, Order order,
                               Derivatives& result) {
    const std::size_t count = constants.size();
    result.loss = worthless;
    result.gradient.assign(count, 0.0);
    result.curvature.assign(order == Order::second ? count * count : 0, 0.0);
    if (objective_.user != nullptr) {
        return user_derivatives(tree, constants, range, result);
    }
    const std::size_t parts = part_count(range);
    part_derivatives_.resize(std::max(parts, part_derivatives_.size()));
    if (!for_parts(parts, [&](Evaluator& evaluator, std::size_t part) {
            return evaluator.sum_derivatives(tree, constants, part_of(range, part), order, part_derivatives_[part]);
        })) {
        return false;
    }
    double total = 0.0;
    for (const Derivatives& sums : std::span(part_derivatives_).first(parts)) {
        total += sums.loss;
        add(sums.gradient, result.gradient);
        add(sums.curvature, result.curvature);
    }
    result.loss = total / data_.weight(range);
    const double factor = 1.0 / data_.weight(range);
    const bool finite = scale(result.gradient, factor);
    return scale(result.curvature, factor) && finite && std::isfinite(result.loss);
}

template <class T>
bool Evaluator<T>::sum_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range,
                                   Order order, Derivatives& sums) {
    const std::size_t count = constants.size();
    const bool second_order = order == Order::second;
    sums.gradient.assign(count, 0.0);
    sums.curvature.assign(second_order ? count * count : 0, 0.0);
    set_blocks(tree, constants, second_order);
    if (!set_known(tree, range, [this](std::size_t output) { return blocks_[output].size == 0; })) {
        return false;
    }
    tape_.prepare(tree, known_);
    by_constant_.clear();
    for (const std::size_t i : constants) {
        by_constant_.push_back(tape_.adjoint(i));
    }
    double total = 0.0;
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        if (!run_backwards(tree, row, rows, row - range.begin)) {
            return false;
        }
        total += loss_.sum(row, rows);
        loss_.differentiate(row, rows);
        for (std::size_t output = 0; output < blocks_.size(); ++output) {
            const auto [begin, size, offset] = blocks_[output];
            for (std::size_t j = begin; j < begin + size; ++j) {
                sums.gradient[j] += kernels_.dot(loss_.slopes(output), by_constant_[j], rows);
            }
            if (second_order) {
                kernels_.gram(by_constant_.data() + begin, size, loss_.curvatures(output), rows,
                              curvature_.data() + offset);
            }
        }
    }
    for (const auto& [begin, size, offset] : blocks_) {
        for (std::size_t j = 0; second_order && j < size; ++j) {
            std::copy_n(curvature_.data() + offset + j * size, j + 1,
                        sums.curvature.data() + (begin + j) * count + begin);
        }
    }
    sums.loss = total;
    return std::isfinite(total);
}

template <class T>
bool Evaluator<T>::sensitivity(const Tree& tree, std::size_t node, RowRange range, std::span<T> value,
                               std::span<T> first, std::span<T> second) {
    if (objective_.user != nullptr) {
        return false;
    }
    tree.roots(ends_);
    const auto output = static_cast<std::size_t>(std::ranges::lower_bound(ends_, node) - ends_.begin());
    if (!set_known(tree, range, [=](std::size_t other) { return other != output; })) {
        return false;
    }
    tape_.prepare(tree, known_);
    tape_.follow(tree, node);
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        const std::size_t offset = row - range.begin;
        if (!run_backwards(tree, row, rows, row - range.begin)) {
            return false;
        }
        loss_.differentiate(row, rows);
        std::copy_n(tape_.value(tree, node, row), rows, value.data() + offset);
        const T* adjoint = tape_.adjoint(node);
        for (std::size_t k = offset; k < offset + rows; ++k) {
            const T factor = adjoint[k - offset];
            first[k] = loss_.slopes(output)[k - offset] * factor;
            second[k] = loss_.curvatures(output)[k - offset] * (factor * factor);
        }
    }
    return std::isfinite(kernels_.largest(first.data(), range.size())) &&
           std::isfinite(kernels_.largest(second.data(), range.size()));
}

template <class T> double Evaluator<T>::user_loss(const Tree& tree, RowRange range) {
    compiled_.compile(tree);
    user_.predictions.resize(range.size());
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        work_ += static_cast<double>(rows * tree.length());
        if (stopped() || !compiled_.run(row, rows, loss_.predictions())) {
            return worthless;
        }
        std::copy_n(loss_.predictions().front(), rows,
                    user_.predictions.begin() + static_cast<std::ptrdiff_t>(row - range.begin));
    }
    const double loss = objective_.user->loss(user_.rows(data_, range));
    return std::isfinite(loss) ? loss : worthless;
}

template <class T>
bool Evaluator<T>::user_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range,
                                    Derivatives& result) {
    known_.assign(1, nullptr);
    tape_.prepare(tree, known_);
    user_.predictions.resize(range.size());
    tangents_.resize(range.size() * constants.size());
    for (std::size_t row = range.begin; row < range.end; row += block_rows) {
        const std::size_t rows = std::min(block_rows, range.end - row);
        if (!run_backwards(tree, row, rows, row - range.begin)) {
            return false;
        }
        const std::size_t offset = row - range.begin;
        std::copy_n(loss_.predictions().front(), rows, user_.predictions.data() + offset);
        for (std::size_t j = 0; j < constants.size(); ++j) {
            std::copy_n(tape_.adjoint(constants[j]), rows, tangents_.data() + j * range.size() + offset);
        }
    }
    const LossRows rows = user_.rows(data_, range);
    result.loss = objective_.user->loss(rows);
    user_gradient(*objective_.user, rows, tangents_, result.gradient);
    return std::isfinite(result.loss) &&
           std::ranges::all_of(result.gradient, [](double value) { return std::isfinite(value); });
}

LAT_SR_INSTANTIATE(Evaluator);

} // namespace lat_sr
