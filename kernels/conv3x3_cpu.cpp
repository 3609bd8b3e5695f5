#include "kernels/conv3x3_cpu.h"

#include <array>
#include <string>

#include "kernels/instruction_set.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Filled once per process, in the order that runnable_conv3x3_cpu promises.
struct Runnable {
  std::array<const Conv3x3Cpu*, 4> sets{};
  size_t count = 0;

  Runnable() {
#ifdef VGG16_X86
    if (runs_here(InstructionSet::kAvx512)) sets[count++] = &conv3x3_cpu_avx512();
    if (runs_here(InstructionSet::kAvx2)) sets[count++] = &conv3x3_cpu_avx2();
#endif
    sets[count++] = &conv3x3_cpu_portable();
#ifdef VGG16_X86
    if (runs_here(InstructionSet::kAvx512Bf16)) sets[count++] = &conv3x3_cpu_avx512_bf16();
#endif
  }
};

}  // namespace

Conv3x3CpuList runnable_conv3x3_cpu() {
  static const Runnable runnable;
  return {runnable.sets.data(), runnable.count};
}

const Conv3x3Cpu& conv3x3_cpu(std::string_view name, std::string_view precision) {
  // Collects the sets that would do, for the message.
  std::string names;
  for (const Conv3x3Cpu* set : runnable_conv3x3_cpu()) {
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
