// The whole network, from pixels to block5_pool, for several batch sizes.
#include <algorithm>
#include <chrono>
#include <vector>

#include "backend/make_backend.h"
#include "bench/bench.h"
#include "bench/quantiles.h"
#include "kernels/parallel.h"
#include "network/vgg16.h"
#include "support/golden.h"

namespace vgg16 {
namespace {

constexpr size_t kLastLayer = 17;

void forward(benchmark::State& state, const CpuSet& kernels, int batch, int threads) {
  const auto backend = make_backend(default_weights(), {.device = "cpu",
                                                        .precision = std::string(kernels.precision),
                                                        .instruction_set = std::string(kernels.name),
                                                        .threads = threads,
                                                        .max_batch = batch});
  const auto picture = golden_picture("waves");
  std::vector<uint8_t> pixels;
  for (int i = 0; i < batch; ++i) pixels.insert(pixels.end(), picture.begin(), picture.end());
  const Shape4 shape = output_shape(kLastLayer, batch);
  std::vector<float> features(static_cast<size_t>(shape.count()));
  const auto run = [&] { backend->forward({pixels.data(), batch}, {kLastLayer}, {features.data(), shape}); };
  run();
  std::vector<double> times_ms;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    run();
    times_ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  // The row must be the one that PyTorch computed; otherwise the times mean nothing.
  const auto expected = read_npy(VGG16_SOURCE_DIR "/tests/golden/waves.npy");
  const float share = kernels.precision == "f32" ? 1e-4F : 5e-2F;
  const float largest = *std::max_element(expected.begin(), expected.end());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!(std::abs(features[i] - expected[i]) <= share * largest)) state.SkipWithError("the features are wrong");
  }
  state.counters["pictures/s"] = benchmark::Counter(
      static_cast<double>(batch) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  report_quantiles(state, times_ms);
  report_flops(state, 2.0 * static_cast<double>(multiply_adds()) * batch, kernels.name, threads);
}

}  // namespace

void register_forward() {
  for (const CpuSet& kernels : runnable_cpu_sets()) {
    for (const int threads : {1, available_processors()}) {
      for (const int batch : {1, 8, 32}) {
        const std::string name = "forward/" + std::string(kernels.name) + "_" + std::string(kernels.precision) +
                                 "/batch:" + std::to_string(batch) + "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=](benchmark::State& state) { forward(state, kernels, batch, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace vgg16
