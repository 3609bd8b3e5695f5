// Helpers of the benchmarks of the CUDA engine.
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "bench/quantiles.h"
#include "kernels/cuda_graph.h"
#include "kernels/cuda_memory.h"

namespace vgg16 {

/// Times `launch`, which puts one operation into the stream, by the device's own clock: a graph of kLaunches, one after
/// the other, between two events, behind one more that keeps the device busy meanwhile, so that the time to launch does
/// not show. Data that fits the L2 cache stays there, as it does between the layers of a forward pass.
inline void time_on_device(benchmark::State& state, const Stream& stream, const std::function<void()>& launch) {
  constexpr int kLaunches = 10;
  const Event begin;
  const Event end;
  launch();  // code is loaded at its first launch, which a graph must not hold
  stream.synchronize();
  const CudaGraph graph = CudaGraph::record(stream.get(), [&] {
    for (int i = 0; i < kLaunches; ++i) launch();
  });
  std::vector<double> times_ms;
  for (auto _ : state) {
    graph.launch(stream.get());
    begin.record(stream.get());
    graph.launch(stream.get());
    end.record(stream.get());
    end.synchronize();
    times_ms.push_back(static_cast<double>(Event::elapsed_ms(begin, end)) / kLaunches);
    state.SetIterationTime(times_ms.back() / 1e3);
  }
  report_quantiles(state, times_ms);
}

/// Reports a rate per iteration, such as bytes as GB/s.
inline void report_rate(benchmark::State& state, const char* name, double per_iteration) {
  state.counters[name] = benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

void register_cuda_kernels();
void register_cuda_convolutions();
void register_cuda_chunks();
void register_cuda_forward();
void release_cuda_forward();

}  // namespace vgg16
