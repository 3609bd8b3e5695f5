// Entries for cuDNN's table of engines (kernels/conv3x3_cudnn_table.inc): times the engines that may be used for each
// convolution of the network on the first GPU, and prints those that beat the heuristic's first by more than 3 %.
//
//   vgg16_propose_engines [SECONDS [BATCH...]]          default: 600 seconds, batches 1 128 32
//
// The most important convolutions come first, and none is begun after SECONDS; the lines that were printed can be used.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "backend/cuda_network.h"
#include "bench/cuda_tensors.h"
#include "bench/engine_lines.h"
#include "kernels/bias_relu.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_device.h"
#include "kernels/cuda_graph.h"
#include "kernels/cuda_memory.h"
#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kGain = 0.97;
constexpr double kHopeless = 1.5;  // an engine whose single run takes so many times the best's is not looked at closer
constexpr int kRounds = 4;
constexpr double kRoundMs = 1.0;
constexpr int kMostRunsPerRound = 20;

// How much the results of two engines may differ (relative L2), through rounding of operands and results.
double tolerance(CudaPrecision precision) {
  return precision == CudaPrecision::kF32 ? 1e-5 : precision == CudaPrecision::kBf16 ? 1e-2 : 2e-3;
}

// The tensors of a convolution, with realistic values: the speed of tensor cores depends on the data, through power
// limits.
struct Memory {
  explicit Memory(const ConvProblem& problem)
      : type(element_type(problem.precision)),
        x(problem.in, type, 1, 0, 1),
        kernel({1, 3 * problem.oc, 3, problem.in.c}, type, 2, -scale(problem), scale(problem)),
        bias({1, 1, 1, problem.oc}, ElementType::kF32, 3),
        rounded_bias(bias.shape, type, 3),
        y({problem.in.n, problem.in.h, problem.in.w, problem.oc}, type) {}
  static float scale(const ConvProblem& problem) { return 1 / std::sqrt(static_cast<float>(3 * problem.in.c)); }

  ElementType type;
  DeviceTensor x, kernel, bias, rounded_bias, y;
};

// An engine ready to be run.
class Trial {
 public:
  Trial(const Cudnn& cudnn, const Stream& stream, const ConvProblem& problem, const CudnnEngine& engine,
        const Memory& memory)
      : stream_(stream),
        memory_(memory),
        convolution_(cudnn, problem, &engine),
        workspace_(convolution_.workspace_bytes()) {
    VGG16_CUDA_CHECK(
        cudaMemsetAsync(memory.y.buffer.data(), 0xFF, static_cast<size_t>(memory.y.buffer.size_bytes()), stream.get()));
    convolution_.bind(memory.x.buffer.data(), memory.kernel.buffer.data(), memory.rounded_bias.buffer.data(),
                      memory.y.buffer.data(), workspace_.data());
    run();  // loads the code
    stream_.synchronize();
  }

  // The last picture's result.
  [[nodiscard]] std::vector<float> result() const { return memory_.y.last(); }
  // Whether all pictures, which are equal, gave the same bits; compares some of them.
  [[nodiscard]] bool is_the_same_everywhere() const {
    const int last = memory_.y.shape.n - 1;
    const auto expected = memory_.y.bytes_of(last);
    return memory_.y.bytes_of(0) == expected && memory_.y.bytes_of(last / 2) == expected &&
           memory_.y.bytes_of(last / 3) == expected;
  }

  [[nodiscard]] double single_ms() const {
    const Event begin;
    const Event end;
    begin.record(stream_.get());
    run();
    end.record(stream_.get());
    end.synchronize();
    return static_cast<double>(Event::elapsed_ms(begin, end));
  }

  // The time of one run, from the fastest of several launches of a graph of many runs, so that launch times do not
  // count.
  [[nodiscard]] double best_ms(double single) const {
    const int runs = std::clamp(static_cast<int>(kRoundMs / std::max(single, 1e-3)), 2, kMostRunsPerRound);
    const CudaGraph graph = CudaGraph::record(stream_.get(), [&] {
      for (int i = 0; i < runs; ++i) run();
    });
    const Event begin;
    const Event end;
    double best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < kRounds; ++round) {
      graph.launch(stream_.get());  // keeps the device busy while the next is launched
      begin.record(stream_.get());
      graph.launch(stream_.get());
      end.record(stream_.get());
      end.synchronize();
      best = std::min(best, static_cast<double>(Event::elapsed_ms(begin, end)) / runs);
    }
    return best;
  }

 private:
  void run() const {
    convolution_.run();
    if (convolution_.has_bias_and_relu()) return;
    bias_relu_cuda(memory_.y.in(), memory_.bias.buffer.data<float>(), memory_.y.out(), stream_.get());
  }

  const Stream& stream_;
  const Memory& memory_;
  CudnnConv3x3 convolution_;
  DeviceBuffer workspace_;
};

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double square = 0;
  double size = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    square += d * d;
    size += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(square / size);
}

void propose(const CudaDevice& device, const Cudnn& cudnn, const Stream& stream, const ConvProblem& problem) {
  std::vector<CudnnEngine> engines = cudnn_candidates(cudnn, problem);
  if (engines.empty()) return;
  // With tensor cores, the engines without bias and ReLU are the same as those with them, and need another pass over
  // memory.
  if (problem.precision != CudaPrecision::kF32 && engines[0].bias_and_relu)
    std::erase_if(engines, [](const CudnnEngine& engine) { return !engine.bias_and_relu; });
  const Memory memory(problem);
  std::vector<float> expected;
  double first_ms = 0;
  double best_ms = std::numeric_limits<double>::infinity();
  const CudnnEngine* best = nullptr;
  for (const CudnnEngine& engine : engines) {
    try {
      const Trial trial(cudnn, stream, problem, engine, memory);
      const bool is_first = &engine == &engines[0];
      if (is_first) expected = trial.result();
      if (const double wrong = difference(trial.result(), expected); !(wrong <= tolerance(problem.precision))) {
        std::fprintf(stderr, "%s: its result differs from the first's by %.1e\n", describe(engine).c_str(), wrong);
        continue;
      }
      if (!trial.is_the_same_everywhere()) {
        std::fprintf(stderr, "%s: its result depends on the place in the batch\n", describe(engine).c_str());
        if (!is_first) continue;  // the first is what there is now
      }
      const double single = trial.single_ms();
      if (single > kHopeless * best_ms + 0.02) continue;  // 0.02: to launch it
      const double ms = trial.best_ms(single);
      if (is_first) first_ms = ms;
      if (ms < best_ms) best_ms = ms, best = &engine;
    } catch (const Error& error) {
      std::fprintf(stderr, "%s: %s\n", describe(engine).c_str(), error.what());
      if (&engine == &engines[0]) return;  // there is nothing to compare the others with
    }
  }
  if (best == nullptr || !(best_ms < kGain * first_ms)) return;
  // Measured again in direct succession, because the GPU's clock rate may have changed in between.
  const auto again = [&](const CudnnEngine& engine) {
    const Trial trial(cudnn, stream, problem, engine, memory);
    return trial.best_ms(trial.single_ms());
  };
  first_ms = again(engines[0]);
  best_ms = again(*best);
  if (!(best_ms < kGain * first_ms)) return;
  std::printf("%s  // %.4f ms, not %.4f\n", engine_line({device.architecture, cudnn.version(), problem, *best}).c_str(),
              best_ms, first_ms);
  std::fflush(stdout);
}

// The most important settings first: bf16, then tf32 and f32 at batch 32, then f16.
std::vector<std::pair<CudaPrecision, int>> in_order(const std::vector<int>& batches) {
  std::vector<std::pair<CudaPrecision, int>> pairs;
  for (const CudaPrecision precision :
       {CudaPrecision::kBf16, CudaPrecision::kTf32, CudaPrecision::kF32, CudaPrecision::kF16}) {
    for (const int batch : batches) pairs.emplace_back(precision, batch);
  }
  const auto rank = [](const std::pair<CudaPrecision, int>& pair) {
    const auto& [precision, batch] = pair;
    return precision == CudaPrecision::kBf16 ? 0 : precision == CudaPrecision::kF16 ? 2 : batch == 32 ? 1 : 3;
  };
  std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return pairs;
}

void propose_all(double seconds, const std::vector<int>& batches) {
  const auto start = Clock::now();
  const CudaDevice device = cuda_devices()[0];
  const CurrentDevice current(device.index);
  const Stream stream;
  const Cudnn cudnn(stream.get());
  for (const auto& [precision, batch] : in_order(batches)) {
    std::vector<ConvProblem> seen;  // some layers have one shape
    for (size_t layer = 0; layer < kVgg16.size(); ++layer) {
      if (!is_conv(layer)) continue;
      const ConvProblem problem = conv_problem(layer, batch, precision);
      if (std::find(seen.begin(), seen.end(), problem) != seen.end()) continue;
      seen.push_back(problem);
      if (Clock::now() - start > std::chrono::duration<double>(seconds)) {
        std::fprintf(stderr, "no time for more, from batch %d, %s on\n", batch, kVgg16[layer].name.data());
        return;
      }
      try {
        propose(device, cudnn, stream, problem);
      } catch (const Error& error) {  // no memory for this shape, say
        std::fprintf(stderr, "batch %d, %s: %s\n", batch, kVgg16[layer].name.data(), error.what());
      }
    }
    std::fprintf(stderr, "batch %d done after %.0f s\n", batch,
                 std::chrono::duration<double>(Clock::now() - start).count());
  }
}

}  // namespace
}  // namespace vgg16

int main(int argc, char** argv) try {
  std::vector<int> batches;
  for (int i = 2; i < argc; ++i) batches.push_back(std::atoi(argv[i]));
  vgg16::propose_all(argc > 1 ? std::atof(argv[1]) : 600, batches.empty() ? std::vector{1, 128, 32} : batches);
} catch (const vgg16::Error& error) {
  std::fprintf(stderr, "vgg16_propose_engines: %s\n", error.what());
  return 1;
}
