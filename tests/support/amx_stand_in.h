// The AMX kernels over tiles in plain C++, for machines without AMX.
#pragma once

#include "kernels/conv3x3_amx.h"

namespace vgg16 {

const Conv3x3Amx& amx_stand_in();

}  // namespace vgg16
