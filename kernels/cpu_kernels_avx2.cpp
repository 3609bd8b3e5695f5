#define VGG16_ISA_NAME "avx2"
#include "kernels/cpu_kernels.inc"

const vgg16::CpuKernels& vgg16::cpu_kernels_avx2() { return kKernels; }
