#include "kernels/instruction_set.h"

namespace vgg16 {

bool runs_here(InstructionSet set) {
#ifdef VGG16_X86
  switch (set) {
    case InstructionSet::kPortable:
      return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvx512Bf16:
      return runs_here(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512bf16");
  }
#endif
  return set == InstructionSet::kPortable;
}

bool multiplies_bf16_slowly() {
#ifdef VGG16_X86
  return __builtin_cpu_is("intel");
#else
  return false;
#endif
}

}  // namespace vgg16
