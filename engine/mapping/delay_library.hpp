// Delays and sizes of the cells that operations are mapped to; their meaning stands in lat_sr/costs/delay_library.py.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <vector>

namespace lat_sr {

// In place of a delay where there is no path: the arrival at its end never is the latest.
inline constexpr double no_path = -std::numeric_limits<double>::infinity();

// Picoseconds.
struct DelayLibrary {
    struct LookUpTable {
        std::vector<std::vector<double>> pin_ps; // entry k: a table of k + 1 inputs, fastest pin first
        std::vector<double> penalty_ps;
        std::size_t inputs = 6;
        std::size_t largest_logic_table = 5;
        std::array<std::array<double, 3>, 2> mux_ps{};
    };
    struct Carry {
        using Paths = std::vector<std::vector<double>>; // from every bit of a block to every bit
        std::size_t shortest = 1;
        Paths select_to_output_ps;
        Paths select_to_carry_ps;
        Paths data_to_output_ps;
        Paths data_to_carry_ps;
        std::vector<double> carry_to_output_ps;
        std::vector<double> carry_to_carry_ps;
        [[nodiscard]] std::size_t block() const { return carry_to_output_ps.size(); }
    };
    struct Multiplier {
        std::size_t wide_bits = 27;
        std::size_t narrow_bits = 18;
        double wide_ps = 0.0;
        double narrow_ps = 0.0;
        std::size_t smallest_product = 0;
        std::vector<double> soft_ps;
        std::vector<int> soft_lut;
    };
    struct FlipFlop {
        double clock_to_output_ps = 0.0;
        double setup_ps = 0.0;
        double reset_setup_ps = 0.0;
    };

    LookUpTable lut;
    Carry carry;
    Multiplier multiplier;
    FlipFlop flipflop;
};

} // namespace lat_sr
