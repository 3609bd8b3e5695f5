// The same name as the float32 set: users choose a precision and an instruction set separately.
#define VGG16_ISA_NAME "avx512"
#define VGG16_BF16
#include "kernels/conv3x3_cpu_body.h"

const vgg16::Conv3x3Cpu& vgg16::conv3x3_cpu_avx512_bf16() { return kKernels; }
