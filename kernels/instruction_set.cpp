#include "kernels/instruction_set.h"

#ifdef VGG16_X86
#include <cpuid.h>
#endif

namespace vgg16 {
#ifdef VGG16_X86
namespace {

// Whether the processor has AMX's tiles and their bfloat16 product, and the system saves them when it switches threads:
// bits 17 and 18 of XCR0, which may be read where CPUID shows OSXSAVE. GCC 11 has no name for these in
// __builtin_cpu_supports.
bool has_amx() {
  constexpr unsigned kOsxsave = 1U << 27U;  // leaf 1, ECX
  constexpr unsigned kAmxBf16 = 1U << 22U;  // leaf 7, EDX
  constexpr unsigned kAmxTile = 1U << 24U;
  constexpr unsigned kTileStates = 3U << 17U;  // XCR0
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kOsxsave) == 0) return false;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  if ((d & kAmxBf16) == 0 || (d & kAmxTile) == 0) return false;
  unsigned low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kTileStates) == kTileStates;
}

}  // namespace
#endif

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
    case InstructionSet::kAmx: {
      static const bool amx = runs_here(InstructionSet::kAvx512Bf16) && has_amx();
      return amx;
    }
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
