// Compiled with -mavx2 -mfma on x86-64, see CMakeLists.txt; empty elsewhere.
#ifdef __AVX2__
#define LAT_SR_INSTRUCTION_SET avx2
#include "kernels/kernels.inc"
#endif
