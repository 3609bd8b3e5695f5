// Entries for cuDNN's table of engines (kernels/conv3x3_cudnn_table.cpp): times every engine that may be used for each
// convolution of the network on the first GPU, and prints those that beat the heuristic's first by more than 3 %.
//
//   vgg16_propose_engines [BATCH...]          default: 1 32 128
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "backend/cuda_network.h"
#include "kernels/bias_relu.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_device.h"
#include "kernels/cuda_memory.h"
#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr double kGain = 0.97;
constexpr int kRounds = 5;
constexpr int kRunsPerRound = 10;

struct Memory {
  explicit Memory(const ConvProblem& problem)
      : y_shape{problem.in.n, problem.in.h, problem.in.w, problem.oc},
        type(element_type(problem.precision)),
        x(problem.in.count() * element_bytes(type)),
        kernel(int64_t{9} * problem.in.c * problem.oc * element_bytes(type)),
        bias(int64_t{4} * problem.oc),
        y(y_shape.count() * element_bytes(type)) {}
  Shape4 y_shape;
  ElementType type;
  DeviceBuffer x, kernel, bias, y;  // whatever is in them: the time does not depend on it much
};

// The fastest round, in milliseconds a run; infinite where the engine cannot be run.
double time_of(const Cudnn& cudnn, const Stream& stream, const ConvProblem& problem, const CudnnEngine& engine,
               const Memory& memory) {
  double best = std::numeric_limits<double>::infinity();
  try {
    CudnnConv3x3 convolution(cudnn, problem, &engine);
    const DeviceBuffer workspace(convolution.workspace_bytes());
    convolution.bind(memory.x.data(), memory.kernel.data(), memory.bias.data(), memory.y.data(), workspace.data());
    const auto run = [&] {
      convolution.run();
      if (convolution.has_bias_and_relu()) return;
      bias_relu_cuda({memory.y.data(), memory.y_shape, memory.type}, memory.bias.data<float>(),
                     {memory.y.data(), memory.y_shape, memory.type}, stream.get());
    };
    const Event begin;
    const Event end;
    for (int round = 0; round <= kRounds; ++round) {
      begin.record(stream.get());
      for (int i = 0; i < kRunsPerRound; ++i) run();
      end.record(stream.get());
      end.synchronize();
      if (round > 0) best = std::min(best, static_cast<double>(Event::elapsed_ms(begin, end)) / kRunsPerRound);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", describe(engine).c_str(), error.what());
  }
  return best;
}

void propose(const CudaDevice& device, const Cudnn& cudnn, const Stream& stream, const ConvProblem& problem,
             const char* precision) {
  const std::vector<CudnnEngine> engines = cudnn_candidates(cudnn, problem);
  if (engines.empty()) return;
  const Memory memory(problem);
  const double first = time_of(cudnn, stream, problem, engines[0], memory);
  double best_time = first;
  const CudnnEngine* best = &engines[0];
  for (const CudnnEngine& engine : engines) {
    const double time = time_of(cudnn, stream, problem, engine, memory);
    if (time < best_time) {
      best_time = time;
      best = &engine;
    }
  }
  if (!(best_time < kGain * first)) return;
  std::string knobs;
  for (const CudnnEngine::Knob& knob : best->knobs) {
    knobs += (knobs.empty() ? "{" : ", {") + std::to_string(knob.type) + ", " + std::to_string(knob.value) + "}";
  }
  const Shape4& in = problem.in;
  std::printf("{%d, %lld, {{%d, %d, %d, %d}, %d, CudaPrecision::%s}, {%s, %lld, {%s}}},  // %.4f ms, not %.4f\n",
              device.architecture, static_cast<long long>(cudnn.version()), in.n, in.h, in.w, in.c, problem.oc,
              precision, best->bias_and_relu ? "true" : "false", static_cast<long long>(best->index), knobs.c_str(),
              best_time, first);
  std::fflush(stdout);
}

void propose_all(const std::vector<int>& batches) {
  const CudaDevice device = cuda_devices()[0];
  const CurrentDevice current(device.index);
  const Stream stream;
  const Cudnn cudnn(stream.get());
  struct Named {
    CudaPrecision precision;
    const char* name;
  };
  for (const auto [precision, name] : {Named{CudaPrecision::kF32, "kF32"}, Named{CudaPrecision::kTf32, "kTf32"},
                                       Named{CudaPrecision::kF16, "kF16"}, Named{CudaPrecision::kBf16, "kBf16"}}) {
    for (const int batch : batches) {
      std::vector<ConvProblem> seen;  // some layers have one shape
      for (size_t layer = 0; layer < kVgg16.size(); ++layer) {
        if (!is_conv(layer)) continue;
        const ConvProblem problem = conv_problem(layer, batch, precision);
        if (std::find(seen.begin(), seen.end(), problem) != seen.end()) continue;
        seen.push_back(problem);
        propose(device, cudnn, stream, problem, name);
      }
    }
  }
}

}  // namespace
}  // namespace vgg16

int main(int argc, char** argv) try {
  std::vector<int> batches;
  for (int i = 1; i < argc; ++i) batches.push_back(std::atoi(argv[i]));
  vgg16::propose_all(batches.empty() ? std::vector{1, 32, 128} : batches);
} catch (const vgg16::Error& error) {
  std::fprintf(stderr, "vgg16_propose_engines: %s\n", error.what());
  return 1;
}
