// Tables of constants as trees of look-up tables and fixed multiplexers: their size, and the delay of every path.
//
// Where a table has more address bits than a look-up table has inputs, the toolchain instantiates the tree itself
// (lat_sr/toolchains/roms.py), so that its paths are known here. Contents matter: a bit that does not depend on an
// address bit has a smaller tree.
#pragma once

#include "base/intern_index.hpp"
#include "mapping/delay_library.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lat_sr {

struct TableTree {
    std::size_t address_bits = 0;
    std::vector<double> paths; // picoseconds from every address bit to every data bit, data bit by data bit
    int lut = 0;

    [[nodiscard]] std::span<const double> to(std::size_t data_bit) const {
        return std::span(paths).subspan(data_bit * address_bits, address_bits);
    }
};

// The tree of a table of 2**n words.
[[nodiscard]] TableTree table_tree(std::span<const std::uint64_t> words, std::size_t data_bits,
                                   const DelayLibrary& library);

// A table as a circuit has it: entries for operands from `low`, in a two's complement format of `address_bits`.
struct TableContents {
    std::span<const std::int64_t> entries;
    std::int64_t low;
    std::size_t address_bits;
    std::size_t data_bits;
};

// Trees that were made before are found by their contents.
class TableTrees {
public:
    explicit TableTrees(const DelayLibrary& library) : library_(library) {}

    // Holds until the next call.
    const TableTree& operator()(const TableContents& contents);

private:
    static constexpr std::size_t largest_cache = std::size_t{1} << 20; // entries

    struct Known {
        std::vector<std::int64_t> entries;
        std::int64_t low;
        std::size_t address_bits;
        std::size_t data_bits;
        TableTree tree;
    };

    const DelayLibrary& library_;
    std::vector<Known> known_;
    InternIndex index_;
    std::size_t entries_ = 0;
};

} // namespace lat_sr
