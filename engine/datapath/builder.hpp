// Builds datapath nodes one by one: exact bounds, sharing of equal nodes, folding of constants, width limits, and the
// values of nodes on the data, or their ranges where there are none.
#pragma once

#include "base/aligned.hpp"
#include "base/intern_index.hpp"
#include "datapath/fixed_point.hpp"
#include "datapath/integer_data.hpp"
#include "datapath/interval.hpp"
#include "datapath/refusal.hpp"
#include "kernels/integer_kernels.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace lat_sr {

// Every node fits in this many bits, so that tools which carry fixed-point values in doubles stay exact.
inline constexpr int maximum_width = 52;

// Widths in bits above which a value is narrowed by a cast of its own.
struct WidthLimits {
    int node = 48;
    int multiplicand = 27; // wider operand of a multiply, as a signed number
    int multiplier = 18;
};

// What a table is called in reports: a part of the formula, or a text.
struct TableName {
    static constexpr std::uint32_t no_part = ~std::uint32_t{0};
    static constexpr int no_function = -1;

    std::uint32_t part = no_part;
    std::string_view text;
    std::string_view suffix;
    int defined = no_function; // number of the user's function that the part applies

    bool operator==(const TableName&) const = default;
};

using NodeId = std::uint32_t;

inline constexpr std::uint32_t no_label = ~std::uint32_t{0};

struct BuilderNode {
    NodeKind kind = NodeKind::constant;
    std::uint8_t arity = 0;
    std::array<NodeId, 3> operands{};
    Interval bounds; // for every input the ports can carry
    int fraction = 0;
    std::uint32_t index = 0; // column of an input, table of a lookup
    std::int64_t value = 0;
    FixedFormat format{};           // of a cast
    std::uint64_t hash = 0;         // equal for equal nodes of any two datapaths
    std::uint32_t label = no_label; // the part of the formula that it was made for
    bool is_slice = false;          // bits cut out of a value by design

    [[nodiscard]] bool is_constant() const { return kind == NodeKind::constant; }
    [[nodiscard]] bool is_signed() const { return bounds.low < 0; }
    [[nodiscard]] int width() const { return interval_width(bounds); }
    [[nodiscard]] int integer() const { return width() - fraction; }
};

struct BuilderTable {
    TableName name;
    std::vector<std::int64_t> entries;
    int fraction = 0;
};

// Thrown where a formula's values are no longer wanted.
struct Interrupted : std::exception {};

// Owns its scratch memory; one instance a thread. After a refusal every further node is harmless and meaningless.
class DatapathBuilder {
public:
    // Values end with `Interrupted` once the flag, if there is one, is set.
    DatapathBuilder(const WidthLimits& limits, const IntegerData& data, const std::atomic<bool>* interrupted);

    void clear();
    [[nodiscard]] const RefusalDetails& refusal() const { return refusal_; }
    [[nodiscard]] bool refused() const { return refusal_.reason != Refusal::none; }
    NodeId refuse(Refusal reason, double value = 0.0, int bits = 0);

    // New nodes are made for this part of the formula.
    void set_label(std::uint32_t label) { label_ = label; }

    NodeId input(std::size_t column);
    // value * 2**-fraction, without trailing zero bits unless they are to stay.
    NodeId constant(std::int64_t value, int fraction, bool shorten = true);
    // The nearest multiple of 2**-fraction.
    NodeId rounded(double value, int fraction);
    NodeId add(NodeId a, NodeId b) { return aligned(NodeKind::add, a, b); }
    NodeId subtract(NodeId a, NodeId b) { return a == b ? constant(0, 0) : aligned(NodeKind::subtract, a, b); }
    NodeId minimum(NodeId a, NodeId b) { return a == b ? a : aligned(NodeKind::minimum, a, b); }
    NodeId maximum(NodeId a, NodeId b) { return a == b ? a : aligned(NodeKind::maximum, a, b); }
    // `negative` where condition < 0
    NodeId select(NodeId condition, NodeId negative, NodeId otherwise);
    NodeId negate(NodeId a);
    NodeId absolute(NodeId a);
    NodeId multiply(NodeId a, NodeId b);
    // a * factor * 2**-fraction, with a whole factor
    NodeId scale(NodeId a, double factor, int fraction);
    NodeId cast(NodeId a, const FixedFormat& format);
    // The bits of `a` that lie in the given format.
    NodeId slice(NodeId a, int width, int integer, bool is_signed = false) {
        const NodeId result = cast(a, fixed_format(width, integer, is_signed));
        nodes_[result].is_slice = nodes_[result].is_slice || result != a;
        return result;
    }
    // Entry a - a.low; `identity` is equal for equal tables of any two datapaths.
    template <class Entry>
    NodeId lookup(NodeId a, const TableName& name, std::span<const Entry> entries, int fraction,
                  std::uint64_t identity);

    [[nodiscard]] const BuilderNode& operator[](NodeId node) const { return nodes_[node]; }
    [[nodiscard]] const BuilderTable& table(std::size_t index) const { return tables_[index]; }
    [[nodiscard]] std::size_t rows() const { return data_.rows(); }
    IntegerColumn values(NodeId node);
    // Every so many rows' value.
    void sample(NodeId node, std::size_t step, std::vector<std::int64_t>& out);
    // Range of a node's values on the data.
    Interval seen(NodeId node);

private:
    NodeId scale(NodeId a, std::int64_t factor, int fraction);
    NodeId narrow(NodeId a, int width);
    NodeId aligned(NodeKind kind, NodeId a, NodeId b, std::optional<NodeId> condition = std::nullopt);
    NodeId coarsened(NodeId a, int fraction);
    [[nodiscard]] int signed_width(NodeId a) const;
    // `table` is the identity of a lookup's table.
    NodeId append(BuilderNode node, std::uint64_t table = 0);
    [[nodiscard]] std::uint64_t identity(const BuilderNode& node, std::uint64_t table) const;
    // Range of a node without data, from those of the ports.
    [[nodiscard]] Interval propagated(const BuilderNode& node) const;
    [[nodiscard]] std::optional<std::int64_t> folded(const BuilderNode& node) const;
    // The node whose integers these are: a shift of the binary point changes none.
    [[nodiscard]] NodeId source(NodeId node) const;
    [[nodiscard]] bool has_values(NodeId node) const {
        return nodes_[node].is_constant() || values_[node].values != nullptr;
    }
    // Works off a node and what it depends on, and calls visit(row, values, rows) for one block of rows after the
    // other, or for all rows at once. Columns of all rows are kept while there is room; what is needed later and was
    // not kept is worked off again.
    template <class Visit> void evaluate(NodeId target, bool keep, Visit visit);
    void collect_needed(NodeId target);
    // Values of a node on one block, of which `views_` has the operands.
    void evaluate_block(const BuilderNode& node, std::int64_t* out, std::size_t rows) const;
    void evaluate_cast(const BuilderNode& node, const std::int64_t* a, std::int64_t* out, std::size_t rows) const;
    [[nodiscard]] Aligned aligned_operand(const BuilderNode& node, std::size_t operand) const;
    [[nodiscard]] int alignment(const BuilderNode& node, std::size_t operand) const {
        return node.fraction - nodes_[node.operands[operand]].fraction;
    }
    [[nodiscard]] bool has_room() const;
    void stop_if_interrupted() const {
        if (interrupted_ != nullptr && interrupted_->load(std::memory_order_relaxed)) {
            throw Interrupted();
        }
    }
    std::int64_t* next_buffer();

    static constexpr std::size_t block = 4096;                          // rows; a few columns fit the second cache
    static constexpr std::size_t memory_limit = std::size_t{32} << 20U; // bytes of the columns kept

    WidthLimits limits_;
    const IntegerData& data_;
    const IntegerKernels& kernels_;
    const std::atomic<bool>* interrupted_;
    RefusalDetails refusal_;
    std::uint32_t label_ = no_label;
    std::vector<BuilderNode> nodes_;
    std::vector<IntegerColumn> values_; // on all rows, of the nodes that have them
    std::vector<std::optional<Interval>> seen_;
    InternIndex index_;
    std::vector<BuilderTable> tables_;
    std::size_t table_count_ = 0;
    std::vector<AlignedVector<std::int64_t>> buffers_;
    std::size_t buffer_count_ = 0;
    std::vector<std::optional<Interval>> column_seen_;

    // Of one evaluation.
    std::vector<unsigned char> wanted_; // by node
    std::vector<NodeId> needed_;        // to be worked off, in their order
    std::vector<NodeId> known_;         // what these depend on and what has values
    std::vector<std::int64_t*> kept_;   // column of each needed node, or null
    std::vector<IntegerColumn> views_;  // by node: its values on the block
    AlignedVector<std::int64_t> scratch_;
};

} // namespace lat_sr
