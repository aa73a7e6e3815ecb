#define LAT_SR_INSTRUCTION_SET baseline
#include "integer_kernels.inc"
