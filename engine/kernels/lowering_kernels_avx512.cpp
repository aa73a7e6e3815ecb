// Compiled for AVX-512 on x86-64, see CMakeLists.txt; empty elsewhere.
#ifdef __AVX512F__
#define LAT_SR_INSTRUCTION_SET avx512
#include "kernels/float_kernels.inc"
#include "kernels/integer_kernels.inc"
#endif
