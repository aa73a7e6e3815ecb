#include "evaluation/gradient_tape.hpp"

#include "base/scalars.hpp"

#include <algorithm>
#include <cstddef>

namespace lat_sr {

template <class T>
GradientTape<T>::GradientTape(const Data<T>& data, double value_limit)
    : data_(data), kernels_(kernels<T>()), limit_(value_limit) {}

template <class T> void GradientTape<T>::prepare(const Tree& tree, std::span<const T* const> known) {
    known_ = known;
    limit_.mark(tree);
    tree.roots(roots_);
    active_.assign(tree.length(), 0);
    evaluated_.assign(tree.length(), 1);
    size_ = tree.length();
    for (std::size_t output = 0; output < roots_.size(); ++output) {
        if (known_[output] != nullptr) {
            const std::size_t size = tree[roots_[output]].size;
            std::fill_n(evaluated_.begin() + static_cast<std::ptrdiff_t>(tree.begin_of(roots_[output])), size, 0);
            size_ -= size;
        }
    }
    const std::size_t needed = tree.length() * block_rows;
    if (values_.size() < needed) {
        values_.resize(needed);
    }
    if (adjoints_.size() < needed) {
        adjoints_.resize(needed);
    }
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        if (evaluated_[i] == 0) {
            continue;
        }
        if (node.op == Op::constant) {
            active_[i] = 1;
            std::fill_n(values_.begin() + static_cast<std::ptrdiff_t>(i * block_rows), block_rows,
                        static_cast<T>(node.value));
        } else if (!node.is_leaf()) {
            active_[i] =
                active_[Tree::right_of(i)] != 0 || (node.arity() == 2 && active_[tree.left_of(i)] != 0) ? 1 : 0;
        }
    }
}

template <class T> void GradientTape<T>::follow(const Tree& tree, std::size_t node) {
    for (std::size_t i = 0; i < tree.length(); ++i) {
        active_[i] = tree.begin_of(i) <= node && node <= i ? 1 : 0;
    }
}

template <class T>
bool GradientTape<T>::run(const Tree& tree, std::size_t row, std::size_t rows, std::size_t offset,
                          std::span<const T*> predictions) {
    if (!forward(tree, row, rows)) {
        return false;
    }
    for (std::size_t output = 0; output < roots_.size(); ++output) {
        if (known_[output] != nullptr) {
            predictions[output] = known_[output] + offset;
            continue;
        }
        predictions[output] = value(tree, roots_[output], row);
        if (tree[roots_[output]].is_leaf() && !limit_.holds(predictions[output], rows)) {
            return false;
        }
    }
    backward(tree, row, rows);
    return true;
}

template <class T> bool GradientTape<T>::forward(const Tree& tree, std::size_t row, std::size_t rows) {
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        if (node.is_leaf() || evaluated_[i] == 0) {
            continue;
        }
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* out = values_.data() + i * block_rows;
        const T* right = value(tree, Tree::right_of(i), row);
        if (node.arity() == 1) {
            kernels_.unary[index_of(node.op)](right, out, rows, static_cast<int>(node.value));
        } else {
            kernels_.binary[index_of(node.op)](value(tree, tree.left_of(i), row), right, out, rows);
        }
        if (limit_.applies_to(i) && !limit_.holds(out, rows)) {
            return false;
        }
    }
    return true;
}

template <class T> void GradientTape<T>::backward(const Tree& tree, std::size_t row, std::size_t rows) {
    for (const std::size_t root : roots_) {
        std::fill_n(adjoints_.begin() + static_cast<std::ptrdiff_t>(root * block_rows), rows, T{1});
    }
    for (std::size_t i = tree.length(); i-- > 0;) {
        const Node& node = tree[i];
        if (active_[i] == 0 || node.is_leaf()) {
            continue;
        }
        const // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
            T* out = values_.data() + i * block_rows;
        const T* adjoint = adjoints_.data() + i * block_rows;
        const std::size_t right = Tree::right_of(i);
        const T* right_value = value(tree, right, row);
        // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
        T* right_adjoint = adjoints_.data() + right * block_rows;
        if (node.arity() == 1) {
            kernels_.unary_gradient[index_of(node.op)](right_value, out, adjoint, right_adjoint, rows,
                                                       static_cast<int>(node.value));
            continue;
        }
        const std::size_t left = tree.left_of(i);
        const T* left_value = value(tree, left, row);
        if (active_[right] != 0) {
            kernels_.right_gradient[index_of(node.op)](left_value, right_value, out, adjoint, right_adjoint, rows);
        }
        if (active_[left] != 0) {
            kernels_.left_gradient[index_of(node.op)](left_value, right_value, out, adjoint,
                                                      adjoints_.data() + left * block_rows, rows);
        }
    }
}

LAT_SR_INSTANTIATE(GradientTape);

} // namespace lat_sr
