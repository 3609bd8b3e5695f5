#include "learn/products.h"

#include "learn/products_sets.h"

namespace vgg16 {

std::vector<const Products*> all_products() {
  std::vector<const Products*> sets;
#ifdef VGG16_LEARN_X86
  // The files are compiled for these features and nothing beyond them.
  if (__builtin_cpu_supports("avx512f")) sets.push_back(&kAvx512Products);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&kAvx2Products);
#endif
  sets.push_back(&kGenericProducts);
  return sets;
}

const Products& best_products() {
  static const Products& best = *all_products().front();
  return best;
}

}  // namespace vgg16
