// The parts of formulas, each kept once: equal subtrees, of several formulas too, have one number.
#pragma once

#include "base/aligned.hpp"
#include "base/intern_index.hpp"
#include "kernels/float_kernels.hpp"
#include "tree/operators.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr {

using PartId = std::uint32_t;

struct Part {
    static constexpr PartId no_table = ~PartId{0};
    static constexpr int no_variable = -1;
    static constexpr int several_variables = -2;

    Op op = Op::constant;
    double value = 0.0; // of a constant; exponent of a power; number of a function of the user's
    PartId left = 0;    // the operand of an operation with one
    PartId right = 0;
    int variable = no_variable; // the only one below
    PartId table = no_table;    // first part in prefix order that needs a table
    double constant = 0.0;      // value of a part without variables, in floating point
    std::uint64_t hash = 0;     // equal for equal parts of any two formulas

    [[nodiscard]] bool has_table() const { return table != no_table; }
    [[nodiscard]] bool has_variables() const { return variable != no_variable; }
    [[nodiscard]] bool has_one_variable() const { return variable >= 0; }
};

class FormulaParts {
public:
    // Gives a function's values at x.
    using Values = std::function<void(std::span<const double> x, std::span<double> out)>;

    void clear();
    // Functions of the user's, by number.
    void define(std::vector<Values> functions) { functions_ = std::move(functions); }

    PartId add(const Tree& tree);
    PartId constant(double value) { return intern({.op = Op::constant, .value = value}); }
    PartId call(Op op, PartId operand) { return call(op, operand, operand); }
    PartId call(Op op, PartId left, PartId right) { return intern({.op = op, .left = left, .right = right}); }
    PartId power(PartId base, double exponent) {
        return intern({.op = Op::power, .value = exponent, .left = base, .right = base});
    }

    PartId variable(std::size_t column) { return intern({.op = Op::variable, .value = static_cast<double>(column)}); }
    PartId defined(double number, PartId operand) {
        return intern({.op = Op::defined, .value = number, .left = operand, .right = operand});
    }

    [[nodiscard]] const Part& operator[](PartId part) const { return parts_[part]; }

    // In postfix order.
    [[nodiscard]] std::vector<Node> formula(PartId part) const;

    // Values of a part with one variable at x, in floating point; NaN outside of the domain.
    void evaluate(PartId part, std::span<const double> x, std::span<double> out);

private:
    static constexpr std::size_t block = 512;

    PartId intern(Part part);
    void apply(const Part& part, const double* left, const double* right, double* out, std::size_t count);
    void write(PartId part, std::vector<Node>& nodes) const;

    const FloatKernels& kernels_ = float_kernels();
    std::vector<Part> parts_;
    InternIndex index_;
    std::vector<Values> functions_; // of the user's
    std::vector<PartId> stack_;
    std::vector<PartId> order_;        // parts to evaluate, operands first
    std::vector<std::uint32_t> slots_; // of each part, from 1; 0 if not needed
    AlignedVector<double> blocks_;
};

} // namespace lat_sr
