// The first blocks of the network for a batch of 128, computed a few pictures at a time: do activations that stay in
// the L2 cache from layer to layer save more time than smaller launches cost?
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "backend/cuda_network.h"
#include "bench/cuda_bench.h"
#include "bench/cuda_tensors.h"
#include "bench/engine_table.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_device.h"
#include "kernels/maxpool.h"
#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr int kBatch = 128;
constexpr CudaPrecision kPrecision = CudaPrecision::kBf16;
constexpr ElementType kType = element_type(kPrecision);

void in_chunks(benchmark::State& state, size_t last_layer, int chunk) try {
  const int architecture = cuda_devices()[0].architecture;
  const Stream stream;
  const Cudnn cudnn(stream.get());
  const DeviceTensor in(conv_problem(0, kBatch, kPrecision).in, kType, 1, 0, 1);
  const DeviceTensor out(output_shape(last_layer, kBatch), kType);
  std::vector<DeviceTensor> kernels;
  std::vector<DeviceTensor> biases;
  std::vector<CudnnConv3x3> convolutions;
  std::array<DeviceBuffer, 2> between;
  int64_t largest = 0;
  int64_t workspace_bytes = 0;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    largest = std::max(largest, output_shape(layer, chunk).count() * element_bytes(kType));
    if (!is_conv(layer)) continue;
    const ConvProblem problem = conv_problem(layer, chunk, kPrecision);
    const float scale = 1 / std::sqrt(static_cast<float>(3 * problem.in.c));
    kernels.emplace_back(Shape4{1, 3 * problem.oc, 3, problem.in.c}, kType, 2, -scale, scale);
    biases.emplace_back(Shape4{1, 1, 1, problem.oc}, kType, 3);
    convolutions.emplace_back(cudnn, problem,
                              find_engine(engines_to_measure(), architecture, cudnn.version(), problem));
    require(convolutions.back().has_bias_and_relu(), ErrorCode::kDevice, "an engine leaves bias and ReLU to others");
    workspace_bytes = std::max(workspace_bytes, convolutions.back().workspace_bytes());
  }
  for (DeviceBuffer& buffer : between) buffer = DeviceBuffer(largest);
  const DeviceBuffer workspace(workspace_bytes);
  const auto at = [](const DeviceTensor& tensor, int picture) {
    return static_cast<void*>(tensor.buffer.data<char>() + tensor.buffer.size_bytes() / kBatch * picture);
  };
  time_on_device(state, stream, [&] {
    for (int first = 0; first < kBatch; first += chunk) {
      const void* x = at(in, first);
      for (size_t layer = 0; layer <= last_layer; ++layer) {
        void* y = layer == last_layer ? at(out, first) : between[layer % 2].data();
        if (is_conv(layer)) {
          const size_t conv = conv_index(layer);
          convolutions[conv].bind(x, kernels[conv].buffer.data(), biases[conv].buffer.data(), y, workspace.data());
          convolutions[conv].run();
        } else {
          maxpool2x2_cuda({x, input_shape(layer, chunk), kType}, {y, output_shape(layer, chunk), kType}, stream.get());
        }
        x = y;
      }
    }
  });
  report_rate(state, "pictures/s", kBatch);
  const std::vector<float> last = out.last();
  if (!std::all_of(last.begin(), last.end(), [](float value) { return std::isfinite(value); }) ||
      std::none_of(last.begin(), last.end(), [](float value) { return value > 0; }))
    state.SkipWithError("the activations are not finite, or none is above 0");
  if (out.bytes_of(0) != out.bytes_of(kBatch - 1)) state.SkipWithError("equal pictures give different bits");
} catch (const Error& error) {
  state.SkipWithError(error.what());
}

}  // namespace

void register_cuda_chunks() {
  for (const int blocks : {1, 2, 3}) {
    const size_t last_layer = blocks == 1 ? 2 : blocks == 2 ? 5 : 9;
    for (const int chunk : {kBatch, 32, 16, 8, 4, 2}) {
      const std::string name =
          "cuda/chunks/blocks:" + std::to_string(blocks) + "/bf16/at_a_time:" + std::to_string(chunk);
      benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { in_chunks(state, last_layer, chunk); })
          ->Unit(benchmark::kMicrosecond)
          ->UseManualTime()
          ->Iterations(5);
    }
  }
}

}  // namespace vgg16
