#include "table_tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace lat_sr {

namespace {

constexpr std::size_t word_bits = 6; // address bits that a 64-bit word of a function covers

// Which cell may follow.
enum class Cell : std::uint8_t { constant, wire, lut, f7, f8 };

// A function of the lowest `bits` address bits: bit k of the words is its value at address k.
struct Function {
    const std::uint64_t* words;
    std::size_t offset; // bits into the first word, where there is less than a word
    std::size_t bits;

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
        return {words + start / 64, start % 64, fewer};
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
            hash = (hash ^ word(k)) * 0x9e3779b97f4a7c15U;
            hash ^= hash >> 31U;
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

    int lut = 0;

    [[nodiscard]] const std::vector<double>& paths(Function function) { return nodes_[node(function)].paths; }

private:
    using Paths = std::vector<double>;
    struct Node {
        Cell cell;
        Paths paths;
    };

    // The tree of a function; address bits above the highest one that matters halve it.
    std::size_t node(Function function) {
        while (function.bits > 0 && !function.depends_on(function.bits - 1)) {
            function = function.half(false);
        }
        const std::uint64_t hash = function.hash();
        const auto [first, last] = numbers_.equal_range(hash);
        for (auto known = first; known != last; ++known) {
            if (known->second.first == function) {
                return known->second.second;
            }
        }
        Node made = make(function);
        nodes_.push_back(std::move(made));
        numbers_.emplace(hash, std::pair(function, nodes_.size() - 1));
        return nodes_.size() - 1;
    }

    Node make(const Function& function) {
        std::vector<std::size_t> support;
        for (std::size_t bit = 0; bit < function.bits; ++bit) {
            if (function.depends_on(bit)) {
                support.push_back(bit);
            }
        }
        if (support.empty()) {
            return {Cell::constant, Paths(address_bits_, no_path)};
        }
        if (support.size() <= timing_.inputs) {
            if (support.size() == 1 && (function.word(0) & 1U) == 0) {
                return {Cell::wire, wire(support[0])};
            }
            std::vector<Paths> inputs;
            for (const std::size_t bit : support) {
                inputs.push_back(wire(bit));
            }
            return look_up(inputs);
        }
        return branched(function, support);
    }

    // Above the first tables, levels repeat: two multiplexers, and a table that selects one of two or of four.
    Node branched(const Function& function, const std::vector<std::size_t>& support) {
        const std::size_t selects = (support.size() - timing_.inputs) % 4 == 0 ? 2 : 1;
        std::vector<std::size_t> branches;
        for (const bool upper : {false, true}) {
            const Function half = function.half(upper);
            if (selects == 1) {
                branches.push_back(node(half));
                continue;
            }
            const std::size_t lower = support[support.size() - 2];
            branches.push_back(node(half.part(0, lower)));
            branches.push_back(node(half.part(1, lower)));
        }
        const auto all = [&](Cell cell) {
            return std::all_of(branches.begin(), branches.end(), [&](std::size_t k) { return nodes_[k].cell == cell; });
        };
        if (selects == 1 && (all(Cell::lut) || all(Cell::f7))) {
            const bool wide = all(Cell::f7);
            const auto& [zero, one, select] = timing_.mux_ps[wide ? 1 : 0];
            Paths paths(address_bits_, no_path);
            latest(paths, nodes_[branches[0]].paths, zero);
            latest(paths, nodes_[branches[1]].paths, one);
            latest(paths, wire(function.bits - 1), select);
            return {wide ? Cell::f8 : Cell::f7, std::move(paths)};
        }
        std::vector<std::size_t> data;
        for (const std::size_t branch : branches) {
            if (nodes_[branch].cell != Cell::constant && std::find(data.begin(), data.end(), branch) == data.end()) {
                data.push_back(branch);
            }
        }
        std::vector<Paths> inputs;
        for (std::size_t k = support.size() - selects; k < support.size(); ++k) {
            const Paths select = wire(support[k]);
            if (std::none_of(data.begin(), data.end(), [&](std::size_t branch) {
                    return nodes_[branch].cell == Cell::wire && nodes_[branch].paths == select;
                })) {
                inputs.push_back(select);
            }
        }
        for (const std::size_t branch : data) {
            inputs.push_back(nodes_[branch].paths);
        }
        return look_up(inputs);
    }

    // A table; its first input has the slowest pin.
    Node look_up(const std::vector<Paths>& inputs) {
        ++lut;
        const std::vector<double>& pins = timing_.pin_ps[inputs.size() - 1];
        Paths paths(address_bits_, no_path);
        for (std::size_t k = 0; k < inputs.size(); ++k) {
            latest(paths, inputs[k], pins[pins.size() - 1 - k]);
        }
        return {Cell::lut, std::move(paths)};
    }

    [[nodiscard]] Paths wire(std::size_t bit) const {
        Paths paths(address_bits_, no_path);
        paths[bit] = 0.0;
        return paths;
    }

    static void latest(Paths& paths, const Paths& others, double delay) {
        for (std::size_t k = 0; k < paths.size(); ++k) {
            paths[k] = std::max(paths[k], others[k] + delay);
        }
    }

    std::size_t address_bits_;
    const DelayLibrary::LookUpTable& timing_;
    std::vector<Node> nodes_;
    std::unordered_multimap<std::uint64_t, std::pair<Function, std::size_t>> numbers_;
};

std::uint64_t hash_of(const TableContents& contents) {
    // Four independent chains, so that multiplications overlap.
    std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
    const auto mix = [](std::uint64_t& hash, std::int64_t value) {
        hash = (hash ^ static_cast<std::uint64_t>(value)) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 32U;
    };
    const std::size_t size = contents.entries.size();
    for (std::size_t k = 0; k < size; ++k) {
        mix(lanes[k % 4], contents.entries[k]);
    }
    std::uint64_t hash = size;
    for (const std::uint64_t lane : lanes) {
        mix(hash, static_cast<std::int64_t>(lane));
    }
    mix(hash, contents.low);
    mix(hash, static_cast<std::int64_t>(64 * contents.address_bits + contents.data_bits));
    return hash;
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
    for (std::size_t address = 0; address < words.size(); ++address) {
        for (std::size_t bit = 0; bit < data_bits; ++bit) {
            functions[bit * columns + address / 64] |= (words[address] >> bit & 1U) << (address % 64);
        }
    }
    Tree tree(address_bits, library.lut);
    TableTree result{.address_bits = address_bits, .paths = {}, .lut = 0};
    for (std::size_t bit = 0; bit < data_bits; ++bit) {
        const std::vector<double>& paths = tree.paths({functions.data() + bit * columns, 0, address_bits});
        result.paths.insert(result.paths.end(), paths.begin(), paths.end());
    }
    result.lut = tree.lut;
    return result;
}

const TableTree& TableTrees::operator()(const TableContents& contents) {
    const std::uint64_t hash = hash_of(contents);
    const auto [first, last] = known_.equal_range(hash);
    for (auto known = first; known != last; ++known) {
        const Known& table = known->second;
        if (table.low == contents.low && table.address_bits == contents.address_bits &&
            table.data_bits == contents.data_bits && std::ranges::equal(table.entries, contents.entries)) {
            return table.tree;
        }
    }
    if (entries_ > largest_cache) {
        known_.clear();
        entries_ = 0;
    }
    entries_ += contents.entries.size();
    return known_
        .emplace(hash, Known{{contents.entries.begin(), contents.entries.end()},
                             contents.low,
                             contents.address_bits,
                             contents.data_bits,
                             table_tree(words_of(contents), contents.data_bits, library_)})
        ->second.tree;
}

} // namespace lat_sr
