#define LAT_SR_INSTRUCTION_SET baseline
#include "fused_kernels.inc"
