#include "kernels/instruction_sets.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace lat_sr {

// The tables of a set, from kernels.cpp and exact_kernels.cpp.
#define LAT_SR_DECLARE_KERNELS(set)                                                                                    \
    namespace set {                                                                                                    \
    extern constinit const Kernels<float> kernels_float;                                                               \
    extern constinit const Kernels<double> kernels_double;                                                             \
    extern constinit const FusedKernels<float> fused_kernels_float;                                                    \
    extern constinit const FusedKernels<double> fused_kernels_double;                                                  \
    extern constinit const FloatKernels float_kernels;                                                                 \
    extern constinit const IntegerKernels integer_kernels;                                                             \
    }
#define LAT_SR_KERNELS(set)                                                                                            \
    &set::kernels_float, &set::kernels_double, &set::fused_kernels_float, &set::fused_kernels_double,                  \
        &set::float_kernels, &set::integer_kernels

LAT_SR_DECLARE_KERNELS(baseline)
#ifdef LAT_SR_X86_KERNELS
LAT_SR_DECLARE_KERNELS(avx2)
LAT_SR_DECLARE_KERNELS(avx512)
#endif

namespace {

// From the least to the best.
// NOLINTBEGIN(modernize-use-designated-initializers): a table
constexpr std::array instruction_sets{
    InstructionSet{"baseline", [] { return true; }, LAT_SR_KERNELS(baseline)},
#ifdef LAT_SR_X86_KERNELS
    InstructionSet{"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); },
                   LAT_SR_KERNELS(avx2)},
    InstructionSet{"avx512",
                   [] {
                       return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
                   },
                   LAT_SR_KERNELS(avx512)},
#endif
};
// NOLINTEND(modernize-use-designated-initializers)
#undef LAT_SR_DECLARE_KERNELS
#undef LAT_SR_KERNELS

const InstructionSet& best_instruction_set() {
    const char* const setting = std::getenv("LAT_SR_ISA");
    const auto* end = instruction_sets.end();
    if (setting != nullptr) {
        end = std::ranges::find(instruction_sets, std::string_view(setting), &InstructionSet::name);
        if (end == instruction_sets.end()) {
            std::string allowed;
            for (const InstructionSet& set : instruction_sets) {
                allowed += (allowed.empty() ? "" : ", ") + std::string(set.name);
            }
            throw std::invalid_argument("LAT_SR_ISA is '" + std::string(setting) +
                                        "' in the environment; allowed are " + allowed +
                                        ", or leave it out for the best of this processor");
        }
        ++end;
    }
    while (!(end - 1)->available()) {
        --end;
    }
    return *(end - 1);
}

} // namespace

const InstructionSet& instruction_set() {
    static const InstructionSet& chosen = best_instruction_set();
    return chosen;
}

template <class T> const Kernels<T>& kernels() {
    if constexpr (std::is_same_v<T, float>) {
        return *instruction_set().kernels_float;
    } else {
        return *instruction_set().kernels_double;
    }
}

template <class T> const FusedKernels<T>& fused_kernels() {
    if constexpr (std::is_same_v<T, float>) {
        return *instruction_set().fused_kernels_float;
    } else {
        return *instruction_set().fused_kernels_double;
    }
}

template const Kernels<float>& kernels<float>();
template const Kernels<double>& kernels<double>();
template const FusedKernels<float>& fused_kernels<float>();
template const FusedKernels<double>& fused_kernels<double>();

const FloatKernels& float_kernels() { return *instruction_set().float_kernels; }
const IntegerKernels& integer_kernels() { return *instruction_set().integer_kernels; }

} // namespace lat_sr
