// Evaluates trees on blocks of rows: losses, predictions, and derivatives by the constants. A tree has the outputs of
// the data.
#pragma once

#include "evaluation/block_loss.hpp"
#include "evaluation/compiled_tree.hpp"
#include "evaluation/data.hpp"
#include "evaluation/gradient_tape.hpp"
#include "evaluation/objective.hpp"
#include "evaluation/output_columns.hpp"
#include "evaluation/row_parts.hpp"
#include "evaluation/user_loss.hpp"
#include "kernels/kernels.hpp"
#include "tree/tree.hpp"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace lat_sr {

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
    // Values of the range's rows, of a tree with one output; false if any is not finite.
    bool predict(const Tree& tree, RowRange range, std::span<T> out);
    // Works an output of several off once for all formulas that have it, on these rows, until it is told others.
    void remember(RowRange range) { columns_.remember(range); }
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
    // An output's constants, and where their block of the curvature begins. Others do not touch the output.
    struct ConstantBlock {
        std::size_t begin = 0;
        std::size_t size = 0;
        std::size_t offset = 0;
    };

    // Calls work(evaluator, part) for every part until one call gives false; whether none did.
    template <class Work> bool for_parts(std::size_t parts, const Work& work);
    bool predict_part(const Tree& tree, RowRange part, T* out);
    // Weighted sums over the rows of one part.
    bool sum_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange part, Order order,
                         Derivatives& sums);
    void set_blocks(const Tree& tree, std::span<const std::size_t> constants, bool second_order);
    // The tape's run on one block, unless the work is to stop.
    bool run_backwards(const Tree& tree, std::size_t row, std::size_t rows, std::size_t offset);
    double loss_by_columns(const Tree& tree, RowRange range);
    // Values of one output on the rows that are remembered, or null.
    const T* column(std::span<const Node> formula, std::size_t output, RowRange range);
    // Finds the columns of the outputs in `ends_` that are fixed; false if one has no values.
    template <class Fixed> bool set_known(const Tree& tree, RowRange range, Fixed fixed);
    double user_loss(const Tree& tree, RowRange range);
    bool user_derivatives(const Tree& tree, std::span<const std::size_t> constants, RowRange range,
                          Derivatives& result);
    [[nodiscard]] bool stopped() const;

    const Data<T>& data_;
    Objective objective_;
    const Kernels<T>& kernels_;
    const std::atomic<bool>* stop_;
    CompiledTree<T> compiled_;
    GradientTape<T> tape_;
    BlockLoss<T> loss_;
    OutputColumns<T> columns_;
    std::vector<std::size_t> ends_;     // roots of the formula whose outputs are worked off one by one
    std::vector<const T*> known_;       // columns of the outputs
    std::vector<const T*> by_constant_; // derivatives of a block's results
    std::vector<ConstantBlock> blocks_; // by output
    std::vector<double> curvature_;     // blocks, one after the other
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
