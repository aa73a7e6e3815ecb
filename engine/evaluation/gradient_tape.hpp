// The values of all nodes of a tree on a block of rows, and the derivatives of its results by them.
#pragma once

#include "base/aligned.hpp"
#include "evaluation/compiled_tree.hpp"
#include "evaluation/data.hpp"
#include "evaluation/value_limit.hpp"
#include "kernels/kernels.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

// Owns its memory; one instance a thread.
template <class T> class GradientTape {
public:
    GradientTape(const Data<T>& data, double value_limit);

    // Derivatives are taken by the constants and what has one below. Outputs with a column of values, which is not
    // null, are read from there and not worked off; `known` must live on.
    void prepare(const Tree& tree, std::span<const T* const> known);
    // Afterwards: derivatives by this node alone, and what is above it.
    void follow(const Tree& tree, std::size_t node);
    // Fills in the predictions by output, which begin at `offset` in the columns; false if a value is not finite or
    // beyond the limit.
    bool run(const Tree& tree, std::size_t row, std::size_t rows, std::size_t offset, std::span<const T*> predictions);

    // Of the block from `row` that was run last.
    [[nodiscard]] const T* value(const Tree& tree, std::size_t i, std::size_t row) const {
        return tree[i].op == Op::variable ? data_.column(tree[i].variable) + row : values_.data() + i * block_rows;
    }
    // The derivatives of the node's output by it.
    [[nodiscard]] const T* adjoint(std::size_t i) const { return adjoints_.data() + i * block_rows; }
    // Nodes that are worked off.
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    bool forward(const Tree& tree, std::size_t row, std::size_t rows);
    void backward(const Tree& tree, std::size_t row, std::size_t rows);

    const Data<T>& data_;
    const Kernels<T>& kernels_;
    ValueLimit<T> limit_;
    std::vector<std::size_t> roots_;
    std::span<const T* const> known_;
    std::vector<unsigned char> active_;    // derivatives are taken by it
    std::vector<unsigned char> evaluated_; // not part of an output that is known
    std::size_t size_ = 0;
    AlignedVector<T> values_;
    AlignedVector<T> adjoints_;
};

extern template class GradientTape<float>;
extern template class GradientTape<double>;

} // namespace lat_sr
