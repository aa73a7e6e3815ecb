#include "scorer.hpp"

#include "aligned.hpp"
#include "kernels.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace lat_sr {

template <class T> std::vector<double> Scorer<T>::losses(std::span<const Tree> trees, std::size_t threads) {
    std::vector<double> result(trees.size());
    threads = std::clamp<std::size_t>(threads, 1, std::max<std::size_t>(trees.size(), 1));
    while (evaluators_.size() < threads) {
        evaluators_.push_back(std::make_unique<Evaluator<T>>(data_, objective_));
    }
    std::atomic<std::size_t> next{0};
    const auto work = [&](std::size_t thread) {
        Evaluator<T>& evaluator = *evaluators_[thread];
        for (std::size_t i = next++; i < trees.size(); i = next++) {
            result[i] = evaluator.loss(trees[i], data_.all());
        }
    };
    std::vector<std::jthread> workers;
    for (std::size_t thread = 1; thread < threads; ++thread) {
        workers.emplace_back(work, thread);
    }
    work(0);
    workers.clear();
    return result;
}

template class Scorer<float>;
template class Scorer<double>;

namespace {

double plain_loop(double seconds) {
    constexpr std::size_t rows = 1024;
    constexpr std::size_t operands = 3; // three blocks of 4 KiB
    AlignedVector<float> values(operands * rows, 1.0F);
    const auto multiply = kernels<float>().binary[index_of(Op::multiply)];
    const auto start = std::chrono::steady_clock::now();
    double operations = 0.0;
    double elapsed = 0.0;
    while (elapsed < seconds) {
        for (std::size_t repeat = 0; repeat < 1000; ++repeat) {
            multiply(values.data(), values.data() + rows, values.data() + 2 * rows, rows);
        }
        operations += 1000.0 * rows;
        elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    return operations / elapsed;
}

} // namespace

double roofline(double seconds, std::size_t threads) {
    std::vector<double> rates(std::max<std::size_t>(threads, 1));
    {
        std::vector<std::jthread> workers;
        workers.reserve(rates.size());
        for (double& rate : rates) {
            workers.emplace_back([&rate, seconds] { rate = plain_loop(seconds); });
        }
    }
    double sum = 0.0;
    for (const double rate : rates) {
        sum += rate;
    }
    return sum;
}

} // namespace lat_sr
