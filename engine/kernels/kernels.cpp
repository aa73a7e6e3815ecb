#include "kernels/kernels.hpp"

#include <cstdlib>
#include <string_view>
#include <type_traits>

namespace lat_sr {

#define LAT_SR_DECLARE_KERNELS(set)                                                                                    \
    namespace set {                                                                                                    \
    extern const Kernels<float> kernels_float;                                                                         \
    extern const Kernels<double> kernels_double;                                                                       \
    namespace {                                                                                                        \
    template <class T> const Kernels<T>& kernels_of() {                                                                \
        if constexpr (std::is_same_v<T, float>) {                                                                      \
            return kernels_float;                                                                                      \
        } else {                                                                                                       \
            return kernels_double;                                                                                     \
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

namespace {

enum class InstructionSet : unsigned char { baseline, avx2, avx512 };

InstructionSet best_instruction_set() {
#ifdef LAT_SR_X86_KERNELS
    // LAT_SR_ISA (baseline, avx2 or avx512) takes instruction sets away, to test and compare them on one machine.
    const char* setting = std::getenv("LAT_SR_ISA");
    const std::string_view limit = setting == nullptr ? "avx512" : setting;
    if (limit == "avx512" && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) {
        return InstructionSet::avx512;
    }
    if (limit != "baseline" && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return InstructionSet::avx2;
    }
#endif
    return InstructionSet::baseline;
}

template <class T> const Kernels<T>& select_kernels() {
    switch (best_instruction_set()) {
#ifdef LAT_SR_X86_KERNELS
    case InstructionSet::avx512:
        return avx512::kernels_of<T>();
    case InstructionSet::avx2:
        return avx2::kernels_of<T>();
#endif
    default:
        return baseline::kernels_of<T>();
    }
}

} // namespace

template <class T> const Kernels<T>& kernels() {
    static const Kernels<T>& chosen = select_kernels<T>();
    return chosen;
}

template const Kernels<float>& kernels<float>();
template const Kernels<double>& kernels<double>();

} // namespace lat_sr
