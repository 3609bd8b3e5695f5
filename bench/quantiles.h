// Quantiles of the times of single calls, for benchmarks of latency.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

namespace vgg16 {

/// Adds p50_ms and p99_ms of the calls' times.
inline void report_quantiles(benchmark::State& state, std::vector<double> times_ms) {
  if (times_ms.empty()) return;
  std::sort(times_ms.begin(), times_ms.end());
  const auto quantile = [&](double q) {
    return times_ms[static_cast<size_t>(q * static_cast<double>(times_ms.size() - 1))];
  };
  state.counters["p50_ms"] = quantile(0.5);
  state.counters["p99_ms"] = quantile(0.99);
}

}  // namespace vgg16
