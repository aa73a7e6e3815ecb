// Random postfix programs through everything that takes a tree: `make fuzz`. A broken promise aborts.
#include "fuzz/enclosure.hpp"
#include "fuzz/tree_bytes.hpp"

#include "base/random.hpp"
#include "constants/fitting.hpp"
#include "cost/quick_cost.hpp"
#include "cost/slack.hpp"
#include "evaluation/data.hpp"
#include "evaluation/evaluation.hpp"
#include "kernels/kernels.hpp"
#include "variation/simplify.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <vector>

namespace lat_sr::fuzz {
namespace {

constexpr std::size_t features = 3;
constexpr std::size_t largest_tree = 48;

void require(bool holds, const char* promise, const Tree& tree) {
    if (holds) {
        return;
    }
    std::fprintf(stderr, "broken: %s\n", promise);
    for (const Node& node : tree.nodes()) {
        const double value = node.op == Op::variable ? node.variable : node.value;
        std::fprintf(stderr, "(\"%.*s\", %a) ", static_cast<int>(operation(node.op).name.size()),
                     operation(node.op).name.data(), value);
    }
    std::abort();
}

// Rows of ordinary and of extreme values.
struct Samples {
    std::vector<double> X;
    std::vector<double> y;
    std::vector<double> weights;

    explicit Samples(std::size_t rows) {
        Random random(7);
        for (std::size_t row = 0; row < rows; ++row) {
            for (std::size_t feature = 0; feature < features; ++feature) {
                const double scale = row % 16 == 15 ? std::exp2(40.0 * random.normal()) : 1.0;
                // Single precision has the same values.
                X.push_back(static_cast<double>(static_cast<float>(scale * random.normal())));
            }
            y.push_back(random.chance(0.5) ? 1.0 : -1.0);
            weights.push_back(row % 5 == 0 ? 0.0 : static_cast<double>(static_cast<float>(random.uniform())));
        }
    }
};

template <class T> Data<T> make_data(const Samples& samples) {
    const auto converted = [](const std::vector<double>& values) {
        return std::vector<T>(values.begin(), values.end());
    };
    return Data<T>(converted(samples.X), converted(samples.y), converted(samples.weights), features,
                   Data<T>::keep_order);
}

CostModel make_cost_model() {
    CostModel model;
    model.available_ps = 4000.0;
    model.register_ps = 100.0;
    model.input_low.assign(features, -32.0);
    model.input_high.assign(features, 31.0);
    model.input_fraction = 10;
    model.output_low = -32.0;
    model.output_high = 31.0;
    model.output_fraction = 10;
    model.constant_fraction = 10;
    for (WidthCost& cost : model.primitives) {
        cost = {.delay_ps = {100.0, 200.0, 300.0}, .lut = {1.0, 2.0, 3.0}};
    }
    model.multiply = {
        .rows = 2, .columns = 2, .delay_ps = {500, 900, 900, 2500}, .lut = {9, 9, 9, 9}, .dsp = {0, 1, 1, 2}};
    model.scale = model.multiply;
    model.fused = {.segments_ps = {1500.0}, .lut = 20.0, .low = -32.0, .high = 31.0, .fraction = 10};
    model.functions.fill(model.fused);
    return model;
}

// One row at a time and node by node: what the tape's blocks must equal bit for bit.
template <class T> T naive_value(const Tree& tree, const Data<T>& data, std::size_t row, bool& finite) {
    const Kernels<T>& table = kernels<T>();
    std::vector<T> values(tree.length());
    for (std::size_t i = 0; i < tree.length(); ++i) {
        const Node& node = tree[i];
        const std::size_t op = index_of(node.op);
        if (node.op == Op::constant) {
            values[i] = static_cast<T>(node.value);
        } else if (node.op == Op::variable) {
            values[i] = data.column(node.variable)[row];
        } else if (node.arity() == 1) {
            table.unary[op](&values[Tree::right_of(i)], &values[i], 1, static_cast<int>(node.value));
        } else {
            table.binary[op](&values[tree.left_of(i)], &values[Tree::right_of(i)], &values[i], 1);
        }
    }
    finite = std::isfinite(values.back());
    return values.back();
}

template <class T> void check_values(const Tree& tree, const Data<T>& data) {
    Evaluator<T> evaluator(data, {});
    std::vector<T> values(data.rows());
    const bool predicted = evaluator.predict(tree, data.all(), values);
    for (std::size_t row = 0; predicted && row < data.rows(); row += 1 + data.rows() / 16) {
        bool finite = false;
        const T expected = naive_value(tree, data, row, finite);
        require(finite && values[row] == expected, "blocks give the value of single rows", tree);
    }
}

// Each operation in single precision on its operands in single precision, against double precision.
void check_single_precision(const Tree& tree, const Data<float>& data, std::size_t row) {
    const double smallest = std::numeric_limits<float>::min();
    const auto close = [=](double single, double exact, double units) {
        if (!std::isfinite(single) || !(std::fabs(exact) < std::numeric_limits<float>::max())) {
            return true;
        }
        const double unit = std::exp2(-23.0) * std::max(std::fabs(exact), smallest);
        return std::fabs(single - exact) <= units * unit || (single == 0.0 && std::fabs(exact) < smallest);
    };
    for (std::size_t i = 0; i < tree.length(); ++i) {
        if (tree[i].is_leaf()) {
            continue;
        }
        bool finite = true;
        const Node& node = tree[i];
        const std::size_t op = index_of(node.op);
        const auto operand = [&](std::size_t root) {
            const std::span<const Node> part = tree.subtree(root);
            return naive_value(Tree(std::vector<Node>(part.begin(), part.end())), data, row, finite);
        };
        const float right = operand(Tree::right_of(i));
        const double exact_right = right;
        float single = 0.0F;
        double exact = 0.0;
        // A power multiplies as often as its exponent says; gauss has the rounding of a square in its exponent.
        double units = 4.0;
        if (node.arity() == 1) {
            kernels<float>().unary[op](&right, &single, 1, static_cast<int>(node.value));
            kernels<double>().unary[op](&exact_right, &exact, 1, static_cast<int>(node.value));
            units = node.op == Op::gauss ? 88.0 : units + std::fabs(node.value);
        } else {
            const float left = operand(tree.left_of(i));
            const double exact_left = left;
            kernels<float>().binary[op](&left, &right, &single, 1);
            kernels<double>().binary[op](&exact_left, &exact_right, &exact, 1);
        }
        require(close(single, exact, units), "single precision is near double precision", tree);
    }
}

void check_simplified(const Tree& tree, const Samples& samples, const Data<double>& data) {
    const Tree simple = simplified(tree);
    require(simple.complexity() <= tree.complexity(), "simplified formulas are no longer", tree);
    for (const Node& node : simple.nodes()) {
        require(std::isfinite(node.value), "simplified formulas have finite constants", tree);
    }
    for (std::size_t row = 0; row < data.rows(); row += 5 + data.rows() / 8) {
        const Enclosure expected = enclose(tree, std::span(samples.X).subspan(row * features, features));
        bool finite = false;
        if (expected) {
            require(expected->contains(naive_value(tree, data, row, finite)), "enclosures hold the value", tree);
            require(expected->contains(naive_value(simple, data, row, finite)), "simplified formulas keep values",
                    tree);
        }
    }
}

template <class T> void check_losses(const Tree& tree, const Data<T>& data, LossKind kind) {
    const Objective objective{.kind = kind, .parameter = 0.5};
    Evaluator<T> evaluator(data, objective);
    const double loss = evaluator.loss(tree, data.all());
    require(!std::isnan(loss), "a loss is a number", tree);
    std::vector<std::size_t> constants;
    tree.constants(constants);
    Derivatives derivatives;
    if (evaluator.derivatives(tree, constants, data.all(), Order::second, derivatives)) {
        require(derivatives.loss == loss, "derivatives come with the loss", tree);
        for (std::size_t i = 0; i < constants.size(); ++i) {
            require(derivatives.curvature[i * constants.size() + i] >= 0.0, "curvatures are not negative", tree);
        }
    }
    ConstantFitter<T> fitter(evaluator);
    Tree fitted = tree;
    const double reached = fitter.fit(fitted, data.all(), 3);
    require(reached <= loss, "a fit never makes the loss worse", tree);
    require(evaluator.loss(fitted, data.all()) == reached, "a fit returns the loss it reached", tree);
}

void check_cost(const Tree& tree) {
    static const CostModel model = make_cost_model();
    CostEstimator estimator(model);
    const Cost first = estimator(tree);
    const Cost second = estimator(tree);
    require(first.latency == second.latency && first.lut == second.lut && first.dsp == second.dsp &&
                first.delay_ps == second.delay_ps,
            "a cost does not depend on earlier ones", tree);
    require(first.latency >= 1 && std::isfinite(first.delay_ps) && first.lut >= 0.0, "costs are sane", tree);
    const Node leaf = variable_node(0);
    for (const int budget : {1, 3}) {
        Slack slack(model, {.latency = static_cast<double>(budget)});
        slack.measure(tree);
        require(slack.allows(tree.length() - 1, tree.nodes()) == (first.latency <= budget),
                "there is time for a formula within the budget", tree);
        require(slack.allows(tree.length() - 1, {&leaf, 1}), "there is time for an input", tree);
        for (std::size_t i = 0; i < tree.length(); ++i) {
            (void)slack.allows(i, {&leaf, 1});
        }
    }
}

struct Problem {
    Samples samples;
    Data<double> exact = make_data<double>(samples);
    Data<float> single = make_data<float>(samples);
};

void check(std::span<const std::uint8_t> input) {
    // Less than a block of the evaluator, and more than one but no whole number of them.
    static const Problem small{.samples = Samples(37)};
    static const Problem large{.samples = Samples(530)};
    Bytes bytes(input);
    const auto& [samples, exact, single] = bytes.take<std::uint8_t>() % 8 == 0 ? large : small;
    const auto kind = static_cast<LossKind>(bytes.take<std::uint8_t>() % loss_count);
    const std::size_t row = bytes.take<std::uint8_t>() % exact.rows();
    const std::vector<Node> nodes = take_nodes(bytes, features, largest_tree);
    const Tree tree(nodes);
    std::vector<std::uint64_t> stack;
    require(tree.hash(stack) == Tree(nodes).hash(stack), "equal formulas have equal hashes", tree);
    require(tree.depth() <= tree.length() && tree.length() <= tree.complexity(), "sizes are in order", tree);
    check_values(tree, exact);
    check_values(tree, single);
    check_single_precision(tree, single, row);
    check_simplified(tree, samples, exact);
    check_losses(tree, exact, kind);
    check_losses(tree, single, kind);
    check_cost(tree);
}

// Nodes in any order: one tree or a refusal.
void check_any_nodes(std::span<const std::uint8_t> input) {
    std::vector<Node> nodes;
    for (const std::uint8_t byte : input.first(std::min(input.size(), largest_tree))) {
        nodes.push_back({.op = static_cast<Op>(byte % operation_count)});
    }
    try {
        const Tree tree(std::move(nodes));
        require(tree.begin_of(tree.length() - 1) == 0, "a root's subtree is the tree", tree);
    } catch (const std::invalid_argument&) {
        return;
    }
}

} // namespace
} // namespace lat_sr::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    lat_sr::fuzz::check_any_nodes({bytes, size});
    lat_sr::fuzz::check({bytes, size});
    return 0;
}
