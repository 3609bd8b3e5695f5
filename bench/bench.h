// Helpers of all benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include <memory>
#include <string_view>

#include "bench/peaks.h"
#include "vgg16/weights.h"

namespace vgg16 {

/// The default weights, read once.
[[nodiscard]] inline const Weights& default_weights() {
  static const std::shared_ptr<const Weights> weights =
      Weights::load(VGG16_SOURCE_DIR "/weights/vgg16-f16.safetensors");
  return *weights;
}

/// Reports `flops` operations per iteration as GFLOP/s and as a share of the measured peak. Winograd's shares are of
/// the operations that a direct convolution would take, so they may be over 100 %.
inline void report_flops(benchmark::State& state, double flops, std::string_view instruction_set, int threads) {
  using benchmark::Counter;
  const double total = flops * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = Counter(total / 1e9, Counter::kIsRate);
  state.counters["of_peak_%"] =
      Counter(100 * total / 1e9 / machine_peaks(instruction_set, threads).gflops, Counter::kIsRate);
}

void register_kernels();
void register_layers();
void register_amx_layers();
void register_forward();

}  // namespace vgg16
