#include "kernels/fused_kernels.hpp"

#include "kernels/kernels.hpp"

#include <string_view>
#include <type_traits>

namespace lat_sr {

#define LAT_SR_DECLARE_KERNELS(set)                                                                                    \
    namespace set {                                                                                                    \
    extern constinit const FusedKernels<float> fused_kernels_float;                                                    \
    extern constinit const FusedKernels<double> fused_kernels_double;                                                  \
    namespace {                                                                                                        \
    template <class T> const FusedKernels<T>& fused_kernels_of() {                                                     \
        if constexpr (std::is_same_v<T, float>) {                                                                      \
            return fused_kernels_float;                                                                                \
        } else {                                                                                                       \
            return fused_kernels_double;                                                                               \
        }                                                                                                              \
    }                                                                                                                  \
    }                                                                                                                  \
    }
LAT_SR_DECLARE_KERNELS(baseline)
#ifdef LAT_SR_X86_KERNELS
LAT_SR_DECLARE_KERNELS(avx2)
LAT_SR_DECLARE_KERNELS(avx512)
#endif
#undef LAT_SR_DECLARE_KERNELS

template <class T> const FusedKernels<T>& fused_kernels() {
#ifdef LAT_SR_X86_KERNELS
    const std::string_view instruction_set = kernels<T>().instruction_set;
    if (instruction_set == "avx512") {
        return avx512::fused_kernels_of<T>();
    }
    if (instruction_set == "avx2") {
        return avx2::fused_kernels_of<T>();
    }
#endif
    return baseline::fused_kernels_of<T>();
}

template const FusedKernels<float>& fused_kernels<float>();
template const FusedKernels<double>& fused_kernels<double>();

} // namespace lat_sr
