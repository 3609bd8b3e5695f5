#define VGG16_ISA_NAME "portable"
#include "kernels/sparse_products_cpu_body.h"

const vgg16::SparseProducts& vgg16::sparse_products_cpu_portable() { return kProducts; }
