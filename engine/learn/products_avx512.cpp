#include "learn/products_body.h"
#include "learn/products_sets.h"

namespace vgg16 {

const Products kAvx512Products = {"avx512", sparse_times_panel<8, 4>, matrix_times_vectors<8, 4, 6>};

}  // namespace vgg16
