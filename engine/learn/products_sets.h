// The sets that this build holds; only products.cpp chooses among them.
#pragma once

#include "learn/products.h"

namespace vgg16 {

extern const Products kGenericProducts;
#ifdef VGG16_LEARN_X86
extern const Products kAvx2Products;
extern const Products kAvx512Products;
#endif

}  // namespace vgg16
