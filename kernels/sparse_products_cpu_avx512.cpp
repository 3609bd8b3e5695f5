#define VGG16_ISA_NAME "avx512"
#include "kernels/sparse_products_cpu_body.h"

const vgg16::SparseProducts& vgg16::sparse_products_cpu_avx512() { return kProducts; }
