// One instruction set's kernels whose bits are the same on every processor: no sum and product of theirs become one
// operation that rounds once. Compiled for each set, as kernels.cpp.
#include "kernels/instruction_sets.hpp"

#ifndef LAT_SR_INSTRUCTION_SET
#define LAT_SR_INSTRUCTION_SET baseline
#endif

#include "kernels/float_kernels.inc"
#include "kernels/fused_kernels.inc"
#include "kernels/integer_kernels.inc"
