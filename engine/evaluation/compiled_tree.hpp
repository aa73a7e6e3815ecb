// A tree as instructions that run on blocks of rows: constants are folded, two operations are done in one pass where
// there is a kernel for them, and slots for values are used again.
#pragma once

#include "base/aligned.hpp"
#include "evaluation/data.hpp"
#include "evaluation/value_limit.hpp"
#include "kernels/fused_kernels.hpp"
#include "kernels/kernels.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

inline constexpr std::size_t block_rows = 512;

// Owns its memory; one instance a thread.
template <class T> class CompiledTree {
public:
    CompiledTree(const Data<T>& data, double value_limit);

    void compile(const Tree& tree);
    // Points to the outputs' values on at most `block_rows` rows, until the next call; false if any value is not
    // finite or beyond the limit.
    bool run(std::size_t row, std::size_t rows, std::span<const T*> values);

private:
    enum class Source : unsigned char { column, slot, scalar, first };
    struct Operand {
        Source source = Source::scalar;
        std::size_t index = 0; // feature, slot, or first operation
        T value{};
    };
    // Waits for a second operation that it can be fused with.
    struct FirstOperation {
        Op op = Op::add;
        Operand a;
        Operand b;
    };
    struct Instruction {
        Op op = Op::constant;
        int exponent = 0;
        bool limited = false;
        Operand a;
        Operand b;
        Operand c; // of two operations in one
        typename FusedKernels<T>::Kernel fused = nullptr;
        std::size_t slot = 0;
    };

    [[nodiscard]] T folded(const Instruction& instruction) const;
    // Makes one instruction of an operand's first operation and its own; false if they do not fuse.
    bool fuse(Instruction& instruction);
    // Works off a first operation that nothing fuses with.
    Operand placed(const Operand& operand);
    Operand append(Instruction instruction);
    [[nodiscard]] const T* pointer(const Operand& operand, std::size_t row) const;

    const Data<T>& data_;
    const Kernels<T>& kernels_;
    const FusedKernels<T>& fused_;
    ValueLimit<T> limit_;
    std::vector<Instruction> tape_;
    std::vector<Operand> stack_;
    std::vector<FirstOperation> first_;
    std::vector<std::size_t> free_; // slots
    std::vector<Operand> results_;  // of the outputs
    std::size_t slot_count_ = 0;
    AlignedVector<T> slots_;
};

extern template class CompiledTree<float>;
extern template class CompiledTree<double>;

} // namespace lat_sr
