#include "evaluation/scorer.hpp"

#include "base/aligned.hpp"
#include "base/scalars.hpp"
#include "base/threads.hpp"
#include "evaluation/row_parts.hpp"
#include "kernels/kernels.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace lat_sr {

template <class T> std::vector<double> Scorer<T>::losses(std::span<const Tree> trees, std::size_t threads) {
    const RowRange all = data_.all();
    const std::size_t parts = part_count(all);
    std::vector<double> sums(trees.size() * parts);
    threads = std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(sums.size(), 1));
    while (evaluators_.size() < threads) {
        evaluators_.push_back(std::make_unique<Evaluator<T>>(data_, objective_));
    }
    share_out(sums.size(), threads, [&](std::size_t thread, std::size_t task) {
        sums[task] = evaluators_[thread]->sum_of_losses(trees[task / parts], part_of(all, task % parts));
    });
    std::vector<double> result;
    result.reserve(trees.size());
    for (auto sum = sums.cbegin(); sum != sums.cend(); sum += static_cast<std::ptrdiff_t>(parts)) {
        const double total = std::accumulate(sum, sum + static_cast<std::ptrdiff_t>(parts), 0.0);
        result.push_back(std::isfinite(total) ? total / data_.weight(all) : worthless);
    }
    return result;
}

LAT_SR_INSTANTIATE(Scorer);

namespace {

double plain_loops(std::span<const Op> operations, double seconds) {
    constexpr std::size_t rows = 1024;
    constexpr std::size_t operands = 3; // three blocks of 4 KiB
    AlignedVector<float> values(operands * rows, 1.0F);
    const float* a = values.data();
    const float* b = a + rows;
    // NOLINTNEXTLINE(misc-const-correctness): the kernels write to it
    float* out = values.data() + 2 * rows;
    const std::size_t repeats = 1 + 1000 / operations.size();
    const auto start = std::chrono::steady_clock::now();
    double done = 0.0;
    double elapsed = 0.0;
    while (elapsed < seconds) {
        for (std::size_t repeat = 0; repeat < repeats; ++repeat) {
            for (const Op op : operations) {
                if (operation(op).arity == 1) {
                    kernels<float>().unary[index_of(op)](a, out, rows, 2);
                } else {
                    kernels<float>().binary[index_of(op)](a, b, out, rows);
                }
            }
        }
        done += static_cast<double>(repeats * operations.size() * rows);
        elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return done / elapsed;
}

} // namespace

double roofline(std::span<const Op> operations, double seconds, std::size_t threads) {
    if (operations.empty()) {
        throw std::invalid_argument("a roofline needs at least one operation");
    }
    std::vector<double> rates(std::max<std::size_t>(threads, 1));
    {
        Threads workers;
        for (double& rate : rates) {
            workers.start([&rate, operations, seconds] { rate = plain_loops(operations, seconds); });
        }
    }
    double sum = 0.0;
    for (const double rate : rates) {
        sum += rate;
    }
    return sum;
}

} // namespace lat_sr
