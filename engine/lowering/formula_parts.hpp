// The parts of formulas, each kept once: equal subtrees, of several formulas too, have one number.
#pragma once

#include "base/aligned.hpp"
#include "base/intern_index.hpp"
#include "kernels/float_kernels.hpp"
#include "tree/operators.hpp"
#include "tree/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

using PartId = std::uint32_t;

struct Part {
    static constexpr int no_variable = -1;
    static constexpr int several_variables = -2;

    Op op = Op::constant;
    double value = 0.0; // of a constant; exponent of a power
    PartId left = 0;    // the operand of an operation with one
    PartId right = 0;
    int variable = no_variable; // the only one below
    Op table = Op::constant;    // first operation in prefix order that needs a table; Op::constant without one
    double constant = 0.0;      // value of a part without variables, in floating point
    std::uint64_t hash = 0;     // equal for equal parts of any two formulas

    [[nodiscard]] bool has_table() const { return table != Op::constant; }
    [[nodiscard]] bool has_variables() const { return variable != no_variable; }
    [[nodiscard]] bool has_one_variable() const { return variable >= 0; }
};

class FormulaParts {
public:
    void clear();

    PartId add(const Tree& tree);
    PartId constant(double value) { return intern({.op = Op::constant, .value = value}); }
    PartId call(Op op, PartId operand) { return call(op, operand, operand); }
    PartId call(Op op, PartId left, PartId right) { return intern({.op = op, .left = left, .right = right}); }
    PartId power(PartId base, double exponent) {
        return intern({.op = Op::power, .value = exponent, .left = base, .right = base});
    }

    [[nodiscard]] const Part& operator[](PartId part) const { return parts_[part]; }

    // In postfix order.
    [[nodiscard]] std::vector<Node> formula(PartId part) const;

    // Values of a part with one variable at x, in floating point; NaN outside of the domain.
    void evaluate(PartId part, std::span<const double> x, std::span<double> out);

private:
    static constexpr std::size_t block = 512;

    PartId intern(Part part);
    void apply(const Part& part, const double* left, const double* right, double* out, std::size_t count) const;
    void write(PartId part, std::vector<Node>& nodes) const;

    const FloatKernels& kernels_ = float_kernels();
    std::vector<Part> parts_;
    InternIndex index_;
    std::vector<PartId> stack_;
    std::vector<PartId> order_;        // parts to evaluate, operands first
    std::vector<std::uint32_t> slots_; // of each part, from 1; 0 if not needed
    AlignedVector<double> blocks_;
};

} // namespace lat_sr
