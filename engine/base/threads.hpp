// Threads that are joined where they go out of scope: not every standard library has std::jthread.
#pragma once

#include <thread>
#include <utility>
#include <vector>

namespace lat_sr {

class Threads {
public:
    Threads() = default;
    Threads(const Threads&) = delete;
    Threads(Threads&&) = delete;
    Threads& operator=(const Threads&) = delete;
    Threads& operator=(Threads&&) = delete;
    ~Threads() {
        for (std::thread& thread : threads_) {
            thread.join();
        }
    }

    template <class... Work> void start(Work&&... work) { threads_.emplace_back(std::forward<Work>(work)...); }

private:
    std::vector<std::thread> threads_;
};

} // namespace lat_sr
