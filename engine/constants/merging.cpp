#include "constants/merging.hpp"

#include "kernels/kernels.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace lat_sr {

namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

enum class Family : unsigned char { neither, sum, product };

Family family_of(Op op) {
    switch (op) {
    case Op::add:
    case Op::subtract:
        return Family::sum;
    case Op::multiply:
        return Family::product;
    default:
        return Family::neither;
    }
}

} // namespace

void ConstantMerger::set_groups(const Tree& tree) {
    const std::size_t length = tree.length();
    group_.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        group_[i] = i;
    }
    sign_.assign(length, 1.0);
    pinned_.assign(length, 0);
    member_.assign(length, 0);
    for (std::size_t i = length; i-- > 0;) {
        const Family family = family_of(tree[i].op);
        if (family == Family::neither) {
            continue;
        }
        const std::size_t left = tree.left_of(i);
        const std::size_t right = Tree::right_of(i);
        const bool difference = tree[i].op == Op::subtract;
        for (const std::size_t operand : {left, right}) {
            member_[operand] = tree[operand].op == Op::constant ? 1 : 0;
            if (member_[operand] != 0 || family_of(tree[operand].op) == family) {
                group_[operand] = group_[i];
                sign_[operand] = difference && operand == right ? -sign_[i] : sign_[i];
            }
        }
        pinned_[left] = difference || pinned_[i] != 0 ? 1 : 0;
    }
}

bool ConstantMerger::plan(Tree& tree) {
    const std::size_t length = tree.length();
    left_out_.assign(length, 0);
    kept_.assign(length, none);
    bool useful = false;
    for (std::size_t i = 0; i < length; ++i) {
        if (member_[i] != 0) {
            std::size_t& kept = kept_[group_[i]];
            kept = kept == none || (pinned_[i] != 0 && pinned_[kept] == 0) ? i : kept;
        } else if (!tree[i].is_leaf()) {
            useful = useful || (tree[Tree::right_of(i)].op == Op::constant &&
                                (tree[i].arity() == 1 || tree[tree.left_of(i)].op == Op::constant));
        }
    }
    for (std::size_t i = 0; i < length; ++i) {
        if (member_[i] == 0 || pinned_[i] != 0 || kept_[group_[i]] == i) {
            continue;
        }
        const std::size_t kept = kept_[group_[i]];
        const bool sum = family_of(tree[group_[i]].op) == Family::sum;
        const double merged =
            sum ? tree[kept].value + sign_[kept] * sign_[i] * tree[i].value : tree[kept].value * tree[i].value;
        // Beyond the numbers' range the formula would become another one.
        if (sum ? std::isfinite(merged) : std::isnormal(merged)) {
            tree[kept].value = merged;
            left_out_[i] = 1;
            useful = true;
        }
    }
    return useful;
}

void ConstantMerger::emit(const Tree& tree, std::size_t i) {
    if (left_out_[i] != 0) {
        return;
    }
    const Node& node = tree[i];
    if (node.is_leaf()) {
        nodes_.push_back(node);
        return;
    }
    const std::size_t start = nodes_.size();
    if (node.arity() == 2) {
        emit(tree, tree.left_of(i));
    }
    const std::size_t middle = nodes_.size();
    emit(tree, Tree::right_of(i));
    // Of two operands one may have vanished, and with it the operation.
    if (nodes_.size() == middle || (node.arity() == 2 && middle == start)) {
        return;
    }
    const Kernels<double>& exact = kernels<double>();
    const std::size_t constants = nodes_.size() - start;
    double value = 0.0;
    if (node.arity() == 1 && constants == 1 && nodes_.back().op == Op::constant) {
        exact.unary[index_of(node.op)](&nodes_[start].value, &value, 1, static_cast<int>(node.value));
    } else if (node.arity() == 2 && constants == 2 && nodes_[start].op == Op::constant &&
               nodes_.back().op == Op::constant) {
        exact.binary[index_of(node.op)](&nodes_[start].value, &nodes_.back().value, &value, 1);
    } else {
        nodes_.push_back(node);
        return;
    }
    if (!std::isfinite(value)) {
        nodes_.push_back(node);
        return;
    }
    nodes_.resize(start);
    nodes_.push_back(constant_node(value));
}

bool ConstantMerger::merge(Tree& tree) {
    set_groups(tree);
    if (!plan(tree)) {
        return false;
    }
    nodes_.clear();
    tree.roots(roots_);
    for (const std::size_t root : roots_) {
        emit(tree, root);
    }
    tree = Tree(nodes_, roots_.size());
    return true;
}

} // namespace lat_sr
