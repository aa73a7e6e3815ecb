#include "search/island.hpp"

#include "base/scalars.hpp"
#include "constants/linear_scaling.hpp"
#include "variation/outputs.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace lat_sr {

namespace {

// Rows that judge offspring; 0 for all.
template <class T> std::size_t batch_rows(const Task<T>& task) {
    constexpr std::size_t usual = 1024;
    if (task.fixed_point == FixedPoint::always) {
        return 0;
    }
    const bool whole = task.data.rows() <= 2 * usual || task.objective.user != nullptr;
    return task.options.batch_size.value_or(whole ? 0 : usual);
}

} // namespace

template <class T>
Island<T>::Island(const Task<T>& task, std::size_t index, const Archive& archive, const std::atomic<bool>& stop,
                  std::size_t row_threads)
    : task_(task), archive_(archive), stop_(stop), random_(task.seed, index + 1),
      evaluator_(task.data, task.objective, &stop, row_threads), fitter_(evaluator_), estimator_(task.cost),
      slack_(task.cost, task.budget), second_slack_(task.cost, task.budget),
      fixed_point_loss_(task.data, task.objective), checker_(task.limits),
      mutator_(task.grammar, task.limits.maxsize, task.options.mutation_weights),
      grafter_(task.data.rows(), task.grammar, task.limits.maxsize, task.cost.constant_fraction),
      race_(task.data, batch_rows(task)), rows_(race_.rows(0)), size_share_(task.limits.maxsize + 1, 0.0) {
    members_.reserve(task.options.population_size);
}

template <class T> void Island<T>::draw_rows() {
    constexpr int tries = 100; // where most weights are zero
    for (int attempt = 0; attempt < tries; ++attempt) {
        chunk_ = random_.below(race_.chunks());
        rows_ = race_.rows(chunk_);
        if (task_.data.weight(rows_) > 0.0) {
            return;
        }
    }
}

template <class T> bool Island<T>::admit(Member& child) {
    if (!checker_.allows(child.tree)) {
        return false;
    }
    child.complexity = child.tree.complexity();
    ++counts_.proposals;
    const bool allowed = within_budget(child.tree, child.cost);
    counts_.over_budget += allowed ? 0U : 1U;
    return allowed;
}

template <class T> bool Island<T>::propose(Member& child) {
    if (task_.options.linear_scaling) {
        Tree tree = std::move(child.tree);
        child.tree = scaled(tree);
        if (admit(child)) {
            return true;
        }
        child.tree = std::move(tree);
    }
    return admit(child);
}

template <class T> bool Island<T>::within_budget(const Tree& tree, Cost& cost) {
    cost = estimator_(tree);
    if (judge_ != nullptr) {
        cost.latency = latencies_.find(tree.shape_hash(hash_stack_)).value_or(cost.latency);
    }
    return task_.budget.allows(cost);
}

template <class T> void Island<T>::score(Member& child, bool fit, const Member* parent) {
    const bool scaling = task_.options.linear_scaling && is_scaled(child.tree);
    if (scaling) {
        child.loss = fitter_.fit_scaling(child.tree, rows_);
    }
    if (!fit) {
        if (!scaling) {
            child.loss = evaluator_.loss(child.tree, rows_);
        }
        constexpr double promising = 1.02; // times its parent's loss
        fit = parent != nullptr && child.loss < promising * parent->loss;
    }
    if (fit) {
        child.loss = parent == nullptr ? fitter_.fit(child.tree, rows_, task_.options.fit_steps)
                                       : fitter_.fit_changes(child.tree, parent->tree, rows_, task_.options.fit_steps);
    }
    ++counts_.evaluations;
    // Other constants may cost other shift-adds.
    if ((fit || scaling) && !within_budget(child.tree, child.cost)) {
        child.loss = worthless;
    }
    if (task_.fixed_point == FixedPoint::always && std::isfinite(child.loss)) {
        child.loss = loss_of(child.tree);
    }
    if (std::isfinite(child.loss) && !archive(child)) {
        child.loss = worthless;
    }
}

template <class T> const Entry* Island<T>::rival(const Cost& cost, std::size_t complexity) const {
    const Entry* old = archive_.rival(cost, complexity);
    const Entry* recent = found_.rival(cost, complexity);
    return old == nullptr || (recent != nullptr && recent->loss < old->loss) ? recent : old;
}

template <class T> bool Island<T>::archive(const Member& member) {
    const Entry* incumbent = rival(member.cost, member.complexity);
    const std::span<const double> losses = incumbent == nullptr ? std::span<const double>() : incumbent->chunk_losses;
    Entry entry{.tree = member.tree, .cost = member.cost, .complexity = member.complexity};
    if (!race_.promising(chunk_, member.loss, losses) ||
        !race_.run(evaluator_, entry.tree, chunk_, member.loss, losses, entry.chunk_losses)) {
        return true;
    }
    const Verdict verdict = insert(entry);
    if (verdict == Verdict::kept &&
        std::isfinite(fitter_.fit(entry.tree, task_.data.all(), task_.options.polish_steps)) &&
        within_budget(entry.tree, entry.cost) && race_.run(evaluator_, entry.tree, entry.chunk_losses)) {
        insert(entry);
    }
    return verdict != Verdict::over_budget;
}

template <class T> typename Island<T>::Verdict Island<T>::insert(Entry& entry) {
    const auto better = [&] {
        const Entry* incumbent = rival(entry.cost, entry.complexity);
        return std::isfinite(entry.loss) && (incumbent == nullptr || entry.loss < incumbent->loss);
    };
    entry.loss = race_.mean(entry.chunk_losses);
    if (task_.fixed_point == FixedPoint::never && !better()) {
        return Verdict::worse;
    }
    if (judge_ != nullptr) {
        const std::optional<Cost> real = (*judge_)(entry.tree);
        latencies_.insert(entry.tree.shape_hash(hash_stack_), real ? real->latency : ShapeLatencies::none);
        ++counts_.judged;
        if (!real || !task_.budget.allows(*real)) {
            ++counts_.refused;
            return Verdict::over_budget;
        }
        entry.cost = *real;
        if (task_.fixed_point != FixedPoint::never) {
            entry.loss = fixed_point_loss();
        }
    }
    return better() && found_.insert(entry) ? Verdict::kept : Verdict::worse;
}

template <class T> double Island<T>::fitness(const Member& member) const {
    return member.loss * (1.0 + task_.options.crowding * size_share_[member.complexity]) +
           task_.options.parsimony * static_cast<double>(member.complexity);
}

template <class T> std::size_t Island<T>::tournament() {
    std::size_t best = random_.below(members_.size());
    double best_fitness = fitness(members_[best]);
    for (std::size_t i = 1; i < task_.options.tournament_size; ++i) {
        const std::size_t other = random_.below(members_.size());
        const double other_fitness = fitness(members_[other]);
        if (other_fitness < best_fitness) {
            best = other;
            best_fitness = other_fitness;
        }
    }
    return best;
}

template <class T> Tree Island<T>::formula(const Tree& tree) const {
    return task_.options.linear_scaling ? unscaled(tree) : tree;
}

template <class T> Tree Island<T>::whole(const Tree& tree) const {
    return task_.options.linear_scaling ? scaled(tree) : tree;
}

template <class T> Tree Island<T>::variant(const Tree& parent) {
    const bool several = task_.data.outputs() > 1;
    constexpr double everywhere = 0.5; // of the changes to a part that several outputs have
    if (random_.chance(task_.options.graft_probability)) {
        // Now and then a graft makes up for another change, where no equal parts have to follow both.
        constexpr double after_change = 0.4;
        const bool changed = !several && random_.chance(after_change);
        // The expansion needs the whole formula, and the graft must not touch what scales it.
        Tree child = changed ? whole(mutator_.mutate(formula(parent), slack_, random_)) : parent;
        if (changed) {
            second_slack_.measure(child);
        }
        if (grafter_.graft(child, changed ? second_slack_ : slack_, evaluator_, random_)) {
            child = formula(child);
            if (several && random_.chance(everywhere)) {
                change_equal_parts(parent, child);
            }
            return child;
        }
    }
    if (random_.chance(task_.options.crossover_probability)) {
        const Tree& donor = members_[tournament()].tree;
        constexpr double unchanged = 0.5; // of the crossovers take an output as it is
        if (several && random_.chance(unchanged)) {
            return with_output_of(parent, donor, random_);
        }
        return mutator_.crossover(formula(parent), slack_, formula(donor), random_);
    }
    constexpr double shared = 0.1;
    if (several && random_.chance(shared)) {
        return with_shared_part(parent, slack_, task_.limits.maxsize, random_);
    }
    Tree child = mutator_.mutate(formula(parent), slack_, random_);
    if (several && random_.chance(everywhere)) {
        change_equal_parts(parent, child);
    }
    // A second change now and then reaches formulas behind a bad intermediate one.
    constexpr double second_change = 0.2;
    while (random_.chance(second_change)) {
        const Tree measured = whole(child);
        second_slack_.measure(measured);
        child = mutator_.mutate(child, second_slack_, random_);
    }
    return child;
}

template <class T> const Member* Island<T>::make_offspring(Member& child) {
    constexpr int tries = 12;
    const Member& parent = members_[tournament()];
    slack_.measure(parent.tree);
    // A change without the time for it leaves the parent as it is.
    recent_.insert(formula(parent.tree).hash(hash_stack_));
    for (int attempt = 0; attempt < tries; ++attempt) {
        child.tree = variant(parent.tree);
        merge_constants(child.tree);
        if (recent_.insert(child.tree.hash(hash_stack_)) && propose(child)) {
            return &parent;
        }
    }
    return nullptr;
}

template <class T> void Island<T>::merge_constants(Tree& tree) {
    // Where one factor had time to spare and the other had none, their product may be late.
    Tree merged = tree;
    Cost cost;
    if (merger_.merge(merged) && within_budget(merged, cost)) {
        tree = std::move(merged);
    }
}

template <class T> void Island<T>::place(Member member) {
    constexpr double memory = 0.995; // of the size frequencies
    for (double& share : size_share_) {
        share *= memory;
    }
    size_share_[member.complexity] += (1.0 - memory) * static_cast<double>(size_share_.size());
    if (members_.size() < task_.options.population_size) {
        members_.push_back(std::move(member));
        return;
    }
    members_[oldest_] = std::move(member);
    oldest_ = (oldest_ + 1) % members_.size();
}

template <class T> bool Island<T>::found_output(Member& member, std::size_t output) {
    constexpr std::size_t largest = 9;
    constexpr int tries = 100;
    std::vector<std::size_t> roots;
    member.tree.roots(roots);
    const Tree before = member.tree;
    const auto put = [&](std::span<const Node> nodes) {
        member.tree = before;
        member.tree.replace(roots[output], nodes);
    };
    for (int attempt = 0; attempt < tries; ++attempt) {
        const std::size_t room = std::max<std::size_t>(task_.limits.maxsize / roots.size(), 1);
        const std::size_t size = 1 + random_.below(std::min(largest, room));
        put(task_.grammar.random_nodes(random_, size));
        if (propose(member)) {
            return true;
        }
    }
    // Where random formulas do not fit, the cheapest ones do: single leaves.
    for (std::size_t attempt = 0; attempt < task_.grammar.features + 1; ++attempt) {
        const Node leaf = attempt == 0 ? constant_node(1.0) : variable_node(attempt - 1);
        put({&leaf, 1});
        if (admit(member)) {
            return true;
        }
    }
    return false;
}

template <class T> void Island<T>::found_population() {
    const std::size_t outputs = task_.data.outputs();
    for (const Tree& guess : task_.guesses) {
        Member member;
        member.tree = guess;
        if (members_.size() < task_.options.population_size && !stopped() && propose(member)) {
            score(member, true, nullptr);
            members_.push_back(std::move(member));
        }
    }
    // The others are offspring, so that a large population costs a short search little.
    const std::size_t founders = (task_.options.population_size + 4) / 5;
    while (members_.size() < founders && !stopped()) {
        Member member;
        member.tree = Tree(std::vector<Node>(outputs, constant_node(1.0)), outputs);
        // One output after the other, so that a budget for all of them lets some through.
        bool admitted = true;
        for (std::size_t output = 0; output < outputs && admitted; ++output) {
            admitted = found_output(member, output);
        }
        if (!admitted) {
            return;
        }
        score(member, true, nullptr);
        members_.push_back(std::move(member));
    }
}

template <class T> void Island<T>::rescore() {
    for (Member& member : members_) {
        if (stopped()) {
            return;
        }
        member.loss = std::isfinite(member.loss) ? evaluator_.loss(member.tree, rows_) : worthless;
    }
}

template <class T> void Island<T>::advance(std::size_t offspring, CircuitJudge* judge) {
    judge_ = judge;
    draw_rows();
    if (task_.data.outputs() > 1) {
        evaluator_.remember(rows_);
    }
    if (members_.empty()) {
        found_population();
        if (members_.empty()) {
            return;
        }
    } else if (race_.chunks() > 1) {
        rescore();
    }
    if (task_.options.graft_probability > 0.0) {
        grafter_.restock(rows_, [this]() -> const Tree& { return members_[tournament()].tree; }, evaluator_, random_);
    }
    const std::uint64_t end = counts_.evaluations + offspring;
    while (counts_.evaluations < end && !stopped()) {
        Member child;
        const Member* parent = make_offspring(child);
        if (parent == nullptr) {
            // Counted, so that an epoch ends even where nothing fits.
            ++counts_.evaluations;
            continue;
        }
        score(child, random_.chance(task_.options.fit_probability), parent);
        if (!stopped()) {
            place(std::move(child));
        }
    }
}

template <class T> void Island<T>::restart() {
    members_.clear();
    oldest_ = 0;
    std::ranges::fill(size_share_, 0.0);
}

template <class T> double Island<T>::loss_of(const Tree& tree) {
    if (task_.fixed_point != FixedPoint::always) {
        return evaluator_.loss(tree, rows_);
    }
    return (*judge_)(tree) ? fixed_point_loss() : worthless;
}

template <class T> void Island<T>::immigrate(const Tree& tree, const Cost& cost) {
    if (members_.empty()) {
        return;
    }
    Member member{.tree = tree, .cost = cost, .complexity = tree.complexity()};
    member.loss = loss_of(tree);
    place(std::move(member));
}

template <class T> const Member* Island<T>::random_good_member() {
    return members_.empty() ? nullptr : &members_[tournament()];
}

template <class T> void Island<T>::save(StateWriter& state) const {
    state.put(random_);
    state.put(members_.size());
    for (const Member& member : members_) {
        state.put(member.tree);
        state.put(member.cost);
        state.put(member.complexity);
        state.put(member.loss);
    }
    state.put(oldest_);
    state.put(size_share_);
    recent_.save(state);
    latencies_.save(state);
    state.put(counts());
}

template <class T> void Island<T>::load(StateReader& state) {
    state.get(random_);
    std::size_t count = 0;
    state.get(count);
    members_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        Member member;
        state.get(member.tree);
        state.get(member.cost);
        state.get(member.complexity);
        state.get(member.loss);
        members_.push_back(std::move(member));
    }
    state.get(oldest_);
    state.get(size_share_);
    recent_.load(state);
    latencies_.load(state);
    state.get(counts_);
    if (count > task_.options.population_size || oldest_ > count || size_share_.size() != task_.limits.maxsize + 1) {
        throw std::invalid_argument("the state is that of a search with other settings");
    }
}

LAT_SR_INSTANTIATE(Island);

} // namespace lat_sr
