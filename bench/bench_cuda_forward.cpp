// The whole network on the device, through the interface that extraction uses: pictures and rows in host memory, so the
// copies are in the time. The device's own share of it is in the profile that bench/gpu.sh makes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>

#include "backend/make_backend.h"
#include "bench/cuda_bench.h"
#include "network/vgg16.h"
#include "support/golden.h"
#include "support/source_dir.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr size_t kLastLayer = 17;

double cosine(const float* a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    ab += x * y, aa += x * x, bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

const Weights& weights() {
  static const auto loaded = Weights::load(source_dir() / "weights/vgg16-f16.safetensors");
  return *loaded;
}

void forward(benchmark::State& state, const std::string& precision, double least_cosine, int batch) try {
  using Clock = std::chrono::steady_clock;
  const auto backend = make_backend(weights(), {.device = "cuda", .precision = precision, .max_batch = batch});
  const auto picture = golden_picture("waves");
  std::vector<uint8_t> pixels;
  for (int i = 0; i < batch; ++i) pixels.insert(pixels.end(), picture.begin(), picture.end());
  const Shape4 shape = output_shape(kLastLayer, batch);
  std::vector<float> features(static_cast<size_t>(shape.count()));
  const auto run = [&] { backend->forward({pixels.data(), batch}, kLastLayer, {features.data(), shape}); };
  for (int i = 0; i < 3; ++i) run();
  std::vector<double> times_ms;
  for (auto _ : state) {
    const auto start = Clock::now();
    run();
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    state.SetIterationTime(times_ms.back() / 1e3);
  }
  report_quantiles(state, times_ms);
  report_rate(state, "pictures/s", batch);
  // A benchmark of wrong numbers is worth nothing: every row must be the one that PyTorch computed, as far as the
  // precision goes.
  const auto expected = read_npy(source_dir() / "tests/golden/waves.npy");
  double least = 1;
  for (int n = 0; n < batch; ++n)
    least = std::min(least, cosine(features.data() + static_cast<size_t>(n) * expected.size(), expected));
  state.counters["1-cosine"] = 1 - least;
  if (!(least >= least_cosine)) state.SkipWithError("the features are wrong");
} catch (const std::exception& error) {
  state.SkipWithError(error.what());
}

}  // namespace

void register_cuda_forward() {
  struct Case {
    const char* precision;
    double least_cosine;
  };
  for (const Case& c : {Case{"f32", 0.9999999}, {"tf32", 0.99999}, {"f16", 0.99999}, {"bf16", 0.9999}}) {
    for (const int batch : {1, 32, 128}) {
      const std::string name = std::string("cuda/forward/") + c.precision + "/batch:" + std::to_string(batch);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [=](benchmark::State& state) { forward(state, c.precision, c.least_cosine, batch); })
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime()
          ->MinTime(1.0);
    }
  }
}

}  // namespace vgg16
