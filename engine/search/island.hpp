// One population of regularised evolution (Real et al. 2019): a tournament gives the parent, its offspring replaces
// the oldest member.
#pragma once

#include "base/random.hpp"
#include "constants/fitting.hpp"
#include "constants/merging.hpp"
#include "cost/judge.hpp"
#include "cost/quick_cost.hpp"
#include "cost/slack.hpp"
#include "evaluation/evaluation.hpp"
#include "evaluation/fixed_point_loss.hpp"
#include "search/archive.hpp"
#include "search/racing.hpp"
#include "search/recent_hashes.hpp"
#include "search/shape_latencies.hpp"
#include "tree/constraints.hpp"
#include "tree/grammar.hpp"
#include "variation/grafting.hpp"
#include "variation/mutation.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lat_sr {

// Settings of the algorithm, with their only defaults; what each is: lat_sr/search/native.py.
struct SearchOptions {
    std::size_t populations = 8;
    std::size_t population_size = 500;
    std::optional<std::size_t> batch_size;
    double parsimony = 0.0;
    bool linear_scaling = false;
    std::size_t tournament_size = 8;
    std::size_t epoch = 250;
    double crossover_probability = 0.25;
    double graft_probability = 0.3;
    double fit_probability = 0.2;
    int fit_steps = 8;
    int polish_steps = 12;
    double crowding = 0.3;
    double migration = 0.03;
    double archive_migration = 0.05;
    std::size_t patience = 1000;
    std::array<double, mutation_count> mutation_weights = default_mutation_weights;
};

// Which losses are those of the hardware's own arithmetic.
enum class FixedPoint : unsigned char { never, archive, always };

// What all islands share; outlives them.
template <class T> struct Task {
    const Data<T>& data;
    Objective objective;
    CostModel cost;
    Budget budget;
    ShapeLimits limits;
    Grammar grammar;
    SearchOptions options;
    std::vector<Tree> guesses; // members of every island from the start
    // Judges what enters the archive; null where the cost model is all that is known.
    const CircuitModel* circuit = nullptr;
    FixedPoint fixed_point = FixedPoint::never;
    std::uint64_t seed = 0;
};

// What a search has done so far.
struct Counts {
    std::uint64_t evaluations = 0; // offspring whose loss was computed
    std::uint64_t proposals = 0;   // offspring that were made, with those that no limit let through
    std::uint64_t over_budget = 0; // of these, the ones that cost too much
    std::uint64_t judged = 0;      // formulas whose circuit was asked for, as they would enter the archive
    std::uint64_t refused = 0;     // of these, the ones whose circuit costs too much
    double node_rows = 0.0;        // nodes times rows evaluated

    Counts& operator+=(const Counts& other) {
        evaluations += other.evaluations;
        proposals += other.proposals;
        over_budget += other.over_budget;
        judged += other.judged;
        refused += other.refused;
        node_rows += other.node_rows;
        return *this;
    }
};

struct Member {
    Tree tree;
    Cost cost;
    std::size_t complexity = 0;
    double loss = worthless; // on the island's rows
};

template <class T> class Island {
public:
    // `archive` is not changed while the island advances. `row_threads` work on the parts of a large table.
    Island(const Task<T>& task, std::size_t index, const Archive& archive, const std::atomic<bool>& stop,
           std::size_t row_threads);

    // Makes and scores this many offspring, or stops early. The judge is the calling thread's, null without circuits;
    // the island keeps it until the next call.
    void advance(std::size_t offspring, CircuitJudge* judge);

    // Forgets the population; the next epoch founds another one.
    void restart();
    // Takes in a copy of a formula of another island or of the archive.
    void immigrate(const Tree& tree, const Cost& cost);
    // The winner of a tournament; null before the first epoch.
    [[nodiscard]] const Member* random_good_member();

    // Formulas that went beyond the archive since the last call.
    Archive& found() { return found_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] Counts counts() const {
        Counts counts = counts_;
        counts.node_rows += evaluator_.work();
        return counts;
    }

    // Between epochs.
    void save(StateWriter& state) const;
    void load(StateReader& state);

private:
    [[nodiscard]] bool stopped() const { return stop_.load(std::memory_order_relaxed); }
    void draw_rows();
    void found_population();
    // Puts a random formula that fits in the place of an output.
    bool found_output(Member& member, std::size_t output);
    void rescore();
    std::size_t tournament();
    // Loss of the formula judged last, by its circuit.
    double fixed_point_loss() { return fixed_point_loss_(judge_->values(), judge_->fraction()); }
    [[nodiscard]] double fitness(const Member& member) const;
    // A formula within all limits; its parent, or null after too many tries.
    const Member* make_offspring(Member& child);
    // As far as the budget has time for it.
    void merge_constants(Tree& tree);
    // Without what scales it linearly.
    [[nodiscard]] Tree formula(const Tree& tree) const;
    // With it, if that is wished.
    [[nodiscard]] Tree whole(const Tree& tree) const;
    // A variant of a formula whose slack is measured.
    [[nodiscard]] Tree variant(const Tree& parent);
    // Whether the formula, scaled linearly if that is wished and has room, is within all limits.
    bool propose(Member& child);
    bool admit(Member& child);
    // Of an offspring, constants are fitted where it differs from its parent.
    void score(Member& child, bool fit, const Member* parent);
    [[nodiscard]] const Entry* rival(const Cost& cost, std::size_t complexity) const;
    // Whether the member may live: not if it would enter the archive but for its circuit, which is over the budget.
    bool archive(const Member& member);
    enum class Verdict : unsigned char { worse, over_budget, kept };
    Verdict insert(Entry& entry);
    // Sets the cost: the circuit's where it is known, else the cost model's.
    bool within_budget(const Tree& tree, Cost& cost);
    [[nodiscard]] double loss_of(const Tree& tree);
    void place(Member member);

    const Task<T>& task_;
    const Archive& archive_;
    const std::atomic<bool>& stop_;
    Random random_;
    Evaluator<T> evaluator_;
    ConstantFitter<T> fitter_;
    CostEstimator estimator_;
    Slack slack_;        // of the parent
    Slack second_slack_; // of what one change has made of it
    CircuitJudge* judge_ = nullptr;
    FixedPointLoss<T> fixed_point_loss_;
    ShapeChecker checker_;
    Mutator mutator_;
    Grafter<T> grafter_;
    ConstantMerger merger_;
    RecentHashes recent_; // formulas, so that none is evaluated twice
    ShapeLatencies latencies_;
    std::vector<std::uint64_t> hash_stack_; // scratch memory
    Race<T> race_;
    std::size_t chunk_ = 0; // that judges the offspring of this epoch
    RowRange rows_;
    std::vector<Member> members_;
    std::size_t oldest_ = 0;
    std::vector<double> size_share_; // recent frequency of each complexity
    Archive found_;
    Counts counts_;
};

extern template class Island<float>;
extern template class Island<double>;

} // namespace lat_sr
