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
  kAmx,         ///< the same and AMX's tiles of bfloat16, which the system must also grant (amx_permission.h)
};

/// Whether this machine can run code compiled for `set` and this build has such code. Thread-safe.
[[nodiscard]] bool runs_here(InstructionSet set);

/// Whether this processor's AVX-512 multiplies bfloat16 slower than float32: Intel's run vdpbf16ps at half the rate of
/// float32 multiply-adds (bench/RESULTS.md), AMD's at the same rate, with twice the operands. Thread-safe.
[[nodiscard]] bool multiplies_bf16_slowly();

}  // namespace vgg16
