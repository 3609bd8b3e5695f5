#include "kernels/instruction_set.h"
#include "kernels/sparse_products.h"

namespace vgg16 {

std::vector<const SparseProducts*> runnable_sparse_products() {
  std::vector<const SparseProducts*> sets;
#ifdef VGG16_X86
  if (runs_here(InstructionSet::kAvx512)) sets.push_back(&sparse_products_cpu_avx512());
  if (runs_here(InstructionSet::kAvx2)) sets.push_back(&sparse_products_cpu_avx2());
#endif
  sets.push_back(&sparse_products_cpu_portable());
  return sets;
}

const SparseProducts& best_sparse_products() {
  static const SparseProducts& best = *runnable_sparse_products().front();
  return best;
}

}  // namespace vgg16
