// Scores formulas on all rows, chunk after chunk, and gives up on one as soon as it is clearly worse than its rival:
// both are compared on the same rows, whose noise they share (Maron & Moore, "Hoeffding races", 1994, with pairs).
#pragma once

#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace lat_sr {

template <class T> class Race {
public:
    // Chunks of `batch` rows, the last one with the rest; one chunk of all rows if `batch` is 0.
    Race(const Data<T>& data, std::size_t batch);

    [[nodiscard]] std::size_t chunks() const { return chunks_; }
    [[nodiscard]] RowRange rows(std::size_t chunk) const;
    // Weighted mean over all rows from the means of the chunks.
    [[nodiscard]] double mean(std::span<const double> losses) const;

    // Whether a formula may still win that has this loss on one chunk.
    [[nodiscard]] bool promising(std::size_t chunk, double loss, std::span<const double> rival) const;
    // Fills in the losses of all chunks, where `first` is known; false, and only some of them, if it gave up.
    bool run(Evaluator<T>& evaluator, const Tree& tree, std::size_t first, double first_loss,
             std::span<const double> rival, std::vector<double>& losses) const;
    // The same without a rival; false if a loss is not finite.
    bool run(Evaluator<T>& evaluator, const Tree& tree, std::vector<double>& losses) const;

private:
    // Whether mean losses on `rows` rows leave hope; without a rival, any finite one does.
    [[nodiscard]] static bool hopeful(double loss, double rival, double rows);

    const Data<T>& data_;
    std::size_t batch_;
    std::size_t chunks_;
};

extern template class Race<float>;
extern template class Race<double>;

} // namespace lat_sr
