// Loops over rows of integers, one per kind of datapath node, compiled once for each instruction set and chosen at run
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lat_sr {

// The values of a node on all rows, or one value for every row.
struct IntegerColumn {
    const std::int64_t* values = nullptr; // null for a constant
    std::int64_t constant = 0;
};

// value * 2**left
struct Aligned {
    IntegerColumn column{};
    int left = 0;
};

// How a cast works on integers of at most 53 bits: (value + addend) >> right, then into the range.
struct CastSteps {
    std::int64_t addend = 0;
    int right = 0;
    int left = 0;
    int unused = 0; // 64 - width
    bool is_signed = true;
    std::int64_t low = 0;
    std::int64_t high = 0;
};

// No output overlaps an input unless it is the same array. Of two columns at most one is a constant.
struct IntegerKernels {
    using AlignedPair = void (*)(Aligned a, Aligned b, std::int64_t* out, std::size_t rows);
    using Product = void (*)(const std::int64_t* a, const std::int64_t* b, std::int64_t* out, std::size_t rows);
    using Scale = void (*)(const std::int64_t* a, std::int64_t factor, std::int64_t* out, std::size_t rows);
    using Unary = void (*)(const std::int64_t* a, std::int64_t* out, std::size_t rows);
    using Cast = void (*)(const std::int64_t* a, const CastSteps& steps, std::int64_t* out, std::size_t rows);

    AlignedPair add;
    AlignedPair subtract;
    AlignedPair minimum;
    AlignedPair maximum;
    // a where condition < 0, else b; both may be constants.
    void (*select)(const std::int64_t* condition, Aligned a, Aligned b, std::int64_t* out, std::size_t rows);
    Product multiply;
    Product multiply_narrow; // both of at most 32 bits with sign
    Scale scale;
    Scale scale_narrow; // both of at most 32 bits with sign
    Unary negate;
    Unary absolute;
    Cast cast_inside; // no value leaves the range
    Cast cast_wrap;
    Cast cast_saturate;
    // entries[a - low]
    void (*lookup)(const std::int64_t* a, std::int64_t low, const std::int64_t* entries, std::int64_t* out,
                   std::size_t rows);
    void (*range)(const std::int64_t* a, std::size_t rows, std::int64_t& low, std::int64_t& high);
};

// The best for this processor.
const IntegerKernels& integer_kernels();

} // namespace lat_sr
