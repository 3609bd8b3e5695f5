// The whole network on the device, through the engine that extraction uses: pictures and rows in host memory, so the
// copies are in the time. Twice: single calls, with the device's own share of the time beside it, and two engines over
// the same weights driven by a thread each, as extraction does it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "backend/cuda_backend.h"
#include "bench/cuda_bench.h"
#include "bench/engine_table.h"
#include "network/vgg16.h"
#include "support/golden.h"
#include "support/source_dir.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using Clock = std::chrono::steady_clock;

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

// Keeps the engine that was used last. Google Benchmark calls a benchmark several times to find the number of
// repetitions, and making an engine takes longer than measuring it.
std::unique_ptr<CudaBackend> kept;
std::string kept_for;

CudaBackend& engine(const std::string& precision, int batch) {
  const std::string wanted = precision + "/" + std::to_string(batch);
  if (kept_for == wanted) return *kept;
  kept.reset();
  kept_for.clear();
  auto network = prepare_cuda_network(weights(), cuda_devices()[0], cuda_precision_from_name(precision), kLastLayer,
                                      engines_to_measure());
  kept = std::make_unique<CudaBackend>(std::move(network), Stop{kLastLayer}, batch,
                                       std::function<void(const std::string&)>());
  require(kept->on_device().batch() == batch, ErrorCode::kMemory, "no memory for the batch");
  kept_for = wanted;
  return *kept;
}

// The pictures of one thread, all equal, and their rows.
struct Caller {
  explicit Caller(int batch) : shape(output_shape(kLastLayer, batch)), features(static_cast<size_t>(shape.count())) {
    const auto picture = golden_picture("waves");
    for (int i = 0; i < batch; ++i) pixels.insert(pixels.end(), picture.begin(), picture.end());
  }
  void run(Backend& backend) { backend.forward({pixels.data(), shape.n}, {kLastLayer}, {features.data(), shape}); }

  // Every row must be roughly the one that PyTorch computed; otherwise the times mean nothing. The exact error is
  // reported as a counter, which the report judges.
  void check(benchmark::State& state, double least_cosine) const {
    const auto expected = read_npy(source_dir() / "tests/golden/waves.npy");
    double least = 1;
    for (size_t at = 0; at < features.size(); at += expected.size()) {
      const double agreement = cosine(&features[at], expected);
      if (std::isnan(agreement) || agreement < least) least = agreement;  // NaN stays
    }
    state.counters["1-cosine"] = 1 - least;
    if (!(1 - least <= 10 * (1 - least_cosine))) {
      std::array<char, 64> text{};
      std::snprintf(text.data(), text.size(), "the features are wrong: 1 - cosine is %.1e", 1 - least);
      state.SkipWithError(text.data());
    }
  }
  // The number of rows whose bits differ from the first row's, although all pictures are equal.
  [[nodiscard]] int rows_unlike_the_first() const {
    const int64_t row = shape.count() / shape.n;
    int count = 0;
    for (int n = 1; n < shape.n; ++n)
      count += std::equal(features.begin(), features.begin() + row, features.begin() + n * row) ? 0 : 1;
    return count;
  }

  Shape4 shape;
  std::vector<uint8_t> pixels;
  std::vector<float> features;
};

// Median time of one launch of a graph, measured with events in its stream. The launch before the first event keeps the
// device busy while the host enqueues the others.
double on_device_ms(const CudaGraph& graph, CudaStream stream) {
  constexpr int kPasses = 5;
  constexpr double kSeconds = 0.3;
  const Event begin;
  const Event end;
  std::vector<double> times_ms;
  const auto start = Clock::now();
  while (times_ms.size() < 10 || Clock::now() - start < std::chrono::duration<double>(kSeconds)) {
    graph.launch(stream);
    begin.record(stream);
    for (int i = 0; i < kPasses; ++i) graph.launch(stream);
    end.record(stream);
    end.synchronize();
    times_ms.push_back(static_cast<double>(Event::elapsed_ms(begin, end)) / kPasses);
  }
  std::nth_element(times_ms.begin(), times_ms.begin() + static_cast<int64_t>(times_ms.size() / 2), times_ms.end());
  return times_ms[times_ms.size() / 2];
}

// "9 of 13 engines from the table".
std::string engines_from_table(const std::string& precision, int batch) {
  const CudaDevice device = cuda_devices()[0];
  const Stream stream;
  const Cudnn cudnn(stream.get());
  int count = 0;
  for (size_t layer = 0; layer <= kLastLayer; ++layer) {
    if (!is_conv(layer)) continue;
    const ConvProblem problem = conv_problem(layer, batch, cuda_precision_from_name(precision));
    count += find_engine(engines_to_measure(), device.architecture, cudnn.version(), problem) != nullptr ? 1 : 0;
  }
  return std::to_string(count) + " of " + std::to_string(kConvLayers) + " engines from the table";
}

void one_lane(benchmark::State& state, const std::string& precision, double least_cosine, int batch) try {
  CudaBackend& backend = engine(precision, batch);
  Caller caller(batch);
  for (int i = 0; i < 3; ++i) caller.run(backend);
  std::vector<double> times_ms;
  for (auto _ : state) {
    const auto start = Clock::now();
    caller.run(backend);
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    state.SetIterationTime(times_ms.back() / 1e3);
  }
  report_quantiles(state, times_ms);
  report_rate(state, "pictures/s", batch);
  const CudaForward& forward = backend.on_device();
  state.counters["device_ms"] = on_device_ms(forward.record_without_copies().graph, forward.stream());
  state.counters["with_copies_ms"] = on_device_ms(forward.graph(), forward.stream());
  const int unlike = caller.rows_unlike_the_first();
  state.SetLabel(engines_from_table(precision, batch) +
                 (unlike == 0 ? "" : "; " + std::to_string(unlike) + " rows depend on their place"));
  caller.check(state, least_cosine);
} catch (const std::exception& error) {
  state.SkipWithError(error.what());
}

void two_lanes(benchmark::State& state, const std::string& precision, double least_cosine, int batch) try {
  constexpr int kCalls = 10;  // of each thread
  CudaBackend& backend = engine(precision, batch);
  const auto another = backend.another();
  require(another != nullptr, ErrorCode::kMemory, "no memory for a second engine");
  Caller one(batch);
  Caller two(batch);
  const auto calls = [](Caller& caller, Backend& engine) {
    for (int i = 0; i < kCalls; ++i) caller.run(engine);
  };
  one.run(backend);
  two.run(*another);
  std::vector<double> times_ms;
  for (auto _ : state) {
    std::string problem;
    const auto start = Clock::now();
    std::thread beside([&] {
      try {
        calls(two, *another);
      } catch (const std::exception& error) {
        problem = error.what();
      }
    });
    try {
      calls(one, backend);
    } catch (...) {
      beside.join();
      throw;
    }
    beside.join();
    require(problem.empty(), ErrorCode::kDevice, problem);
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count() / (2 * kCalls));
    state.SetIterationTime(times_ms.back() / 1e3);
  }
  report_quantiles(state, times_ms);
  report_rate(state, "pictures/s", batch);
  one.check(state, least_cosine);
  if (one.features != two.features) state.SkipWithError("two engines give different bits");
} catch (const std::exception& error) {
  state.SkipWithError(error.what());
}

}  // namespace

// To be called before the program ends: CUDA and cuDNN are unloaded before global variables are destroyed.
void release_cuda_forward() { kept.reset(); }

void register_cuda_forward() {
  struct Case {
    const char* precision;
    double least_cosine;
  };
  // The most important benchmarks come first, because the run may be cut short.
  constexpr Case kF32 = {"f32", 0.9999999}, kTf32 = {"tf32", 0.99999}, kF16 = {"f16", 0.99999},
                 kBf16 = {"bf16", 0.9999};
  for (const auto& [c, batch] : {std::pair(kBf16, 1),
                                 {kF16, 1},
                                 {kBf16, 128},
                                 {kBf16, 32},
                                 {kTf32, 32},
                                 {kF32, 32},
                                 {kF16, 128},
                                 {kF16, 32},
                                 {kTf32, 1},
                                 {kF32, 1},
                                 {kTf32, 128},
                                 {kBf16, 8},
                                 {kBf16, 16},
                                 {kF32, 128}}) {
    const std::string name = std::string(c.precision) + "/batch:" + std::to_string(batch);
    const auto add = [&, c = c, batch = batch](const char* kind, auto measure) {
      return benchmark::RegisterBenchmark(
                 (std::string("cuda/") + kind + "/" + name).c_str(),
                 [=](benchmark::State& state) { measure(state, c.precision, c.least_cosine, batch); })
          ->Unit(benchmark::kMillisecond)
          ->UseManualTime();
    };
    // A fixed number of iterations instead of a minimum time, for which Google Benchmark would call this several times;
    // each call also measures the device alone, which takes time.
    const int fewer = std::string_view(c.precision) == "f32" ? 5 : 1;
    add("forward", one_lane)->Iterations((batch == 1 ? 1000 : batch <= 32 ? 60 : 20) / fewer);
    add("two_lanes", two_lanes)->Iterations((batch == 1 ? 100 : 5) / fewer);
  }
}

}  // namespace vgg16
