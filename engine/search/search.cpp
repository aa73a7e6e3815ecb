#include "search/search.hpp"

#include "base/scalars.hpp"
#include "base/threads.hpp"
#include "search/grid_polish.hpp"

#include <algorithm>
#include <barrier>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace lat_sr {

template <class T>
Search<T>::Search(Task<T> task, const Stopping& stopping, std::size_t threads)
    : task_(std::move(task)), stopping_(stopping), threads_(std::max<std::size_t>(1, threads)), random_(task_.seed) {
    const std::size_t row_threads = std::max<std::size_t>(1, threads_ / task_.options.populations);
    threads_ = std::min(threads_, task_.options.populations);
    for (std::size_t i = 0; i < task_.options.populations; ++i) {
        islands_.push_back(std::make_unique<Island<T>>(task_, i, archive_, stop_, row_threads));
    }
    judges_.resize(threads_);
    for (std::unique_ptr<CircuitJudge>& judge : judges_) {
        judge = task_.circuit == nullptr ? nullptr : std::make_unique<CircuitJudge>(*task_.circuit, &interrupted_);
    }
}

template <class T> double Search<T>::seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
}

template <class T> Progress Search<T>::progress() {
    const std::scoped_lock lock(mutex_);
    progress_.seconds = seconds();
    return progress_;
}

template <class T> void Search<T>::finish(StopReason reason) {
    const bool by_hand = reason == StopReason::interrupted || reason == StopReason::callback;
    const std::scoped_lock lock(mutex_);
    if (!stop_.exchange(true) || by_hand) {
        reason_ = reason;
    }
    if (by_hand) {
        interrupted_.store(true);
    }
}

template <class T> void Search<T>::fail() noexcept {
    const std::scoped_lock lock(mutex_);
    error_ = std::current_exception();
    stop_.store(true);
    interrupted_.store(true);
}

template <class T> void Search<T>::plan_epoch() {
    std::uint64_t done = 0;
    for (const auto& island : islands_) {
        done += island->counts().evaluations;
    }
    const std::uint64_t left = done < stopping_.evaluations ? stopping_.evaluations - done : 0;
    const std::uint64_t share = (left + islands_.size() - 1) / islands_.size();
    offspring_ = static_cast<std::size_t>(std::min<std::uint64_t>(share, task_.options.epoch));
    next_island_.store(0);
}

template <class T> bool Search<T>::apart(std::size_t island) const {
    return stagnation_.epoch < stagnation_.apart_until && (island >= islands_.size() / 2) == stagnation_.second_half;
}

template <class T> void Search<T>::restart_if_stagnant() {
    constexpr double gain = 1e-3;
    Stagnation& now = stagnation_;
    ++now.epoch;
    const double best = archive_.best_loss();
    if (best < now.best * (1.0 - gain) || now.epoch == now.apart_until) {
        now.best = std::min(best, now.best);
        now.last_gain = now.epoch;
    }
    const std::size_t patience = task_.options.patience;
    if (patience == 0 || islands_.size() < 2 || now.epoch < now.apart_until || now.epoch < now.last_gain + patience) {
        return;
    }
    now.second_half = !now.second_half;
    now.apart_until = now.epoch + patience;
    for (std::size_t k = 0; k < islands_.size(); ++k) {
        if (apart(k)) {
            islands_[k]->restart();
        }
    }
}

template <class T> void Search<T>::migrate() {
    const auto entries = archive_.entries();
    const auto moves = [&](double share) {
        const double expected = share * static_cast<double>(task_.options.population_size);
        return static_cast<std::size_t>(expected) + (random_.chance(expected - std::floor(expected)) ? 1U : 0U);
    };
    for (std::size_t k = 0; k < islands_.size(); ++k) {
        const auto& island = islands_[k];
        for (std::size_t move = moves(task_.options.migration); move > 0; --move) {
            const std::size_t from = random_.below(islands_.size());
            const Member* member = islands_[from]->random_good_member();
            if (member != nullptr && apart(from) == apart(k)) {
                island->immigrate(Tree(member->tree), member->cost);
            }
        }
        for (std::size_t move = moves(task_.options.archive_migration); move > 0 && !entries.empty() && !apart(k);
             --move) {
            const Entry& entry = *entries[random_.below(entries.size())];
            island->immigrate(entry.tree, entry.cost);
        }
    }
}

template <class T> void Search<T>::keep_state() {
    StateWriter state;
    state.put(islands_.size());
    state.put(random_);
    state.put(stagnation_);
    archive_.save(state);
    for (const auto& island : islands_) {
        island->save(state);
    }
    const std::scoped_lock lock(mutex_);
    state_ = std::move(state).bytes();
}

template <class T> std::string Search<T>::state() {
    const std::scoped_lock lock(mutex_);
    return state_;
}

template <class T> void Search<T>::restore(std::string_view bytes) {
    StateReader state(bytes);
    std::size_t islands = 0;
    state.get(islands);
    if (islands != islands_.size()) {
        throw std::invalid_argument("the state is that of a search with other settings");
    }
    state.get(random_);
    state.get(stagnation_);
    archive_.load(state);
    for (const auto& island : islands_) {
        island->load(state);
    }
    if (!state.at_end()) {
        throw std::invalid_argument("the state of the search is damaged");
    }
}

template <class T> void Search<T>::finish_epoch() noexcept {
    try {
        Counts counts;
        for (const auto& island : islands_) {
            archive_.merge(island->found());
            island->found().clear();
            counts += island->counts();
        }
        if (archive_.best_loss() <= stopping_.target_loss) {
            finish(StopReason::target);
        }
        if (counts.evaluations >= stopping_.evaluations) {
            finish(StopReason::evaluations);
        }
        std::vector<Entry> front;
        for (const Entry* entry : archive_.front()) {
            front.push_back(*entry);
        }
        {
            const std::scoped_lock lock(mutex_);
            progress_.counts = counts;
            progress_.front = std::move(front);
        }
        if (!stop_.load()) {
            restart_if_stagnant();
            migrate();
            if (state_wanted_.exchange(false)) {
                keep_state();
            }
            plan_epoch();
        }
    } catch (...) {
        fail();
    }
    over_ = stop_.load();
}

template <class T> template <class Work> void Search<T>::watch(const Monitor& monitor, Work work) {
    running_ = threads_;
    Threads workers;
    for (std::size_t i = 0; i < threads_; ++i) {
        workers.start([&, i] {
            work(i);
            const std::scoped_lock lock(mutex_);
            if (--running_ == 0) {
                finished_.notify_all();
            }
        });
    }
    std::unique_lock lock(mutex_);
    constexpr std::chrono::milliseconds period(50);
    while (running_ > 0) {
        const auto left = std::chrono::duration<double>(std::max(0.0, stopping_.timeout - seconds()));
        const auto until_timeout = left + std::chrono::milliseconds(1);
        finished_.wait_for(lock,
                           stop_.load() ? period : std::min<std::chrono::duration<double>>(period, until_timeout));
        lock.unlock();
        if (!interrupted_.load()) {
            if (seconds() >= stopping_.timeout) {
                finish(StopReason::timeout);
            }
            try {
                if (const auto reason = monitor(*this)) {
                    finish(*reason);
                }
            } catch (...) {
                fail();
            }
        }
        lock.lock();
    }
}

template <class T> StopReason Search<T>::run(const Monitor& monitor) {
    start_ = Clock::now();
    plan_epoch();
    std::barrier barrier(static_cast<std::ptrdiff_t>(threads_), [this]() noexcept { finish_epoch(); });
    watch(monitor, [&](std::size_t thread) {
        while (!over_) {
            try {
                for (std::size_t k = next_island_++; k < islands_.size(); k = next_island_++) {
                    islands_[k]->advance(offspring_, judges_[thread].get());
                }
            } catch (...) {
                fail();
            }
            barrier.arrive_and_wait();
        }
    });
    if (task_.fixed_point != FixedPoint::never && !interrupted_.load()) {
        polish_front(monitor);
    }
    if (error_) {
        std::rethrow_exception(error_);
    }
    progress_.seconds = seconds();
    return reason_;
}

template <class T> void Search<T>::polish_front(const Monitor& monitor) {
    std::vector<Entry> front = progress_.front;
    std::atomic<std::size_t> next{0};
    watch(monitor, [&](std::size_t thread) {
        try {
            GridPolisher<T> polisher(*judges_[thread], task_.circuit->lowering.constant_fraction, task_.data,
                                     task_.objective);
            for (std::size_t k = next++; k < front.size() && !interrupted_.load(); k = next++) {
                polisher(front[k]);
            }
        } catch (...) {
            fail();
        }
    });
    Archive polished;
    for (const Entry& entry : front) {
        polished.insert(entry);
    }
    const std::scoped_lock lock(mutex_);
    progress_.front.clear();
    for (const Entry* entry : polished.front()) {
        progress_.front.push_back(*entry);
    }
}

LAT_SR_INSTANTIATE(Search);

} // namespace lat_sr
