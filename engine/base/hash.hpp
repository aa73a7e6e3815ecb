// Hashes of values with several parts.
#pragma once

#include <cstdint>

namespace lat_sr {

// The seed with one more part in it.
constexpr std::uint64_t mix_hash(std::uint64_t seed, std::uint64_t value) {
    std::uint64_t mixed = seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6U) + (seed >> 2U));
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    return mixed ^ (mixed >> 27U);
}

} // namespace lat_sr
