#define VGG16_AMX_TILES
#include "kernels/conv3x3_amx_body.h"

const vgg16::Conv3x3Amx& vgg16::conv3x3_amx() { return kAmxKernels; }
