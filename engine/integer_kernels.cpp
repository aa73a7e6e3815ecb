#include "integer_kernels.hpp"

#include "kernels.hpp"

#include <string_view>

namespace lat_sr {

namespace baseline {
extern const IntegerKernels integer_kernels;
}
#ifdef LAT_SR_X86_KERNELS
namespace avx2 {
extern const IntegerKernels integer_kernels;
}
namespace avx512 {
extern const IntegerKernels integer_kernels;
}
#endif

const IntegerKernels& integer_kernels() {
#ifdef LAT_SR_X86_KERNELS
    static const std::string_view instruction_set = kernels<double>().instruction_set;
    if (instruction_set == "avx512") {
        return avx512::integer_kernels;
    }
    if (instruction_set == "avx2") {
        return avx2::integer_kernels;
    }
#endif
    return baseline::integer_kernels;
}

} // namespace lat_sr
