#define VGG16_LANES 8
#include "learn/products_body.h"
#include "learn/products_sets.h"

namespace vgg16 {

const Products kAvx512Products = {"avx512",
                                  keep_nonzeros,
                                  sparse_times_panel<8>,
                                  sparse_transposed_times_rows<4>,
                                  add_weighted_rows,
                                  matrix_times_vectors<double, 4, 6>,
                                  matrix_times_vectors<float, 4, 6>,
                                  add_exponentials};

}  // namespace vgg16
