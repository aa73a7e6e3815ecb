// Islands on threads: epochs of fixed length, then merging and migration in a fixed order, so that a seed gives the
// same result for any number of threads.
#pragma once

#include "search/archive.hpp"
#include "search/island.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lat_sr {

enum class StopReason : unsigned char { timeout, evaluations, target, interrupted, callback };

struct Stopping {
    double timeout = 60.0; // seconds
    std::uint64_t evaluations = ~std::uint64_t{0};
    double target_loss = 0.0;
};

struct Progress {
    double seconds = 0.0;
    Counts counts;
    std::vector<Entry> front;
};

template <class T> class Search {
public:
    // Called from the searching thread every 50 ms at most; a reason ends the search, and what is done after it.
    using Monitor = std::function<std::optional<StopReason>(Search&)>;

    Search(Task<T> task, const Stopping& stopping, std::size_t threads);

    StopReason run(const Monitor& monitor);
    // State after the last whole epoch.
    [[nodiscard]] Progress progress();

    // Asks for the state to be kept at the end of the epoch under way.
    void request_state() { state_wanted_.store(true); }
    // The last one that was kept; empty before the first.
    [[nodiscard]] std::string state();
    // Goes on from a state, before `run`. Throws std::invalid_argument if it is damaged or of other settings.
    void restore(std::string_view state);

private:
    using Clock = std::chrono::steady_clock;

    void finish_epoch() noexcept;
    void keep_state();
    void migrate();
    void plan_epoch();
    // Lets half of the islands start anew, apart from the others for a while, where nothing gets better any more.
    void restart_if_stagnant();
    [[nodiscard]] bool apart(std::size_t island) const;
    // Moves the constants of the front on the hardware's grid.
    void polish_front(const Monitor& monitor);
    // Has every thread do work(number of the thread), and asks the monitor until all are done.
    template <class Work> void watch(const Monitor& monitor, Work work);
    void finish(StopReason reason);
    // Takes up the exception that is being handled.
    void fail() noexcept;
    [[nodiscard]] double seconds() const;

    Task<T> task_;
    Stopping stopping_;
    std::size_t threads_;
    Clock::time_point start_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> interrupted_{false}; // by hand, who waits for nothing more
    std::atomic<bool> state_wanted_{false};
    Archive archive_;
    std::vector<std::unique_ptr<CircuitJudge>> judges_; // one a thread, null without circuits
    std::vector<std::unique_ptr<Island<T>>> islands_;
    Random random_;

    // What decides on restarts.
    struct Stagnation {
        std::uint64_t epoch = 0;
        std::uint64_t last_gain = 0;   // epoch
        std::uint64_t apart_until = 0; // epoch
        double best = worthless;
        bool second_half = false; // of the islands started anew last
    };
    Stagnation stagnation_;

    std::atomic<std::size_t> next_island_{0};
    std::size_t offspring_ = 0;
    bool over_ = false; // changes only between epochs

    std::mutex mutex_; // guards what follows
    std::condition_variable finished_;
    std::size_t running_ = 0; // threads
    StopReason reason_ = StopReason::evaluations;
    std::exception_ptr error_;
    Progress progress_;
    std::string state_;
};

extern template class Search<float>;
extern template class Search<double>;

} // namespace lat_sr
