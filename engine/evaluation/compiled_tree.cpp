#include "evaluation/compiled_tree.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <optional>

namespace lat_sr {

template <class T>
CompiledTree<T>::CompiledTree(const Data<T>& data, double value_limit)
    : data_(data), kernels_(kernels<T>()), fused_(fused_kernels<T>()), limit_(value_limit) {}

template <class T> T CompiledTree<T>::folded(const Instruction& instruction) const {
    T value{};
    if (operation(instruction.op).arity == 2) {
        kernels_.binary[index_of(instruction.op)](&instruction.a.value, &instruction.b.value, &value, 1);
    } else {
        kernels_.unary[index_of(instruction.op)](&instruction.a.value, &value, 1, instruction.exponent);
    }
    return value;
}

template <class T> typename CompiledTree<T>::Operand CompiledTree<T>::append(Instruction instruction) {
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

template <class T> typename CompiledTree<T>::Operand CompiledTree<T>::placed(const Operand& operand) {
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

template <class T> bool CompiledTree<T>::fuse(Instruction& instruction) {
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

template <class T> void CompiledTree<T>::compile(const Tree& tree) {
    tape_.clear();
    stack_.clear();
    first_.clear();
    limit_.mark(tree);
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
        instruction.limited = limit_.applies_to(i);
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
    results_ = stack_;
    if (slots_.size() < (slot_count_ + results_.size()) * block_rows) {
        slots_.resize((slot_count_ + results_.size()) * block_rows);
    }
    std::size_t next = slot_count_;
    for (Operand& result : results_) {
        if (result.source == Source::scalar) {
            result = {.source = Source::slot, .index = next++, .value = result.value};
            std::fill_n(slots_.begin() + static_cast<std::ptrdiff_t>(result.index * block_rows), block_rows,
                        result.value);
        }
    }
}

template <class T> const T* CompiledTree<T>::pointer(const Operand& operand, std::size_t row) const {
    switch (operand.source) {
    case Source::column:
        return data_.column(operand.index) + row;
    case Source::slot:
        return slots_.data() + operand.index * block_rows;
    default:
        return &operand.value;
    }
}

template <class T> bool CompiledTree<T>::run(std::size_t row, std::size_t rows, std::span<const T*> values) {
    for (const Instruction& instruction : tape_) {
        const std::size_t op = index_of(instruction.op);
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* out = slots_.data() + instruction.slot * block_rows;
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
        if (instruction.limited && !limit_.holds(out, rows)) {
            return false;
        }
    }
    for (std::size_t output = 0; output < results_.size(); ++output) {
        values[output] = pointer(results_[output], row);
        // What no instruction computes was not looked at yet.
        const bool computed = results_[output].source == Source::slot && results_[output].index < slot_count_;
        if (!computed && !limit_.holds(values[output], rows)) {
            return false;
        }
    }
    return true;
}

LAT_SR_INSTANTIATE(CompiledTree);

} // namespace lat_sr
