// The instruction sets that the kernels are compiled for, and which one this process uses.
#pragma once

#include "kernels/float_kernels.hpp"
#include "kernels/fused_kernels.hpp"
#include "kernels/integer_kernels.hpp"
#include "kernels/kernels.hpp"

#include <string_view>

namespace lat_sr {

struct InstructionSet {
    std::string_view name;
    bool (*available)(); // on this processor
    const Kernels<float>* kernels_float;
    const Kernels<double>* kernels_double;
    const FusedKernels<float>* fused_kernels_float;
    const FusedKernels<double>* fused_kernels_double;
    const FloatKernels* float_kernels;
    const IntegerKernels* integer_kernels;
};

// The best of this processor. LAT_SR_ISA in the environment takes those above the one it names away, to test and
// compare them on one machine; throws std::invalid_argument for another name.
const InstructionSet& instruction_set();

} // namespace lat_sr
