#include "support/amx_stand_in.h"

#include "kernels/conv3x3_amx_body.h"

const vgg16::Conv3x3Amx& vgg16::amx_stand_in() { return kAmxKernels; }
