// Losses of many trees on the same rows, over several threads: trees and parts of the rows alike.
#pragma once

#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr {

template <class T> class Scorer {
public:
    Scorer(Data<T> data, const Objective& objective) : data_(std::move(data)), objective_(objective) {}

    Scorer(const Scorer&) = delete;
    Scorer& operator=(const Scorer&) = delete;
    ~Scorer() = default;

    [[nodiscard]] std::size_t features() const { return data_.features(); }
    [[nodiscard]] std::size_t outputs() const { return data_.outputs(); }

    // Weighted mean losses on all rows, in the order of the trees.
    std::vector<double> losses(std::span<const Tree> trees, std::size_t threads);

private:
    Data<T> data_;
    Objective objective_;
    std::vector<std::unique_ptr<Evaluator<T>>> evaluators_; // one a thread, kept for their scratch memory
};

extern template class Scorer<float>;
extern template class Scorer<double>;

// What bounds evaluation: operations per second of plain loops `out = a op b`, or `out = op a`, one operation after the
// other, over single precision blocks that stay in the first cache. Runs for about the given time.
double roofline(std::span<const Op> operations, double seconds, std::size_t threads);

} // namespace lat_sr
