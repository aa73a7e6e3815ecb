// One instruction set's kernels, compiled for each with LAT_SR_INSTRUCTION_SET as its name. Everything is in a
// namespace of that name, so that the linker never mixes code of two instruction sets.
#include "kernels/kernels.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <type_traits>

#ifndef LAT_SR_INSTRUCTION_SET
#define LAT_SR_INSTRUCTION_SET baseline
#endif

namespace lat_sr::LAT_SR_INSTRUCTION_SET {

namespace {

#include "kernels/vector_math.inc"

template <Op op, class T> inline T apply(T a, [[maybe_unused]] T b = {}) {
#define LAT_SR_OPERATOR(code, name, arity, table, commutative, domain, value, slope, right_slope)                      \
    if constexpr (op == Op::code) {                                                                                    \
        return value;                                                                                                  \
    }
#include "tree/operators.inc"
}

// Derivative of the result `f` by the operand, or by the left one.
template <Op op, class T> inline T slope_of([[maybe_unused]] T a, [[maybe_unused]] T b, [[maybe_unused]] T f) {
    [[maybe_unused]] constexpr T one = 1;
#define LAT_SR_OPERATOR(code, name, arity, table, commutative, domain, value, slope, right_slope)                      \
    if constexpr (op == Op::code) {                                                                                    \
        return slope;                                                                                                  \
    }
#include "tree/operators.inc"
}

template <Op op, class T> inline T right_slope_of([[maybe_unused]] T a, [[maybe_unused]] T b, [[maybe_unused]] T f) {
    [[maybe_unused]] constexpr T one = 1;
#define LAT_SR_OPERATOR(code, name, arity, table, commutative, domain, value, slope, right_slope)                      \
    if constexpr (op == Op::code) {                                                                                    \
        return right_slope;                                                                                            \
    }
#include "tree/operators.inc"
}

// Reductions run in `lanes` parts, which vectorise without changing the order of any addition.
inline constexpr std::size_t lanes = 32;

// Without the sign, bit patterns of floating-point numbers order as the numbers do, and infinity and what is not a
// number come last: an integer maximum is all that is needed.
template <class T> T largest(const T* __restrict a, std::size_t rows) {
    using Bits = std::conditional_t<sizeof(T) == sizeof(std::int32_t), std::int32_t, std::int64_t>;
    Bits result[lanes] = {};
    const auto include = [&](std::size_t i, std::size_t lane) {
        const Bits bits = std::bit_cast<Bits>(std::fabs(a[i]));
        result[lane] = bits > result[lane] ? bits : result[lane];
    };
    std::size_t i = 0;
    for (; i + lanes <= rows; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            include(i + lane, lane);
        }
    }
    for (std::size_t lane = 0; i + lane < rows; ++lane) {
        include(i + lane, lane);
    }
    Bits maximum = 0;
    for (const Bits bits : result) {
        maximum = larger(maximum, bits);
    }
    const T value = std::bit_cast<T>(maximum);
    return std::isnan(value) ? std::numeric_limits<T>::infinity() : value;
}

template <Op op, class T>
inline constexpr bool limited_angle = sizeof(T) == sizeof(float) && (op == Op::sin || op == Op::cos || op == Op::tan);

// Calls `row` for every row, and afterwards `exact` for those whose angle the vector functions do not take; in most
// blocks there is none.
template <Op op, class T, class Row, class Exact>
inline void for_angles(const T* __restrict a, std::size_t rows, Row row, Exact exact) {
    if constexpr (limited_angle<op, T>) {
        std::int32_t magnitude = 0; // as in `largest`
        for (std::size_t i = 0; i < rows; ++i) {
            row(i);
            magnitude = larger(magnitude, as_bits(std::fabs(a[i])));
        }
        if (magnitude > as_bits(largest_angle)) {
            for (std::size_t i = 0; i < rows; ++i) {
                if (!(std::fabs(a[i]) <= largest_angle)) {
                    exact(i);
                }
            }
        }
    } else {
        for (std::size_t i = 0; i < rows; ++i) {
            row(i);
        }
    }
}

template <Op op, class T> void unary(const T* __restrict a, T* __restrict out, std::size_t rows, int /*exponent*/) {
    for_angles<op>(
        a, rows, [=](std::size_t i) { out[i] = apply<op>(a[i]); },
        [=](std::size_t i) { out[i] = static_cast<T>(apply<op>(double{a[i]})); });
}

template <Op op, class T>
void unary_gradient(const T* __restrict a, const T* __restrict out, const T* __restrict g, T* __restrict d,
                    std::size_t rows, int /*exponent*/) {
    for_angles<op>(
        a, rows, [=](std::size_t i) { d[i] = g[i] * slope_of<op>(a[i], T{}, out[i]); },
        [=](std::size_t i) { d[i] = g[i] * static_cast<T>(slope_of<op>(double{a[i]}, 0.0, double{out[i]})); });
}

template <class T> void power(const T* __restrict a, T* __restrict out, std::size_t rows, int exponent) {
    for (std::size_t i = 0; i < rows; ++i) {
        out[i] = 1;
    }
    for (int factor = exponent < 0 ? -exponent : exponent; factor > 0; --factor) {
        for (std::size_t i = 0; i < rows; ++i) {
            out[i] *= a[i];
        }
    }
    if (exponent < 0) {
        for (std::size_t i = 0; i < rows; ++i) {
            out[i] = T{1} / out[i];
        }
    }
}

template <class T>
void power_gradient(const T* __restrict a, const T* __restrict /*out*/, const T* __restrict g, T* __restrict d,
                    std::size_t rows, int exponent) {
    power(a, d, rows, exponent - 1);
    const T factor = static_cast<T>(exponent);
    for (std::size_t i = 0; i < rows; ++i) {
        d[i] = exponent == 0 ? T{0} : d[i] * factor * g[i];
    }
}

template <Op op, class T>
void binary(const T* __restrict a, const T* __restrict b, T* __restrict out, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        out[i] = apply<op>(a[i], b[i]);
    }
}

template <Op op, class T> void binary_right(const T* __restrict a, T b, T* __restrict out, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        out[i] = apply<op>(a[i], b);
    }
}

template <Op op, class T> void binary_left(T a, const T* __restrict b, T* __restrict out, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        out[i] = apply<op>(a, b[i]);
    }
}

template <Op op, class T>
void left_gradient(const T* __restrict a, const T* __restrict b, const T* __restrict out, const T* __restrict g,
                   T* __restrict d, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        d[i] = g[i] * slope_of<op>(a[i], b[i], out[i]);
    }
}

template <Op op, class T>
void right_gradient(const T* __restrict a, const T* __restrict b, const T* __restrict out, const T* __restrict g,
                    T* __restrict d, std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
        d[i] = g[i] * right_slope_of<op>(a[i], b[i], out[i]);
    }
}

template <class T> inline double total(const T (&sums)[lanes]) {
    double result = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        result += static_cast<double>(sums[lane]);
    }
    return result;
}

template <class T, class Term> inline double sum(std::size_t rows, Term term) {
    T sums[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= rows; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            sums[lane] += term(i + lane);
        }
    }
    for (std::size_t lane = 0; i + lane < rows; ++lane) {
        sums[lane] += term(i + lane);
    }
    return total(sums);
}

template <class T> double dot(const T* __restrict a, const T* __restrict b, std::size_t rows) {
    return sum<T>(rows, [=](std::size_t i) { return a[i] * b[i]; });
}

#include "kernels/loss_kernels.inc"

// A tile of products stays in registers, so that every loaded value serves several of them.
#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
inline constexpr std::size_t tile = 4;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
inline constexpr std::size_t tile = 2;
#else
inline constexpr std::size_t vector_bytes = 16;
inline constexpr std::size_t tile = 2;
#endif

template <class T> struct Vectors {
    typedef T Vector __attribute__((vector_size(vector_bytes))); // NOLINT(modernize-use-using): takes no attribute

    static Vector load(const T* values) {
        Vector result;
        std::memcpy(&result, values, sizeof(Vector));
        return result;
    }
};

// The products of `tile` columns from `first` with those from `second`; columns past the end repeat the last one.
template <class T>
void gram_tile(const T* const* columns, std::size_t count, std::size_t first, std::size_t second,
               const T* __restrict weights, std::size_t rows, double* __restrict out) {
    using Vector = typename Vectors<T>::Vector;
    constexpr std::size_t width = vector_bytes / sizeof(T);
    const T* a[tile];
    const T* b[tile];
    for (std::size_t k = 0; k < tile; ++k) {
        a[k] = columns[smaller(first + k, count - 1)];
        b[k] = columns[smaller(second + k, count - 1)];
    }
    Vector sums[tile][tile] = {};
    std::size_t row = 0;
    for (; row + width <= rows; row += width) {
        const Vector weight = Vectors<T>::load(weights + row);
        Vector right[tile];
        for (std::size_t k = 0; k < tile; ++k) {
            right[k] = Vectors<T>::load(b[k] + row);
        }
        for (std::size_t j = 0; j < tile; ++j) {
            const Vector left = Vectors<T>::load(a[j] + row) * weight;
            for (std::size_t k = 0; k < tile; ++k) {
                sums[j][k] += left * right[k];
            }
        }
    }
    for (std::size_t j = 0; j < tile && first + j < count; ++j) {
        for (std::size_t k = 0; k < tile && second + k <= first + j; ++k) {
            double sum = 0;
            for (std::size_t lane = 0; lane < width; ++lane) {
                sum += static_cast<double>(sums[j][k][lane]);
            }
            for (std::size_t i = row; i < rows; ++i) {
                sum += static_cast<double>(weights[i] * a[j][i] * b[k][i]);
            }
            out[(first + j) * count + second + k] += sum;
        }
    }
}

template <class T>
void gram(const T* const* columns, std::size_t count, const T* weights, std::size_t rows, double* out) {
    for (std::size_t first = 0; first < count; first += tile) {
        for (std::size_t second = 0; second <= first; second += tile) {
            gram_tile(columns, count, first, second, weights, rows, out);
        }
    }
}

template <class T, std::size_t i = index_of(Op::add)> constexpr void add_operators(Kernels<T>& table) {
    constexpr Op op = static_cast<Op>(i);
    if constexpr (operation(op).arity == 2) {
        table.binary[i] = binary<op, T>;
        table.binary_right[i] = binary_right<op, T>;
        table.binary_left[i] = binary_left<op, T>;
        table.left_gradient[i] = left_gradient<op, T>;
        table.right_gradient[i] = right_gradient<op, T>;
    } else if constexpr (op == Op::power) {
        table.unary[i] = power<T>;
        table.unary_gradient[i] = power_gradient<T>;
    } else {
        table.unary[i] = unary<op, T>;
        table.unary_gradient[i] = unary_gradient<op, T>;
    }
    if constexpr (i + 1 < operation_count) {
        add_operators<T, i + 1>(table);
    }
}

template <class T, std::size_t i = 0> constexpr void add_losses(Kernels<T>& table) {
    constexpr auto kind = static_cast<LossKind>(i);
    if constexpr (kind == LossKind::cross_entropy) {
        table.loss[i] = cross_entropy<T>;
        table.loss_gradient[i] = cross_entropy_gradient<T>;
    } else {
        table.loss[i] = loss<kind, T>;
        table.loss_gradient[i] = loss_gradient<kind, T>;
    }
    if constexpr (i + 1 < loss_count) {
        add_losses<T, i + 1>(table);
    }
}

template <class T> constexpr Kernels<T> make_kernels() {
    Kernels<T> table;
    add_operators(table);
    add_losses(table);
    table.largest = largest<T>;
    table.dot = dot<T>;
    table.gram = gram<T>;
    return table;
}

} // namespace

// NOLINTBEGIN(bugprone-throwing-static-initialization): constinit, nothing runs
extern constinit const Kernels<float> kernels_float = make_kernels<float>();
extern constinit const Kernels<double> kernels_double = make_kernels<double>();
// NOLINTEND(bugprone-throwing-static-initialization)

} // namespace lat_sr::LAT_SR_INSTRUCTION_SET
