// How bits map to look-up tables and carry chains, and when each bit arrives.
//
// A synthesis tool merges the logic of neighbouring operations into the same look-up tables, overlaps the carry chains
// of adders that follow each other, drops constant and unused bits and adds three operands in one chain. Delays that
// belong to whole operations cannot follow that. Here every bit carries its own arrival time and the signals that its
// look-up table would read, so that the next operation can either read the bit or take its logic over (a
// depth-oriented cut of the logic, as in Cong and Ding, "FlowMap", IEEE TCAD 13, 1994).
#pragma once

#include "base/pool.hpp"
#include "mapping/delay_library.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lat_sr {

// A constant, 0 or 1, or the number of a net.
using Bit = std::uint32_t;
inline constexpr Bit first_net = 2;
[[nodiscard]] constexpr bool is_net(Bit bit) { return bit >= first_net; }

// Bits, lowest first.
using Row = std::span<const Bit>;

// Hardware that is not a single look-up table: a carry chain, a multiplier, a table. Its look-up tables do not count
// those that make the inputs.
struct Block {
    Row inputs;
    int lut = 0;
    int dsp = 0;
    bool counted = false;
};

inline constexpr std::uint32_t no_block = ~std::uint32_t{0};

// How a register could make a choice between a bit and a constant: by its synchronous set or reset input.
struct Reset {
    Bit data = 0; // a constant stands for that choice
    Bit key = 0;  // 0 if there is no such choice
    bool inverted = false;
};

// One bit: a register or port, the output of a block, or the output of a look-up table over `leaves`.
struct Net {
    double arrival = 0.0; // picoseconds from the clock edge
    // When the mapper takes the bit to arrive: with its estimate of wires, and 0 behind tables that the toolchain
    // instantiates. Decides between ways to map, and over pins.
    double weight = 0.0;
    Row leaves;
    std::uint32_t block = no_block;
    Reset reset;
    bool counted = false;
};

struct Summand {
    Row bits;
    bool negated;
};

struct Resources {
    int lut = 0;
    int dsp = 0;
};

class BitMapper {
public:
    static constexpr std::size_t most_inputs = 16;   // of a look-up table
    static constexpr std::size_t largest_block = 64; // of a carry chain

    explicit BitMapper(const DelayLibrary& library);

    void clear();
    // Where a circuit's next operation is mapped.
    void start_operation() { latest_open_end_ = 0.0; }
    // Latest arrival at an unused output of a carry chain of the operation.
    [[nodiscard]] double latest_open_end() const { return latest_open_end_; }

    [[nodiscard]] const DelayLibrary& library() const { return library_; }
    [[nodiscard]] const Net& net(Bit bit) const { return nets_[bit]; }
    [[nodiscard]] std::size_t net_count() const { return nets_.size(); }
    void set_reset(Bit bit, const Reset& reset) { nets_[bit].reset = reset; }
    // Logic reads the bit: registers do not take its choice over then.
    void clear_reset(Bit bit) { nets_[bit].reset = {}; }

    // Picoseconds after which a bit is there, with the set-up time of a register.
    [[nodiscard]] double arrival(Bit bit) const;
    // Picoseconds that a register after a bit needs the clock period to be.
    [[nodiscard]] double at_register(Bit bit) const;
    [[nodiscard]] double latest(Row bits) const;

    [[nodiscard]] std::span<Bit> row(std::size_t size) { return bits_.take(size); }
    [[nodiscard]] std::span<Summand> summands(std::size_t size) { return summands_.take(size); }

    std::uint32_t block(Row first, Row second, int lut, int dsp);
    // A bit that no look-up table makes.
    Bit source(double arrival, std::uint32_t block = no_block) { return make(arrival, arrival, {}, block); }
    // One behind a table that the toolchain instantiates.
    Bit table_output(double arrival, std::uint32_t block) { return make(arrival, 0.0, {}, block); }

    enum class Tables : std::uint8_t {
        single,  // of one look-up table
        wide,    // also those behind fixed multiplexers, which the mapper takes for tables of constants
        relaxed, // with the outputs of other tables on slow pins, as where a carry chain gives the mapper time
    };
    // A function of some bits: one look-up table, with the logic of its operands taken in where that is faster.
    Bit table(Row bits, Tables kind = Tables::single);

    // Sum modulo 2**width of rows of `width` bits.
    Row add(std::span<const Summand> rows, std::size_t width);

    // Look-up tables and multipliers behind nets that registers hold; counts every one once.
    Resources count(std::span<const Bit> held);

private:
    static constexpr std::size_t most_operands = 128; // of a function: every bit of two values
    // The operands that come from look-up tables and may be taken in, the latest first; 16 covers at most.
    static constexpr std::size_t most_merged = 4;

    struct Cover {
        double weight;
        double arrival;
        std::array<Bit, most_inputs> leaves;
        std::size_t size = 0;
    };

    Bit make(double arrival, double weight, Row leaves, std::uint32_t block) {
        nets_.push_back(
            {.arrival = arrival, .weight = weight, .leaves = leaves, .block = block, .reset = {}, .counted = false});
        return static_cast<Bit>(nets_.size() - 1);
    }
    void sort_by_weight(std::span<Bit> nets, bool descending) const;
    void consider(std::span<Bit> leaves, bool relaxed, Cover& best) const;

    void reduce_to_two(std::size_t width);
    std::pair<Bit, Bit> full_adder(const std::array<Bit, 3>& column, Tables kind);
    Row two_rows(Row first, Row second, bool subtract);
    void chain(Row first, Row second, bool subtract, std::span<Bit> sum);

    const DelayLibrary& library_;
    std::vector<std::vector<double>> pins_;
    std::vector<double> penalty_;
    double latest_open_end_ = 0.0;

    std::vector<Net> nets_;
    std::vector<Block> blocks_;
    Pool<Bit> bits_;
    Pool<Summand> summands_;
    // Scratch.
    std::vector<Summand> work_;
    std::vector<Summand> reduced_;
    std::vector<std::span<Bit>> copies_;
    std::vector<double> selects_;
    std::vector<double> datas_;
    std::vector<Bit> pending_;
};

} // namespace lat_sr
