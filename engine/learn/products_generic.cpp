#define VGG16_LANES 2
#include "learn/products_body.h"
#include "learn/products_sets.h"

namespace vgg16 {

const Products kGenericProducts = {"generic",
                                   keep_nonzeros,
                                   sparse_times_panel<4>,
                                   sparse_transposed_times_rows<4>,
                                   add_weighted_rows,
                                   matrix_times_vectors<double, 2, 4>,
                                   matrix_times_vectors<float, 2, 4>,
                                   add_exponentials};

}  // namespace vgg16
