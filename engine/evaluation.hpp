// Evaluates trees on blocks of rows: losses, predictions, and derivatives by the constants.
#pragma once

#include "aligned.hpp"
#include "data.hpp"
#include "fused_kernels.hpp"
#include "fusion.hpp"
#include "kernels.hpp"
#include "row_parts.hpp"
#include "tree.hpp"
#include "user_loss.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace lat_sr {

struct Objective {
    LossKind kind = LossKind::l2;
    double parameter = 1.0; // Huber's threshold, or the quantile
    // A tree is worth nothing if its result, or that of a table function which becomes a table of its own, exceeds
    // this magnitude on any row: the hardware's format would saturate or wrap.
    double value_limit = std::numeric_limits<double>::infinity();
    // In the place of `kind`, if there is one.
    std::shared_ptr<const UserLoss> user = nullptr;
};

inline constexpr double worthless = std::numeric_limits<double>::infinity();

// Loss, gradient and positive semi-definite curvature by the constants, all weighted means.
struct Derivatives {
    double loss = worthless;
    std::vector<double> gradient;
    std::vector<double> curvature; // row-major, lower triangle; empty for a gradient only
};

enum class Order : unsigned char { first, second };

// Owns its scratch memory; one instance a thread. More threads help it with ranges of more than one part, where they
// change no result; a user's loss takes all rows at once and one thread.
template <class T> class Evaluator {
public:
    Evaluator(const Data<T>& data, const Objective& objective, const std::atomic<bool>* stop = nullptr,
              std::size_t threads = 1);

    // Weighted mean loss; `worthless` for non-finite values, for values beyond the limit, and after a stop.
    double loss(const Tree& tree, RowRange range);
    // Weighted sum of losses, of one part at most and not of a user's loss; `worthless` likewise.
    double sum_of_losses(const Tree& tree, RowRange part);
    // Values of the range's rows; false if any is not finite.
    bool predict(const Tree& tree, RowRange range, std::span<T> out);
    // False if anything is not finite. `constants` are positions in the tree. A user's loss has no second order.
    bool derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range, Order order,
                     Derivatives& result);
    // For each row of the range the value of a node, and the first and second derivative of the loss by it, where the
    // second is positive as for `derivatives`. False if anything is not finite, and for a user's loss.
    bool sensitivity(const Tree& tree, std::size_t node, RowRange range, std::span<T> value, std::span<T> first,
                     std::span<T> second);
    [[nodiscard]] const Objective& objective() const { return objective_; }

    // Nodes times rows worked off so far.
    [[nodiscard]] double work() const {
        double work = work_;
        for (const auto& helper : helpers_) {
            work += helper->work_;
        }
        return work;
    }

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
        FusedKernels<T>::Kernel fused = nullptr;
        std::size_t slot = 0;
    };

    void compile(const Tree& tree);
    [[nodiscard]] T folded(const Instruction& instruction) const;
    // Makes one instruction of an operand's first operation and its own; false if they do not fuse.
    bool fuse(Instruction& instruction);
    // Works off a first operation that nothing fuses with.
    Operand placed(const Operand& operand);
    Operand append(Instruction instruction);
    void prepare_derivatives(const Tree& tree);
    // Calls work(evaluator, part) for every part until one call gives false; whether none did.
    template <class Work> bool for_parts(std::size_t parts, const Work& work);
    bool predict_part(const Tree& tree, RowRange part, T* out);
    // Weighted sums over the rows of one part.
    bool sum_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange part, Order order,
                         Derivatives& sums);
    // Prediction of one block, and its derivatives by all nodes with constants below into the adjoints; or null.
    const T* run_block_backwards(const Tree& tree, std::size_t row, std::size_t rows);
    double user_loss(const Tree& tree, RowRange range);
    bool user_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range,
                          Derivatives& result);
    void mark_limited(const Tree& tree);
    [[nodiscard]] bool stopped() const;
    [[nodiscard]] const T* pointer(const Operand& operand, std::size_t row) const;
    [[nodiscard]] bool within_limit(const T* values, std::size_t rows) const;
    // Prediction of one block of rows, or null.
    const T* run_block(std::size_t row, std::size_t rows);
    bool forward(const Tree& tree, std::size_t row, std::size_t rows);
    void backward(const Tree& tree, std::size_t row, std::size_t rows);
    [[nodiscard]] const T* value_of(const Tree& tree, std::size_t i, std::size_t row) const;

    static constexpr std::size_t block = 512;

    const Data<T>& data_;
    Objective objective_;
    const Kernels<T>& kernels_;
    const FusedKernels<T>& fused_;
    const std::atomic<bool>* stop_;
    FusionMarker fusion_;
    std::vector<Instruction> tape_;
    std::vector<Operand> stack_;
    std::vector<FirstOperation> first_;
    std::vector<std::size_t> free_; // slots
    std::size_t slot_count_ = 0;
    Operand result_;
    AlignedVector<T> slots_;
    AlignedVector<T> adjoints_;
    AlignedVector<T> rows_;              // ones, first and second derivatives of the loss
    std::vector<const T*> by_constant_;  // derivatives of a block's results
    std::vector<unsigned char> active_;  // has a constant below
    std::vector<unsigned char> limited_; // subject to the value limit
    UserColumns user_;
    std::vector<double> tangents_; // a column of rows a constant, for a user's loss
    double work_ = 0.0;
    std::vector<std::unique_ptr<Evaluator>> helpers_; // of the other threads
    std::vector<double> part_losses_;
    std::vector<Derivatives> part_derivatives_;
};

extern template class Evaluator<float>;
extern template class Evaluator<double>;

} // namespace lat_sr
