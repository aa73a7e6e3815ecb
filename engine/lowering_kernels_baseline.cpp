#define LAT_SR_INSTRUCTION_SET baseline
#include "float_kernels.inc"
#include "integer_kernels.inc"
