// What a table holds, and how good it must be.
#pragma once

#include "datapath/builder.hpp"
#include "kernels/float_kernels.hpp"
#include "lowering/formula_parts.hpp"
#include "tree/operators.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace lat_sr {

enum class Implementation : std::uint8_t { table, interp };

struct TableStyle {
    Implementation implementation = Implementation::table;
    double tolerance = 4.0; // root mean square error of one table, in units of 2**-fraction
    int fraction = 0;       // of the precision
    int guard = 2;          // further fraction bits of a result that other operators still use

    [[nodiscard]] int result_fraction() const { return fraction + guard; }
};

// scale * (function(argument_scale * x + argument_offset) + offset)
struct AffineFunction {
    FloatKernels::Unary function = nullptr; // the argument itself without one
    std::uint64_t identity = 0;             // of the function
    double argument_scale = 1.0;
    double argument_offset = 0.0;
    double offset = 0.0;
    double scale = 1.0;

    // Of an operation with one operand, other than a power.
    static AffineFunction of(Op op) {
        return {.function = float_kernels().unary[index_of(op)], .identity = index_of(op)};
    }
    static AffineFunction exp2() { return {.function = float_kernels().exp2, .identity = operation_count}; }
};

// A part of the formula with one variable, or a function of its own.
struct TableFunction {
    TableName name;
    AffineFunction affine{}; // where the name has no part

    static TableFunction of_part(PartId part) { return {.name = {.part = part, .text = {}, .suffix = {}}}; }
    static TableFunction of(std::string_view name, const AffineFunction& affine) {
        return {.name = {.text = name, .suffix = {}}, .affine = affine};
    }

    [[nodiscard]] bool has_part() const { return name.part != TableName::no_part; }
    // Equal for equal functions of any two formulas.
    [[nodiscard]] std::uint64_t identity(const FormulaParts& parts) const;
    void evaluate(FormulaParts& parts, std::span<const double> x, std::span<double> out) const;
};

} // namespace lat_sr
