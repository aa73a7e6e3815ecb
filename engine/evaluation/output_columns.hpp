// What the outputs of several formulas are on the rows that judge offspring: variation changes one output of several,
// and those of the others are known from its parents.
#pragma once

#include "base/aligned.hpp"
#include "evaluation/data.hpp"
#include "tree/tree.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

// A direct-mapped memory for each output, so that those of one formula never displace each other.
template <class T> class OutputColumns {
public:
    struct Column {
        T* values = nullptr;
        std::uint64_t hash = 0;
        bool known = false;
        bool finite = false; // and within the limits
    };

    explicit OutputColumns(std::size_t outputs) : outputs_(outputs) {}

    // Keeps columns of these rows from now on, and forgets those of others. Too many rows are left to be evaluated.
    void remember(RowRange range) {
        if (range.size() > most_rows) {
            range = {};
        }
        if (range.begin == range_.begin && range.end == range_.end) {
            return;
        }
        range_ = range;
        columns_.assign(outputs_ * slots, {});
        values_.resize(columns_.size() * range.size());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            columns_[i].values = values_.data() + i * range.size();
        }
    }

    [[nodiscard]] bool covers(RowRange range) const {
        return range_.end > 0 && range.begin == range_.begin && range.end == range_.end;
    }

    // The column of an output's formula; not known if the values are still to be filled in.
    Column& of(std::size_t output, std::span<const Node> formula) {
        std::uint64_t hash = 0;
        for (const Node& node : formula) {
            hash =
                mix_hash(mix_hash(hash, index_of(node.op)), std::bit_cast<std::uint64_t>(node.value) + node.variable);
        }
        Column& column = columns_[output * slots + hash % slots];
        column.known = column.known && column.hash == hash;
        column.hash = hash;
        return column;
    }

private:
    static constexpr std::size_t slots = 256;
    static constexpr std::size_t most_rows = 4096; // 4 MiB an output in single precision

    std::size_t outputs_;
    RowRange range_;
    std::vector<Column> columns_;
    AlignedVector<T> values_;
};

} // namespace lat_sr
