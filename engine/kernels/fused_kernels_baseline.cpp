#define LAT_SR_INSTRUCTION_SET baseline
#include "kernels/fused_kernels.inc"
