// Which parts of a formula the lowering turns into one lookup: maximal subtrees that depend on one variable only and
// hold a table function.
#pragma once

#include "tree/tree.hpp"

#include <utility>
#include <vector>

namespace lat_sr {

enum class Fusion : unsigned char { separate, root, inside };

// Whether a node needs a table by itself.
inline bool needs_table(const Node& node) {
    return operation(node.op).table || (node.op == Op::power && node.value < 0);
}

class FusionMarker {
public:
    // One mark a node; valid until the next call.
    const std::vector<Fusion>& mark(const Tree& tree);
    // Whether a variable is below, from the last call.
    [[nodiscard]] bool depends_on_input(std::size_t i) const { return variables_[i] != none; }
    // Whether no variable but this one is below, from the last call.
    [[nodiscard]] bool depends_on_no_other(std::size_t i, std::size_t variable) const {
        return variables_[i] == none || std::cmp_equal(variables_[i], variable);
    }

private:
    static constexpr int none = -1;
    static constexpr int several = -2;

    void join(std::size_t operand, int& variable, unsigned char& table) const;

    std::vector<int> variables_;
    std::vector<unsigned char> tables_;
    std::vector<Fusion> marks_;
};

} // namespace lat_sr
