#include "kernels/float_kernels.hpp"
#include "kernels/integer_kernels.hpp"
#include "kernels/kernels.hpp"

#include <string_view>

namespace lat_sr {

#define LAT_SR_DECLARE_KERNELS(set)                                                                                    \
    namespace set {                                                                                                    \
    extern constinit const IntegerKernels integer_kernels;                                                             \
    extern constinit const FloatKernels float_kernels;                                                                 \
    }
LAT_SR_DECLARE_KERNELS(baseline)
#ifdef LAT_SR_X86_KERNELS
LAT_SR_DECLARE_KERNELS(avx2)
LAT_SR_DECLARE_KERNELS(avx512)
#endif
#undef LAT_SR_DECLARE_KERNELS

#ifdef LAT_SR_X86_KERNELS
namespace {

template <class Table> const Table& best_of(const Table* baseline, const Table* avx2, const Table* avx512) {
    const std::string_view instruction_set = kernels<double>().instruction_set;
    return *(instruction_set == "avx512" ? avx512 : instruction_set == "avx2" ? avx2 : baseline);
}

} // namespace

const IntegerKernels& integer_kernels() {
    return best_of(&baseline::integer_kernels, &avx2::integer_kernels, &avx512::integer_kernels);
}
const FloatKernels& float_kernels() {
    return best_of(&baseline::float_kernels, &avx2::float_kernels, &avx512::float_kernels);
}
#else
const IntegerKernels& integer_kernels() { return baseline::integer_kernels; }
const FloatKernels& float_kernels() { return baseline::float_kernels; }
#endif

} // namespace lat_sr
