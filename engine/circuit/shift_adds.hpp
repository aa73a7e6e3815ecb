// Multiplication by a constant as additions of shifted terms.
#pragma once

#include <cstdint>
#include <vector>

namespace lat_sr {

// Term k + 1 is term[first] +- term[second] * 2**shift; term 0 is the operand.
struct ShiftAdd {
    std::uint32_t first;
    std::uint32_t second;
    int shift;
    bool subtract;
};

// Additions that multiply by an odd positive integer, in the fewest levels, then in few adders: the last term is the
// product up to its sign and a power of two. Numbers that need up to three levels (at most eight signed digits) get
// the fewest adders there are where four are enough.
[[nodiscard]] std::vector<ShiftAdd> shift_adds(std::uint64_t value);

} // namespace lat_sr
