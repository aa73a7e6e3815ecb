// A stand-in for the vendor's header: its templates' signatures, with values from the C library.
#ifndef HLS_MATH_STAND_IN_H
#define HLS_MATH_STAND_IN_H

#include "ap_fixed.h"
#include <cmath>

namespace hls {

#define FUNCTION(name, value)                                                                                          \
    template <int W, int I> ap_fixed<W, I> name(ap_fixed<W, I> x_) {                                                   \
        const double x = x_.to_double();                                                                               \
        return ap_fixed<W, I>(value);                                                                                  \
    }

FUNCTION(sqrt, std::sqrt(x))
FUNCTION(exp, std::exp(x))
FUNCTION(log, std::log(x))
FUNCTION(log2, std::log2(x))
FUNCTION(log10, std::log10(x))
FUNCTION(log1p, std::log1p(x))
FUNCTION(sin, std::sin(x))
FUNCTION(cos, std::cos(x))
FUNCTION(tan, std::tan(x))
FUNCTION(asin, std::asin(x))
FUNCTION(acos, std::acos(x))
FUNCTION(atan, std::atan(x))
FUNCTION(sinh, std::sinh(x))
FUNCTION(cosh, std::cosh(x))
FUNCTION(tanh, std::tanh(x))
FUNCTION(asinh, std::asinh(x))
FUNCTION(acosh, std::acosh(x))
FUNCTION(atanh, std::atanh(x))
FUNCTION(recip, 1.0 / x)

template <int W, int I> ap_fixed<W, I> atan2(ap_fixed<W, I> y, ap_fixed<W, I> x) {
    return ap_fixed<W, I>(std::atan2(y.to_double(), x.to_double()));
}

} // namespace hls

#endif
