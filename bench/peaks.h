// Measuring the machine's peak rates, of which all other figures are given as shares.
#pragma once

#include <cstdint>
#include <string_view>

namespace vgg16 {

/// Runs `rounds` rounds of independent multiply-adds on one thread; returns how many floating-point operations that
/// was.
using MultiplyAddLoop = double (*)(int64_t rounds);

double multiply_adds_amx(int64_t rounds);  ///< of bfloat16; where request_amx() has granted the tiles
double multiply_adds_avx512(int64_t rounds);
double multiply_adds_avx2(int64_t rounds);
double multiply_adds_portable(int64_t rounds);

/// Rates with all of `threads` busy.
struct Peaks {
  double gflops = 0;           ///< multiply-adds of the instruction set, two operations each: float32, AMX bfloat16
  double memory_gb_per_s = 0;  ///< reading memory, far beyond the caches
};

/// Measured once per instruction set and thread count, best of several short runs.
[[nodiscard]] const Peaks& machine_peaks(std::string_view instruction_set, int threads);

}  // namespace vgg16
