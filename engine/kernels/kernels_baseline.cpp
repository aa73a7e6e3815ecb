#define LAT_SR_INSTRUCTION_SET baseline
#include "kernels/kernels.inc"
