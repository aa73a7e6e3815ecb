#include "lowering/formula_parts.hpp"

#include <algorithm>
#include <bit>

namespace lat_sr {

namespace {

int joined(int variable, int other) {
    if (variable == Part::no_variable || variable == other) {
        return other;
    }
    return other == Part::no_variable ? variable : Part::several_variables;
}

} // namespace

void FormulaParts::clear() {
    parts_.clear();
    index_.clear();
}

void FormulaParts::apply(const Part& part, const double* left, const double* right, double* out, std::size_t count) {
    if (part.op == Op::defined) {
        functions_[static_cast<std::size_t>(part.value)]({left, count}, {out, count});
    } else if (part.op == Op::power) {
        kernels_.power(left, part.value, out, count);
    } else if (operation(part.op).arity == 1) {
        kernels_.unary[index_of(part.op)](left, out, count);
    } else {
        kernels_.binary[index_of(part.op)](left, right, out, count);
    }
}

PartId FormulaParts::intern(Part part) {
    const int arity = operation(part.op).arity;
    // Zero and minus zero are equal.
    part.hash = mix_hash(index_of(part.op), std::bit_cast<std::uint64_t>(part.value + 0.0));
    if (arity > 0) {
        part.hash = mix_hash(part.hash, parts_[part.left].hash);
    }
    if (arity > 1) {
        part.hash = mix_hash(part.hash, parts_[part.right].hash);
    }
    const auto equal = [&](PartId other) {
        const Part& known = parts_[other];
        return known.op == part.op && known.value == part.value &&
               (arity == 0 || (known.left == part.left && known.right == part.right));
    };
    if (const auto known = index_.find(part.hash, equal)) {
        return *known;
    }
    if (part.op == Op::variable) {
        part.variable = static_cast<int>(part.value);
    } else if (part.op == Op::constant) {
        part.constant = part.value;
    } else {
        const Part& left = parts_[part.left];
        const Part& right = parts_[part.right];
        part.variable = joined(left.variable, right.variable);
        if (operation(part.op).table) {
            part.table = static_cast<PartId>(parts_.size());
        } else {
            part.table = left.has_table() ? left.table : right.table;
        }
        if (!part.has_variables()) {
            apply(part, &left.constant, &right.constant, &part.constant, 1);
        }
    }
    const auto number = static_cast<PartId>(parts_.size());
    parts_.push_back(part);
    index_.insert(part.hash, number);
    return number;
}

PartId FormulaParts::add(const Tree& tree) {
    stack_.clear();
    for (const Node& node : tree.nodes()) {
        if (node.is_leaf()) {
            const double value = node.op == Op::variable ? static_cast<double>(node.variable) : node.value;
            stack_.push_back(intern({.op = node.op, .value = value}));
            continue;
        }
        const PartId right = stack_.back();
        if (node.arity() == 2) {
            stack_.pop_back();
            stack_.back() = call(node.op, stack_.back(), right);
        } else {
            stack_.back() = intern({.op = node.op, .value = node.value, .left = right, .right = right});
        }
    }
    return stack_.back();
}

void FormulaParts::write(PartId part, std::vector<Node>& nodes) const {
    const Part& root = parts_[part];
    const int arity = operation(root.op).arity;
    if (arity > 0) {
        write(root.left, nodes);
    }
    if (arity > 1) {
        write(root.right, nodes);
    }
    nodes.push_back(root.op == Op::variable ? variable_node(static_cast<std::size_t>(root.variable))
                                            : operation_node(root.op, root.value));
}

std::vector<Node> FormulaParts::formula(PartId part) const {
    std::vector<Node> nodes;
    write(part, nodes);
    return nodes;
}

void FormulaParts::evaluate(PartId part, std::span<const double> x, std::span<double> out) {
    // Operands have smaller numbers than what is made of them.
    slots_.assign(part + 1, 0);
    slots_[part] = 1;
    order_.clear();
    for (PartId i = part + 1; i-- > 0;) {
        const Part& inner = parts_[i];
        if (slots_[i] == 0) {
            continue;
        }
        slots_[i] = static_cast<std::uint32_t>(order_.size() + 1);
        order_.push_back(i);
        if (inner.has_variables() && inner.op != Op::variable) {
            slots_[inner.left] = 1;
            slots_[inner.right] = 1;
        }
    }
    std::ranges::reverse(order_);
    blocks_.resize(std::max(blocks_.size(), (order_.size() + 1) * block));
    const auto values = [&](PartId i) { return blocks_.data() + slots_[i] * block; };
    for (const PartId i : order_) {
        if (!parts_[i].has_variables()) {
            std::fill_n(values(i), block, parts_[i].constant);
        }
    }
    for (std::size_t begin = 0; begin < x.size(); begin += block) {
        const std::size_t count = std::min(block, x.size() - begin);
        for (const PartId i : order_) {
            const Part& inner = parts_[i];
            if (inner.op == Op::variable) {
                std::copy_n(x.data() + begin, count, values(i));
            } else if (inner.has_variables()) {
                apply(inner, values(inner.left), values(inner.right), values(i), count);
            }
        }
        std::copy_n(values(part), count, out.data() + begin);
    }
}

} // namespace lat_sr
