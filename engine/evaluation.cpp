#include "evaluation.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace lat_sr {

template <class T>
Evaluator<T>::Evaluator(const Data<T>& data, const Objective& objective, const std::atomic<bool>* stop,
                        std::size_t threads)
    : data_(data), objective_(objective), kernels_(kernels<T>()), fused_(fused_kernels<T>()), stop_(stop),
      rows_(3 * block) {
    std::fill_n(rows_.begin(), block, T{1});
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

template <class T> void Evaluator<T>::mark_limited(const Tree& tree) {
    const std::vector<Fusion>& marks = fusion_.mark(tree);
    limited_.resize(tree.length());
    for (std::size_t i = 0; i < tree.length(); ++i) {
        limited_[i] = marks[i] == Fusion::root || (marks[i] == Fusion::separate && needs_table(tree[i])) ? 1 : 0;
    }
    limited_.back() = 1;
}

template <class T> T Evaluator<T>::folded(const Instruction& instruction) const {
    T value{};
    if (operation(instruction.op).arity == 2) {
        kernels_.binary[index_of(instruction.op)](&instruction.a.value, &instruction.b.value, &value, 1);
    } else {
        kernels_.unary[index_of(instruction.op)](&instruction.a.value, &value, 1, instruction.exponent);
    }
    return value;
}

template <class T> Evaluator<T>::Operand Evaluator<T>::append(Instruction instruction) {
    // The result must not overlap its operands, so their slots are given back only afterwards.
    if (free_.empty()) {
        free_.push_back(slot_count_++);
    }
    instruction.slot = free_.back();
    free_.pop_back();
    for (const Operand& operand : {instruction.a, instruction.b, instruction.c}) {
        if (operand.source == Source::slot) {
            free_.push_back(operand.index);
        }
    }
    tape_.push_back(instruction);
    return {.source = Source::slot, .index = instruction.slot};
}

template <class T> Evaluator<T>::Operand Evaluator<T>::placed(const Operand& operand) {
    if (operand.source != Source::first) {
        return operand;
    }
    const FirstOperation& first = first_[operand.index];
    Instruction instruction;
    instruction.op = first.op;
    instruction.a = first.a;
    instruction.b = first.b;
    return append(instruction);
}

template <class T> bool Evaluator<T>::fuse(Instruction& instruction) {
    const bool is_right = instruction.b.source == Source::first;
    const std::optional<Second> second = second_operation(instruction.op, is_right);
    if (!second || (!is_right && instruction.a.source != Source::first)) {
        return false;
    }
    const FirstOperation first = first_[(is_right ? instruction.b : instruction.a).index];
    instruction.c = placed(is_right ? instruction.a : instruction.b);
    instruction.a = first.a;
    instruction.b = first.b;
    const auto scalar = [](const Operand& operand, unsigned bit) {
        return operand.source == Source::scalar ? bit : 0U;
    };
    const unsigned scalars = scalar(first.a, scalar_a) | scalar(first.b, scalar_b) | scalar(instruction.c, scalar_c);
    instruction.fused = fused_.find(first.op, *second, scalars);
    return true;
}

template <class T> void Evaluator<T>::compile(const Tree& tree) {
    tape_.clear();
    stack_.clear();
    first_.clear();
    mark_limited(tree);
    free_.clear();
    slot_count_ = 0;
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        if (node.op == Op::constant) {
            stack_.push_back({.source = Source::scalar, .value = static_cast<T>(node.value)});
            continue;
        }
        if (node.op == Op::variable) {
            stack_.push_back({.source = Source::column, .index = node.variable});
            continue;
        }
        Instruction instruction;
        instruction.op = node.op;
        instruction.exponent = static_cast<int>(node.value);
        instruction.limited = limited_[i] != 0;
        if (node.arity() == 2) {
            instruction.b = stack_.back();
            stack_.pop_back();
        }
        instruction.a = stack_.back();
        stack_.pop_back();
        if (instruction.a.source == Source::scalar && instruction.b.source == Source::scalar) {
            stack_.push_back({.source = Source::scalar, .value = folded(instruction)});
            continue;
        }
        if (!fuse(instruction)) {
            instruction.a = placed(instruction.a);
            instruction.b = placed(instruction.b);
            if (is_first_operation(node.op) && !instruction.limited) {
                stack_.push_back({.source = Source::first, .index = first_.size()});
                first_.push_back({.op = node.op, .a = instruction.a, .b = instruction.b});
                continue;
            }
        }
        stack_.push_back(append(instruction));
    }
    result_ = stack_.back();
    if (slots_.size() < (slot_count_ + 1) * block) {
        slots_.resize((slot_count_ + 1) * block);
    }
    if (result_.source == Source::scalar) {
        result_ = {.source = Source::slot, .index = slot_count_, .value = result_.value};
        std::fill_n(slots_.begin() + static_cast<std::ptrdiff_t>(slot_count_ * block), block, result_.value);
    }
}

template <class T> const T* Evaluator<T>::pointer(const Operand& operand, std::size_t row) const {
    switch (operand.source) {
    case Source::column:
        return data_.column(operand.index) + row;
    case Source::slot:
        return slots_.data() + operand.index * block;
    default:
        return &operand.value;
    }
}

template <class T> bool Evaluator<T>::within_limit(const T* values, std::size_t rows) const {
    const auto largest = static_cast<double>(kernels_.largest(values, rows));
    return largest <= objective_.value_limit && largest < worthless;
}

template <class T> const T* Evaluator<T>::run_block(std::size_t row, std::size_t rows) {
    for (const Instruction& instruction : tape_) {
        const std::size_t op = index_of(instruction.op);
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* out = slots_.data() + instruction.slot * block;
        if (instruction.fused != nullptr) {
            instruction.fused(pointer(instruction.a, row), pointer(instruction.b, row), pointer(instruction.c, row),
                              out, rows);
        } else if (operation(instruction.op).arity == 1) {
            kernels_.unary[op](pointer(instruction.a, row), out, rows, instruction.exponent);
        } else if (instruction.b.source == Source::scalar) {
            kernels_.binary_right[op](pointer(instruction.a, row), instruction.b.value, out, rows);
        } else if (instruction.a.source == Source::scalar) {
            kernels_.binary_left[op](instruction.a.value, pointer(instruction.b, row), out, rows);
        } else {
            kernels_.binary[op](pointer(instruction.a, row), pointer(instruction.b, row), out, rows);
        }
        if (instruction.limited && !within_limit(out, rows)) {
            return nullptr;
        }
    }
    const T* result = pointer(result_, row);
    return tape_.empty() && !within_limit(result, rows) ? nullptr : result;
}

template <class T> bool Evaluator<T>::stopped() const {
    return stop_ != nullptr && stop_->load(std::memory_order_relaxed);
}

template <class T> double Evaluator<T>::loss(const Tree& tree, RowRange range) {
    if (objective_.user != nullptr) {
        return user_loss(tree, range);
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
    compile(tree);
    const auto row_loss = kernels_.loss[static_cast<std::size_t>(objective_.kind)];
    const T* weights = data_.weights();
    double total = 0.0;
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        work_ += static_cast<double>(rows * tree.length());
        const T* prediction = stopped() ? nullptr : run_block(row, rows);
        if (prediction == nullptr) {
            return worthless;
        }
        total += row_loss(data_.targets() + row, prediction, weights == nullptr ? nullptr : weights + row, rows,
                          static_cast<T>(objective_.parameter));
        if (!std::isfinite(total)) {
            return worthless;
        }
    }
    return total;
}

template <class T> bool Evaluator<T>::predict(const Tree& tree, RowRange range, std::span<T> out) {
    return for_parts(part_count(range), [&](Evaluator& evaluator, std::size_t part) {
        const RowRange rows = part_of(range, part);
        return evaluator.predict_part(tree, rows, out.data() + (rows.begin - range.begin));
    });
}

template <class T> bool Evaluator<T>::predict_part(const Tree& tree, RowRange range, T* out) {
    compile(tree);
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        const T* prediction = run_block(row, rows);
        if (prediction == nullptr) {
            return false;
        }
        std::copy_n(prediction, rows, out + (row - range.begin));
    }
    return true;
}

template <class T> const T* Evaluator<T>::value_of(const Tree& tree, std::size_t i, std::size_t row) const {
    return tree[i].op == Op::variable ? data_.column(tree[i].variable) + row : slots_.data() + i * block;
}

template <class T> bool Evaluator<T>::forward(const Tree& tree, std::size_t row, std::size_t rows) {
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        if (node.is_leaf()) {
            continue;
        }
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* out = slots_.data() + i * block;
        const T* right = value_of(tree, Tree::right_of(i), row);
        if (node.arity() == 1) {
            kernels_.unary[index_of(node.op)](right, out, rows, static_cast<int>(node.value));
        } else {
            kernels_.binary[index_of(node.op)](value_of(tree, tree.left_of(i), row), right, out, rows);
        }
        if (limited_[i] != 0 && !within_limit(out, rows)) {
            return false;
        }
    }
    return true;
}

template <class T> void Evaluator<T>::backward(const Tree& tree, std::size_t row, std::size_t rows) {
    std::copy_n(rows_.begin(), rows, adjoints_.begin() + static_cast<std::ptrdiff_t>((tree.length() - 1) * block));
    for (std::size_t i = tree.length(); i-- > 0;) {
        const Node& node = tree[i];
        if (active_[i] == 0 || node.is_leaf()) {
            continue;
        }
        const // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
            T* out = slots_.data() + i * block;
        const T* adjoint = adjoints_.data() + i * block;
        const std::size_t right = Tree::right_of(i);
        const T* right_value = value_of(tree, right, row);
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* right_adjoint = adjoints_.data() + right * block;
        if (node.arity() == 1) {
            kernels_.unary_gradient[index_of(node.op)](right_value, out, adjoint, right_adjoint, rows,
                                                       static_cast<int>(node.value));
            continue;
        }
        const std::size_t left = tree.left_of(i);
        const T* left_value = value_of(tree, left, row);
        if (active_[right] != 0) {
            kernels_.right_gradient[index_of(node.op)](left_value, right_value, out, adjoint, right_adjoint, rows);
        }
        if (active_[left] != 0) {
            kernels_.left_gradient[index_of(node.op)](left_value, right_value, out, adjoint,
                                                      adjoints_.data() + left * block, rows);
        }
    }
}

template <class T> void Evaluator<T>::prepare_derivatives(const Tree& tree) {
    mark_limited(tree);
    active_.assign(tree.length(), 0);
    const std::size_t needed = tree.length() * block;
    if (slots_.size() < needed) {
        slots_.resize(needed);
    }
    if (adjoints_.size() < needed) {
        adjoints_.resize(needed);
    }
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        if (node.op == Op::constant) {
            active_[i] = 1;
            std::fill_n(slots_.begin() + static_cast<std::ptrdiff_t>(i * block), block, static_cast<T>(node.value));
        } else if (!node.is_leaf()) {
            active_[i] =
                active_[Tree::right_of(i)] != 0 || (node.arity() == 2 && active_[tree.left_of(i)] != 0) ? 1 : 0;
        }
    }
}

template <class T> const T* Evaluator<T>::run_block_backwards(const Tree& tree, std::size_t row, std::size_t rows) {
    work_ += static_cast<double>(2 * rows * tree.length());
    if (stopped() || !forward(tree, row, rows)) {
        return nullptr;
    }
    const T* prediction = value_of(tree, tree.length() - 1, row);
    if (tree.length() == 1 && !within_limit(prediction, rows)) {
        return nullptr;
    }
    backward(tree, row, rows);
    return prediction;
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
    prepare_derivatives(tree);
    by_constant_.clear();
    for (const std::size_t i : constants) {
        by_constant_.push_back(adjoints_.data() + i * block);
    }
    T* first = rows_.data() + block;
    T* second = first + block; // NOLINT(misc-const-correctness): the kernels write to it
    const auto kind = static_cast<std::size_t>(objective_.kind);
    const auto parameter = static_cast<T>(objective_.parameter);
    double total = 0.0;
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        const T* prediction = run_block_backwards(tree, row, rows);
        if (prediction == nullptr) {
            return false;
        }
        const T* targets = data_.targets() + row;
        const T* weights = data_.weights() == nullptr ? nullptr : data_.weights() + row;
        total += kernels_.loss[kind](targets, prediction, weights, rows, parameter);
        kernels_.loss_gradient[kind](targets, prediction, weights, first, second, rows, parameter);
        for (std::size_t j = 0; j < count; ++j) {
            sums.gradient[j] += kernels_.dot(first, by_constant_[j], rows);
        }
        if (second_order) {
            kernels_.gram(by_constant_.data(), count, second, rows, sums.curvature.data());
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
    prepare_derivatives(tree);
    for (std::size_t i = 0; i < tree.length(); ++i) {
        active_[i] = tree.begin_of(i) <= node && node <= i ? 1 : 0;
    }
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        const std::size_t offset = row - range.begin;
        const T* prediction = run_block_backwards(tree, row, rows);
        if (prediction == nullptr) {
            return false;
        }
        const T* weights = data_.weights() == nullptr ? nullptr : data_.weights() + row;
        kernels_.loss_gradient[static_cast<std::size_t>(objective_.kind)](data_.targets() + row, prediction, weights,
                                                                          first.data() + offset, second.data() + offset,
                                                                          rows, static_cast<T>(objective_.parameter));
        std::copy_n(value_of(tree, node, row), rows, value.data() + offset);
        const T* adjoint = adjoints_.data() + node * block;
        for (std::size_t k = offset; k < offset + rows; ++k) {
            const T factor = adjoint[k - offset];
            first[k] *= factor;
            second[k] *= factor * factor;
        }
    }
    return std::isfinite(kernels_.largest(first.data(), range.size())) &&
           std::isfinite(kernels_.largest(second.data(), range.size()));
}

template <class T> double Evaluator<T>::user_loss(const Tree& tree, RowRange range) {
    compile(tree);
    user_.predictions.resize(range.size());
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        work_ += static_cast<double>(rows * tree.length());
        const T* prediction = stopped() ? nullptr : run_block(row, rows);
        if (prediction == nullptr) {
            return worthless;
        }
        std::copy_n(prediction, rows, user_.predictions.begin() + static_cast<std::ptrdiff_t>(row - range.begin));
    }
    const double loss = objective_.user->loss(user_.rows(data_, range));
    return std::isfinite(loss) ? loss : worthless;
}

template <class T>
bool Evaluator<T>::user_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range,
                                    Derivatives& result) {
    prepare_derivatives(tree);
    user_.predictions.resize(range.size());
    tangents_.resize(range.size() * constants.size());
    for (std::size_t row = range.begin; row < range.end; row += block) {
        const std::size_t rows = std::min(block, range.end - row);
        const T* prediction = run_block_backwards(tree, row, rows);
        if (prediction == nullptr) {
            return false;
        }
        const std::size_t offset = row - range.begin;
        std::copy_n(prediction, rows, user_.predictions.data() + offset);
        for (std::size_t j = 0; j < constants.size(); ++j) {
            std::copy_n(adjoints_.data() + constants[j] * block, rows, tangents_.data() + j * range.size() + offset);
        }
    }
    const LossRows rows = user_.rows(data_, range);
    result.loss = objective_.user->loss(rows);
    user_gradient(*objective_.user, rows, tangents_, result.gradient);
    return std::isfinite(result.loss) &&
           std::ranges::all_of(result.gradient, [](double value) { return std::isfinite(value); });
}

template class Evaluator<float>;
template class Evaluator<double>;

} // namespace lat_sr
