// Exact evaluation of a lowered datapath on integers; the definition is lat_sr/datapath/graph.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// In the order of lat_sr.datapath.Kind.
enum class NodeKind : std::uint8_t {
    input,
    constant,
    add,
    subtract,
    multiply,
    scale,
    negate,
    absolute,
    minimum,
    maximum,
    select,
    cast,
    lookup,
};

// In the order of lat_sr.precision.Quantization and Overflow.
enum class Quantization : std::uint8_t { trn, rnd, trn_zero, rnd_zero, rnd_inf, rnd_min_inf, rnd_conv };
enum class Overflow : std::uint8_t { wrap, sat, sat_zero, sat_sym };

struct FixedFormat {
    int width = 1;
    int fraction = 0;
    bool is_signed = true;
    Quantization quantization = Quantization::trn;
    Overflow overflow = Overflow::wrap;
    std::int64_t low = 0; // saturation bounds
    std::int64_t high = 0;

    bool operator==(const FixedFormat&) const = default;
};

// Brings value * 2**-fraction into the format.
[[nodiscard]] std::int64_t cast_to(const FixedFormat& format, std::int64_t value, int fraction);

struct DatapathNode {
    NodeKind kind = NodeKind::input;
    std::vector<std::size_t> operands;
    std::int64_t low = 0;
    std::int64_t high = 0;
    int fraction = 0;
    std::size_t index = 0; // column of an input, table of a lookup
    std::int64_t value = 0;
    FixedFormat format; // of a cast
};

class FixedDatapath {
public:
    // Throws std::invalid_argument for nodes that do not fit together.
    FixedDatapath(std::vector<DatapathNode> nodes, std::vector<std::size_t> outputs,
                  std::vector<std::vector<std::int64_t>> tables, std::size_t inputs);

    [[nodiscard]] std::size_t inputs() const { return inputs_; }
    [[nodiscard]] std::size_t outputs() const { return outputs_.size(); }
    [[nodiscard]] std::span<const DatapathNode> nodes() const { return nodes_; }
    [[nodiscard]] std::span<const std::size_t> output_nodes() const { return outputs_; }
    [[nodiscard]] std::span<const std::vector<std::int64_t>> tables() const { return tables_; }

    // X and out are row-major. Throws std::out_of_range for port values that no table holds.
    void evaluate(std::span<const std::int64_t> X, std::span<std::int64_t> out, std::size_t rows) const;

private:
    static constexpr std::size_t block = 256;
    using Values = std::vector<std::int64_t>;

    void check() const;
    void run(std::size_t position, std::span<const std::int64_t> X, std::size_t rows, Values& values) const;

    std::vector<DatapathNode> nodes_;
    std::vector<std::size_t> outputs_;
    std::vector<std::vector<std::int64_t>> tables_;
    std::size_t inputs_;
};

} // namespace lat_sr
