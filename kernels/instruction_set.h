// Which of the instruction sets that CPU kernels are compiled for this machine runs. A kernel that is written once and
// compiled per set, OP_cpu_body.h, has a file OP_cpu_SET.cpp for each, with the flags of that set and of nothing beyond
// it (CMakeLists.txt); OP_cpu.cpp chooses among them at run time.
#pragma once

namespace vgg16 {

enum class InstructionSet {
  kPortable,    ///< what every machine of the architecture has
  kAvx2,        ///< AVX2 and FMA
  kAvx512,      ///< AVX-512 F and FMA
  kAvx512Bf16,  ///< the same with products of bfloat16
};

/// Whether this machine runs code compiled for `set`, and this build holds such code. Thread-safe.
[[nodiscard]] bool runs_here(InstructionSet set);

}  // namespace vgg16
