#include "mapping/table_tree.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace lat_sr {

namespace {

constexpr std::size_t word_bits = 6; // address bits that a 64-bit word of a function covers
constexpr std::size_t most_address_bits = 32;

// Which cell may follow.
enum class Cell : std::uint8_t { constant, wire, lut, f7, f8 };

// A function of the lowest `bits` address bits: bit k of the words is its value at address k.
struct Function {
    const std::uint64_t* words;
    std::size_t offset; // bits into the first word, where there is less than a word
    std::size_t bits;

    // NOLINTNEXTLINE(clang-analyzer-core.BitwiseShift): only where there are more bits
    [[nodiscard]] std::size_t size() const { return bits > word_bits ? std::size_t{1} << (bits - word_bits) : 1; }
    [[nodiscard]] std::uint64_t word(std::size_t k) const {
        if (bits >= word_bits) {
            return words[k];
        }
        return (words[0] >> offset) & ((std::uint64_t{1} << (std::size_t{1} << bits)) - 1);
    }
    // Values where the highest address bit is 0, or 1.
    [[nodiscard]] Function half(bool upper) const { return part(upper ? 1 : 0, bits - 1); }
    // Part number k of those in which only the lowest `fewer` address bits change.
    [[nodiscard]] Function part(std::size_t k, std::size_t fewer) const {
        const std::size_t start = offset + (k << fewer);
        return {.words = words + start / 64, .offset = start % 64, .bits = fewer};
    }
    [[nodiscard]] bool depends_on(std::size_t bit) const {
        // Those of 64 addresses whose given bit is 0.
        static constexpr std::array<std::uint64_t, word_bits> even{0x5555555555555555U, 0x3333333333333333U,
                                                                   0x0f0f0f0f0f0f0f0fU, 0x00ff00ff00ff00ffU,
                                                                   0x0000ffff0000ffffU, 0x00000000ffffffffU};
        const std::size_t count = size();
        if (bit < word_bits) {
            for (std::size_t k = 0; k < count; ++k) {
                if (((word(k) ^ (word(k) >> (std::size_t{1} << bit))) & even[bit] & used()) != 0) {
                    return true;
                }
            }
            return false;
        }
        const std::size_t stride = std::size_t{1} << (bit - word_bits);
        for (std::size_t k = 0; k < count; ++k) {
            if ((k & stride) == 0 && words[k] != words[k + stride]) {
                return true;
            }
        }
        return false;
    }
    [[nodiscard]] std::uint64_t hash() const {
        std::uint64_t hash = bits;
        for (std::size_t k = 0; k < size(); ++k) {
            hash = mix_hash(hash, word(k));
        }
        return hash;
    }
    bool operator==(const Function& other) const {
        if (bits != other.bits) {
            return false;
        }
        for (std::size_t k = 0; k < size(); ++k) {
            if (word(k) != other.word(k)) {
                return false;
            }
        }
        return true;
    }

private:
    [[nodiscard]] std::uint64_t used() const {
        return bits >= word_bits ? ~std::uint64_t{0} : (std::uint64_t{1} << (std::size_t{1} << bits)) - 1;
    }
};

class Tree {
public:
    Tree(std::size_t address_bits, const DelayLibrary::LookUpTable& timing)
        : address_bits_(address_bits), timing_(timing) {}

    [[nodiscard]] std::span<const double> paths(const Function& function) { return paths_of(node(function)); }
    [[nodiscard]] int lut() const { return lut_; }

private:
    struct Node {
        Function function;
        Cell cell;
        std::uint8_t wire; // address bit, of a wire
    };
    // What a look-up table reads: an address bit or another node.
    struct Input {
        bool is_wire;
        std::size_t number;
    };

    [[nodiscard]] std::span<double> paths_of(std::size_t node) {
        return std::span(paths_).subspan(node * address_bits_, address_bits_);
    }

    // The tree of a function; address bits above the highest one that matters halve it.
    std::size_t node(Function function) {
        while (function.bits > 0 && !function.depends_on(function.bits - 1)) {
            function = function.half(false);
        }
        const std::uint64_t hash = function.hash();
        if (const auto known = index_.find(hash, [&](auto number) { return nodes_[number].function == function; })) {
            return *known;
        }
        return make(function, hash);
    }

    std::size_t append(const Function& function, std::uint64_t hash, Cell cell) {
        index_.insert(hash, static_cast<InternIndex::Number>(nodes_.size()));
        nodes_.push_back({.function = function, .cell = cell, .wire = 0});
        paths_.resize(paths_.size() + address_bits_, no_path);
        return nodes_.size() - 1;
    }

    std::size_t make(const Function& function, std::uint64_t hash) {
        std::array<Input, most_address_bits> support; // NOLINT: filled as far as it is used
        std::size_t size = 0;
        for (std::size_t bit = 0; bit < function.bits; ++bit) {
            if (function.depends_on(bit)) {
                support[size++] = {.is_wire = true, .number = bit};
            }
        }
        if (size > timing_.inputs) {
            return branched(function, hash, std::span(support).first(size));
        }
        if (size == 0) {
            return append(function, hash, Cell::constant);
        }
        if (size == 1 && (function.word(0) & 1U) == 0) {
            const std::size_t made = append(function, hash, Cell::wire);
            nodes_[made].wire = static_cast<std::uint8_t>(support[0].number);
            paths_of(made)[support[0].number] = 0.0;
            return made;
        }
        return look_up(function, hash, std::span(support).first(size));
    }

    // Above the first tables, levels repeat: two multiplexers, and a table that selects one of two or of four.
    std::size_t branched(const Function& function, std::uint64_t hash, std::span<const Input> support) {
        const std::size_t selects = (support.size() - timing_.inputs) % 4 == 0 ? 2 : 1;
        std::array<std::size_t, 4> branches{};
        std::size_t count = 0;
        for (const bool upper : {false, true}) {
            const Function half = function.half(upper);
            if (selects == 1) {
                branches[count++] = node(half);
                continue;
            }
            const std::size_t lower = support[support.size() - 2].number;
            branches[count++] = node(half.part(0, lower));
            branches[count++] = node(half.part(1, lower));
        }
        const auto all = [&](Cell cell) {
            return std::all_of(branches.begin(), branches.begin() + count,
                               [&](std::size_t branch) { return nodes_[branch].cell == cell; });
        };
        if (selects == 1 && (all(Cell::lut) || all(Cell::f7))) {
            const bool wide = all(Cell::f7);
            const auto& [zero, one, select] = timing_.mux_ps[wide ? 1 : 0];
            const std::size_t made = append(function, hash, wide ? Cell::f8 : Cell::f7);
            arrive(made, {.is_wire = false, .number = branches[0]}, zero);
            arrive(made, {.is_wire = false, .number = branches[1]}, one);
            arrive(made, support.back(), select);
            return made;
        }
        std::array<Input, 6> inputs; // NOLINT: filled as far as it is used
        std::size_t read = 0;
        for (const Input& select : support.last(selects)) {
            const bool is_branch = std::any_of(branches.begin(), branches.begin() + count, [&](std::size_t branch) {
                return nodes_[branch].cell == Cell::wire && nodes_[branch].wire == select.number;
            });
            if (!is_branch) {
                inputs[read++] = select;
            }
        }
        for (auto branch = branches.begin(); branch != branches.begin() + count; ++branch) {
            if (nodes_[*branch].cell != Cell::constant && std::find(branches.begin(), branch, *branch) == branch) {
                inputs[read++] = {.is_wire = false, .number = *branch};
            }
        }
        return look_up(function, hash, std::span(inputs).first(read));
    }

    // A table; its first input has the slowest pin.
    std::size_t look_up(const Function& function, std::uint64_t hash, std::span<const Input> inputs) {
        ++lut_;
        const std::vector<double>& pins = timing_.pin_ps[inputs.size() - 1];
        const std::size_t made = append(function, hash, Cell::lut);
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            arrive(made, inputs[k], pins[pins.size() - 1 - k]);
        }
        return made;
    }

    void arrive(std::size_t node, const Input& input, double delay) {
        const std::span<double> paths = paths_of(node);
        if (input.is_wire) {
            paths[input.number] = std::max(paths[input.number], delay);
            return;
        }
        const std::span<const double> others = paths_of(input.number);
        for (std::size_t k = 0; k < paths.size(); ++k) {
            paths[k] = std::max(paths[k], others[k] + delay);
        }
    }

    std::size_t address_bits_;
    const DelayLibrary::LookUpTable& timing_;
    int lut_ = 0;
    std::vector<Node> nodes_;
    std::vector<double> paths_; // node by node
    InternIndex index_;         // of the nodes
};

// Rows become columns (H. S. Warren, "Hacker's Delight", section 7-3): bit k of result j is bit j of word k.
void transpose(std::array<std::uint64_t, 64>& words) {
    std::uint64_t mask = 0x00000000ffffffffU;
    for (std::size_t width = 32; width != 0; width /= 2, mask ^= mask << width) {
        for (std::size_t k = 0; k < 64; k = (k + width + 1) & ~width) {
            const std::uint64_t swapped = ((words[k] >> width) ^ words[k + width]) & mask;
            words[k] ^= swapped << width;
            words[k + width] ^= swapped;
        }
    }
}

std::uint64_t hash_of(const TableContents& contents) {
    // Four independent chains, so that multiplications overlap.
    std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
    const std::size_t size = contents.entries.size();
    for (std::size_t k = 0; k < size; ++k) {
        lanes[k % 4] = mix_hash(lanes[k % 4], static_cast<std::uint64_t>(contents.entries[k]));
    }
    std::uint64_t hash = size;
    for (const std::uint64_t lane : lanes) {
        hash = mix_hash(hash, lane);
    }
    hash = mix_hash(hash, static_cast<std::uint64_t>(contents.low));
    return mix_hash(hash, 64 * contents.address_bits + contents.data_bits);
}

// Contents for every address; those that never occur take a neighbour's, as the toolchain fills them.
std::vector<std::uint64_t> words_of(const TableContents& contents) {
    const std::size_t size = std::size_t{1} << contents.address_bits;
    const auto last = contents.low + static_cast<std::int64_t>(contents.entries.size()) - 1;
    std::vector<std::uint64_t> words(size);
    std::size_t known = contents.low >= 0 ? 0 : last >= 0 ? static_cast<std::size_t>(-contents.low) : 0;
    for (std::size_t address = 0; address < size; ++address) {
        auto value = static_cast<std::int64_t>(address);
        if (contents.low < 0 && address >= size / 2) {
            value -= static_cast<std::int64_t>(size);
        }
        if (contents.low <= value && value <= last) {
            known = static_cast<std::size_t>(value - contents.low);
        }
        words[address] = static_cast<std::uint64_t>(contents.entries[known]);
    }
    return words;
}

} // namespace

TableTree table_tree(std::span<const std::uint64_t> words, std::size_t data_bits, const DelayLibrary& library) {
    const auto address_bits = static_cast<std::size_t>(std::bit_width(words.size()) - 1);
    const std::size_t columns = (words.size() + 63) / 64;
    std::vector<std::uint64_t> functions(data_bits * columns);
    for (std::size_t column = 0; column < columns; ++column) {
        const auto part = words.subspan(64 * column, std::min<std::size_t>(64, words.size()));
        std::array<std::uint64_t, 64> square{};
        std::ranges::copy(part, square.begin());
        transpose(square);
        for (std::size_t bit = 0; bit < data_bits; ++bit) {
            functions[bit * columns + column] = square[bit];
        }
    }
    Tree tree(address_bits, library.lut);
    TableTree result{.address_bits = address_bits};
    for (std::size_t bit = 0; bit < data_bits; ++bit) {
        const std::span<const double> paths =
            tree.paths({.words = functions.data() + bit * columns, .offset = 0, .bits = address_bits});
        result.paths.insert(result.paths.end(), paths.begin(), paths.end());
    }
    result.lut = tree.lut();
    return result;
}

const TableTree& TableTrees::operator()(const TableContents& contents) {
    const std::uint64_t hash = hash_of(contents);
    const auto found = index_.find(hash, [&](auto number) {
        const Known& table = known_[number];
        return table.low == contents.low && table.address_bits == contents.address_bits &&
               table.data_bits == contents.data_bits && std::ranges::equal(table.entries, contents.entries);
    });
    if (found) {
        return known_[*found].tree;
    }
    if (entries_ > largest_cache) {
        known_.clear();
        index_.clear();
        entries_ = 0;
    }
    entries_ += contents.entries.size();
    index_.insert(hash, static_cast<InternIndex::Number>(known_.size()));
    known_.push_back({.entries = {contents.entries.begin(), contents.entries.end()},
                      .low = contents.low,
                      .address_bits = contents.address_bits,
                      .data_bits = contents.data_bits,
                      .tree = table_tree(words_of(contents), contents.data_bits, library_)});
    return known_.back().tree;
}

} // namespace lat_sr
