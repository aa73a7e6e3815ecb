#include "float_functions.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace lat_sr {

namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double where(bool inside, double value) { return inside ? value : undefined; }

double power(double base, double exponent) {
    if (exponent == 2.0) {
        return base * base;
    }
    return base == 0.0 && exponent < 0.0 ? undefined : std::pow(base, exponent);
}

double smaller(double a, double b) { return a < b || std::isnan(a) ? a : b; }
double larger(double a, double b) { return a > b || std::isnan(a) ? a : b; }

constexpr std::size_t first_unary = index_of(Op::negate);

// In the order of Op, from Op::negate on.
constexpr std::array<FloatFunction, operation_count - first_unary> functions{
    +[](double x) { return -x; },             // neg
    +[](double x) { return std::fabs(x); },   // abs
    +[](double x) { return x * x; },          // square
    +[](double x) { return x * x * x; },      // cube
    nullptr,                                  // pow has an exponent
    +[](double x) { return larger(x, 0.0); }, // relu
    +[](double x) { return x > 0.0   ? 1.0
                           : x < 0.0 ? -1.0
                                     : x; }, // sign
    +[](double x) { return std::floor(x); },
    +[](double x) { return std::ceil(x); },
    +[](double x) { return where(x != 0.0, 1.0 / x); }, // inv
    +[](double x) { return where(x >= 0.0, std::sqrt(x)); },
    +[](double x) { return std::sqrt(std::fabs(x)); }, // sqrt_abs
    +[](double x) { return std::exp(x); },
    +[](double x) { return where(x > 0.0, std::log(x)); },
    +[](double x) { return where(x != 0.0, std::log(std::fabs(x))); }, // log_abs
    +[](double x) { return where(x > 0.0, std::log2(x)); },
    +[](double x) { return where(x > 0.0, std::log10(x)); },
    +[](double x) { return where(x > -1.0, std::log1p(x)); },
    +[](double x) { return std::sin(x); },
    +[](double x) { return std::cos(x); },
    +[](double x) { return std::tan(x); },
    +[](double x) { return where(x >= -1.0 && x <= 1.0, std::asin(x)); },
    +[](double x) { return where(x >= -1.0 && x <= 1.0, std::acos(x)); },
    +[](double x) { return std::atan(x); },
    +[](double x) { return std::sinh(x); },
    +[](double x) { return std::cosh(x); },
    +[](double x) { return std::tanh(x); },
    +[](double x) { return std::asinh(x); },
    +[](double x) { return where(x >= 1.0, std::acosh(x)); },
    +[](double x) { return where(x > -1.0 && x < 1.0, std::atanh(x)); },
    +[](double x) { return std::exp(-(x * x)); }, // gauss
};

template <class Function>
void map(const double* a, const double* b, double* out, std::size_t count, Function function) {
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = function(a[i], b[i]);
    }
}

} // namespace

FloatFunction float_function(Op op) { return functions[index_of(op) - first_unary]; }

void apply_float(Op op, double exponent, const double* a, const double* b, double* out, std::size_t count) {
    switch (op) {
    case Op::add:
        map(a, b, out, count, [](double x, double y) { return x + y; });
        break;
    case Op::subtract:
        map(a, b, out, count, [](double x, double y) { return x - y; });
        break;
    case Op::multiply:
        map(a, b, out, count, [](double x, double y) { return x * y; });
        break;
    case Op::divide:
        map(a, b, out, count, [](double x, double y) { return where(y != 0.0, x / y); });
        break;
    case Op::minimum:
        map(a, b, out, count, smaller);
        break;
    case Op::maximum:
        map(a, b, out, count, larger);
        break;
    case Op::power:
        map(a, a, out, count, [exponent](double x, double) { return power(x, exponent); });
        break;
    default: {
        const FloatFunction function = float_function(op);
        for (std::size_t i = 0; i < count; ++i) {
            out[i] = function(a[i]);
        }
    }
    }
}

} // namespace lat_sr
