#define LAT_SR_INSTRUCTION_SET baseline
#include "kernels/float_kernels.inc"
#include "kernels/integer_kernels.inc"
