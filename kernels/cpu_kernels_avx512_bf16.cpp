#define VGG16_ISA_NAME "avx512"
#define VGG16_BF16
#include "kernels/cpu_kernels.inc"

const vgg16::CpuKernels& vgg16::cpu_kernels_avx512_bf16() { return kKernels; }
