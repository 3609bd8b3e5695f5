// Which instruction sets this machine can run. A kernel that is compiled for several of them has its code in
// OP_cpu_body.h, one file OP_cpu_SET.cpp per set that is compiled with exactly that set's flags (CMakeLists.txt), and
// OP_cpu.cpp, which chooses at run time.
#pragma once

namespace vgg16 {

enum class InstructionSet {
  kPortable,    ///< what every machine of the architecture has; on x86-64 SSE2
  kAvx2,        ///< AVX2 and FMA
  kAvx512,      ///< AVX-512 F and FMA
  kAvx512Bf16,  ///< the same and AVX-512 BF16
};

/// Whether this machine can run code compiled for `set` and this build has such code. Thread-safe.
[[nodiscard]] bool runs_here(InstructionSet set);

}  // namespace vgg16
