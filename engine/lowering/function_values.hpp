// Values of one function at a time: on the data of its operand, and at the points that tables are made of. They are
// kept until another function is chosen, because the same function is often tried for tables of several styles.
#pragma once

#include "datapath/builder.hpp"
#include "kernels/float_kernels.hpp"
#include "lowering/formula_parts.hpp"
#include "lowering/table_function.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lat_sr {

inline constexpr int maximum_index_bits = 12; // 4096 entries: 64 six-input LUTs per output bit

// Where the operand's range is cut into 2**bits cells: points of the integers in a cell, or of the interval between its
// ends.
enum class CellPoint : std::uint8_t { middle_of_integers, end, middle };

class FunctionValues {
public:
    explicit FunctionValues(FormulaParts& parts) : parts_(parts) {}

    // Forgets the values of another function or of another operand.
    void choose(DatapathBuilder& builder, NodeId operand, const TableFunction& function);

    // Integers of the operand on which an error is judged, and the function there; where it is finite.
    [[nodiscard]] std::span<const std::int64_t> samples() const { return samples_; }
    [[nodiscard]] std::span<const double> truth() const { return truth_; }
    // Least and largest value there, before the truth is clipped to what tables hold.
    [[nodiscard]] double lowest() const { return lowest_; }
    [[nodiscard]] double highest() const { return highest_; }

    // Without data, least and largest value at the ends of the operand's range and nearest to zero; false if there is
    // none.
    bool choose_ends(DatapathBuilder& builder, NodeId operand, const TableFunction& function);

    // Values in `cells` = 2**bits cells from `first` on, `size` apart; for CellPoint::end one more. Undefined ones are
    // NaN.
    std::span<const double> cells(CellPoint point, int bits, double first, double size);
    // From now on cells are those of a range without so many of its highest bits.
    void narrow(int bits);
    // Values at two arguments.
    [[nodiscard]] std::array<double, 2> ends(double low, double high);

private:
    void sample(DatapathBuilder& builder, NodeId operand);
    void forget_cells();

    FormulaParts& parts_;
    const FloatKernels& kernels_ = float_kernels();
    std::optional<std::uint64_t> chosen_;
    int narrowed_ = 0; // bits
    TableFunction function_;
    std::vector<std::int64_t> samples_;
    std::vector<double> truth_;
    double lowest_ = 0.0;
    double highest_ = 0.0;
    std::vector<double> arguments_;
    std::array<std::array<std::vector<double>, maximum_index_bits + 1>, 3> cells_;
};

} // namespace lat_sr
