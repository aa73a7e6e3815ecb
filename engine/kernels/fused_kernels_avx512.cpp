// Compiled with AVX-512 options on x86-64, see CMakeLists.txt; empty elsewhere.
#ifdef __AVX512F__
#define LAT_SR_INSTRUCTION_SET avx512
#include "kernels/fused_kernels.inc"
#endif
