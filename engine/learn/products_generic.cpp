#include "learn/products_body.h"
#include "learn/products_sets.h"

namespace vgg16 {

const Products kGenericProducts = {"generic", sparse_times_panel<2, 2>, matrix_times_vectors<2, 2, 4>};

}  // namespace vgg16
