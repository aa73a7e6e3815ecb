// Large tables in parts, on which several threads work. Sums over rows are made part by part and then added in the
// order of the parts, so that they are the same for any number of threads.
#pragma once

#include "base/threads.hpp"
#include "evaluation/data.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace lat_sr {

inline constexpr std::size_t part_rows = 32768; // work of 0.1 ms or more, a few times what it takes to start a thread

inline std::size_t part_count(RowRange range) { return (range.size() + part_rows - 1) / part_rows; }
inline RowRange part_of(RowRange range, std::size_t part) {
    const std::size_t begin = range.begin + part * part_rows;
    return {.begin = begin, .end = std::min(begin + part_rows, range.end)};
}

// Calls work(thread, task) for every task, on the calling thread and as many others as there is work for.
template <class Work> void share_out(std::size_t tasks, std::size_t threads, const Work& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&](std::size_t thread) {
        for (std::size_t task = next++; task < tasks; task = next++) {
            work(thread, task);
        }
    };
    Threads others;
    for (std::size_t thread = 1; thread < std::min(threads, tasks); ++thread) {
        others.start(run, thread);
    }
    run(0);
}

} // namespace lat_sr
