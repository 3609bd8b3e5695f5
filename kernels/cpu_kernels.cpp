#include "kernels/cpu_kernels.h"

#include <array>
#include <string>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

struct Runnable {
  std::array<const CpuKernels*, 4> sets{};
  size_t count = 0;

  Runnable() {
#ifdef VGG16_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma")) sets[count++] = &cpu_kernels_avx512();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets[count++] = &cpu_kernels_avx2();
#endif
    sets[count++] = &cpu_kernels_portable();
#ifdef VGG16_X86
    if (__builtin_cpu_supports("avx512bf16")) sets[count++] = &cpu_kernels_avx512_bf16();
#endif
  }
};

}  // namespace

CpuKernelList runnable_cpu_kernels() {
  static const Runnable runnable;
  return {runnable.sets.data(), runnable.count};
}

const CpuKernels& cpu_kernels(std::string_view name, std::string_view precision) {
  std::string names;
  for (const CpuKernels* set : runnable_cpu_kernels()) {
    if (set->precision != precision) continue;
    if (name.empty() || set->name == name) return *set;
    names += (names.empty() ? "" : ", ") + std::string(set->name);
  }
  if (names.empty()) {
    throw Error(ErrorCode::kDevice, "precision " + printable(precision) +
                                        " cannot run on this machine's CPU (bf16 needs AVX-512 with BF16); use f32");
  }
  throw Error(ErrorCode::kInvalidArgument,
              "instruction set \"" + printable(name) + "\" cannot run here; this machine runs " + names);
}

}  // namespace vgg16
