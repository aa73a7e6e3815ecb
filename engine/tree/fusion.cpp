#include "tree/fusion.hpp"

#include <algorithm>

namespace lat_sr {

void FusionMarker::join(std::size_t operand, int& variable, unsigned char& table) const {
    table |= tables_[operand];
    const int other = variables_[operand];
    if (variable == none) {
        variable = other;
    } else if (other != none && other != variable) {
        variable = several;
    }
}

const std::vector<Fusion>& FusionMarker::mark(const Tree& tree) {
    const std::size_t length = tree.length();
    variables_.resize(length);
    tables_.resize(length);
    for (std::size_t i = 0; i < length; ++i) {
        const Node& node = tree[i];
        int variable = node.op == Op::variable ? static_cast<int>(node.variable) : none;
        unsigned char table = needs_table(node) ? 1 : 0;
        if (node.arity() > 0) {
            join(Tree::right_of(i), variable, table);
        }
        if (node.arity() > 1) {
            join(tree.left_of(i), variable, table);
        }
        variables_[i] = variable;
        tables_[i] = table;
    }
    marks_.assign(length, Fusion::separate);
    for (std::size_t i = length; i-- > 0;) {
        if (marks_[i] == Fusion::separate && tables_[i] != 0 && variables_[i] >= 0) {
            marks_[i] = Fusion::root;
            std::fill(marks_.begin() + static_cast<std::ptrdiff_t>(tree.begin_of(i)),
                      marks_.begin() + static_cast<std::ptrdiff_t>(i), Fusion::inside);
        }
    }
    return marks_;
}

} // namespace lat_sr
