// Pseudo-random numbers: xoshiro256++ (Blackman & Vigna 2019), seeded by SplitMix64.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace lat_sr {

class Random {
public:
    using result_type = std::uint64_t;

    // Streams of one seed are independent for all practical purposes: both pass through SplitMix64.
    explicit Random(std::uint64_t seed, std::uint64_t stream = 0) {
        std::uint64_t state = seed ^ (stream * 0xd1342543de82ef95ULL + 0x2545f4914f6cdd1dULL);
        for (std::uint64_t& word : state_) {
            state += 0x9e3779b97f4a7c15ULL;
            std::uint64_t mixed = state;
            mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
            mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
            word = mixed ^ (mixed >> 31U);
        }
    }

    static constexpr std::uint64_t min() { return 0; }
    static constexpr std::uint64_t max() { return ~std::uint64_t{0}; }

    std::uint64_t operator()() {
        const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17U;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // In [0, 1).
    double uniform() { return static_cast<double>((*this)() >> 11U) * 0x1.0p-53; }

    // In [0, bound); bound > 0. The bias of at most bound / 2^32 does not matter here.
    std::uint32_t below(std::size_t bound) {
        return static_cast<std::uint32_t>((((*this)() >> 32U) * static_cast<std::uint64_t>(bound)) >> 32U);
    }

    bool chance(double probability) { return uniform() < probability; }

    double normal() {
        const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

} // namespace lat_sr
