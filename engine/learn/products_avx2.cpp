#include "learn/products_body.h"
#include "learn/products_sets.h"

namespace vgg16 {

const Products kAvx2Products = {"avx2", sparse_times_panel<4, 4>, matrix_times_vectors<4, 2, 4>};

}  // namespace vgg16
