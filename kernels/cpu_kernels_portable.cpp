#define VGG16_ISA_NAME "portable"
#include "kernels/cpu_kernels.inc"

const vgg16::CpuKernels& vgg16::cpu_kernels_portable() { return kKernels; }
