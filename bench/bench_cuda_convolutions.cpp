// The hand-written convolution and cuDNN's on the network's layers, bias, ReLU and pooling included in both.
#include <cmath>
#include <random>

#include "bench/cuda_bench.h"
#include "bench/cuda_tensors.h"
#include "bench/engine_table.h"
#include "kernels/bias_relu.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/conv3x3_filter.h"
#include "kernels/maxpool.h"
#include "lab/conv3x3_mma.h"
#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// What conv3x3_bias_relu_cuda computes before pooling, for one number, in double.
double convolution_at(const std::vector<float>& x, Shape4 shape, const std::vector<float>& w,
                      const std::vector<float>& bias, int i, int j, int o) {
  const auto oc = bias.size();
  auto sum = static_cast<double>(bias[static_cast<size_t>(o)]);
  for (int position = 0; position < 9; ++position) {
    const int row = i + position / 3 - 1;
    const int column = j + position % 3 - 1;
    if (row < 0 || row >= shape.h || column < 0 || column >= shape.w) continue;
    for (int c = 0; c < shape.c; ++c) {
      sum += static_cast<double>(x[static_cast<size_t>((row * shape.w + column) * shape.c + c)]) *
             static_cast<double>(w[static_cast<size_t>(position * shape.c + c) * oc + static_cast<size_t>(o)]);
    }
  }
  return std::max(sum, 0.0);
}

// Checks a few hundred numbers of the batch's last picture; a complete reference would take longer than all
// measurements.
void check(benchmark::State& state, const DeviceTensor& in, const std::vector<float>& w, const std::vector<float>& bias,
           bool pool, const DeviceTensor& out) {
  const auto y = out.last();
  std::mt19937 random(1);
  for (int sample = 0; sample < 300; ++sample) {
    const size_t at = random() % y.size();
    const auto o = static_cast<int>(at % static_cast<size_t>(out.shape.c));
    const auto pixel = static_cast<int>(at / static_cast<size_t>(out.shape.c));
    const int i = pixel / out.shape.w;
    const int j = pixel % out.shape.w;
    double expected = 0;
    for (int k = 0; k < (pool ? 4 : 1); ++k) {
      expected = std::max(expected, pool ? convolution_at(in.one, in.shape, w, bias, 2 * i + k / 2, 2 * j + k % 2, o)
                                         : convolution_at(in.one, in.shape, w, bias, i, j, o));
    }
    // Operands of TF32 and results and biases of bfloat16 are rounded by up to 2^-11 and 2^-8; sums here are near 1.
    if (!(std::fabs(static_cast<double>(y[at]) - expected) <= 5e-3 * expected + 2e-2)) {
      state.SkipWithError("the convolution is wrong");
      return;
    }
  }
}

// A layer of the network with random weights, ready on the device.
struct Layer {
  Shape4 x;
  int oc;
  bool pool;  // the layer after it is one
  ElementType type;
  DeviceTensor in;
  std::vector<float> w;
  DeviceBuffer kernel;  // (oc, 3, 3, ic)
  DeviceTensor bias;
  DeviceTensor out;  // pooled where `pool`
  double operations;

  Layer(size_t index, ElementType element, int batch)
      : x(input_shape(index, batch)),
        oc(kVgg16[index].channels),
        pool(!is_conv(index + 1)),
        type(element),
        in(x, type, 1, 0, 1),
        w(weights(x.c, oc, type)),
        kernel(packed_filter_count(x.c, oc) * element_bytes(type)),
        bias({1, 1, 1, oc}, ElementType::kF32, 3),
        out(output_shape(pool ? index + 1 : index, batch), type),
        operations(2.0 * 9 * x.c * static_cast<double>(output_shape(index, batch).count())) {}

  void upload_kernel(FilterRounding rounding) {
    std::vector<unsigned char> packed(static_cast<size_t>(kernel.size_bytes()));
    pack_filter(w.data(), x.c, oc, x.c, type, rounding, packed.data());
    kernel.upload(packed.data(), kernel.size_bytes());
  }

 private:
  // Scales the weights so that sums are near 1.
  static std::vector<float> weights(int ic, int oc, ElementType type) {
    const float scale = 1 / std::sqrt(static_cast<float>(3 * ic));
    return decode(encode(random_floats(int64_t{9} * ic * oc, 2, -scale, scale), type), type);
  }
};

void by_hand(benchmark::State& state, size_t index, CudaPrecision precision, int batch) try {
  Layer layer(index, element_type(precision), batch);
  layer.upload_kernel(precision == CudaPrecision::kTf32 ? FilterRounding::kTf32 : FilterRounding::kNone);
  const Epilogue epilogue = layer.pool ? Epilogue::kReluMaxPool2x2 : Epilogue::kRelu;
  const Stream stream;
  time_on_device(state, stream, [&] {
    conv3x3_bias_relu_cuda(layer.in.in(), layer.kernel.data(), layer.bias.buffer.data<float>(), epilogue,
                           layer.out.out(), stream.get());
  });
  report_rate(state, "TFLOP/s", 1e-12 * layer.operations);
  check(state, layer.in, layer.w, layer.bias.one, layer.pool, layer.out);
} catch (const Error& error) {
  state.SkipWithError(error.what());
}

// As the CUDA engine does it: cuDNN's engine from the table or the heuristic, and kernels of this project for bias,
// ReLU and pooling if that engine does not include them.
void by_cudnn(benchmark::State& state, size_t index, CudaPrecision precision, int batch) try {
  Layer layer(index, element_type(precision), batch);
  layer.upload_kernel(FilterRounding::kNone);
  const Stream stream;
  const Cudnn cudnn(stream.get());
  cudaDeviceProp device;
  VGG16_CUDA_CHECK(cudaGetDeviceProperties(&device, 0));
  const ConvProblem problem = {layer.x, layer.oc, precision};
  CudnnConv3x3 convolution(
      cudnn, problem, find_engine(engines_to_measure(), device.major * 10 + device.minor, cudnn.version(), problem));
  const DeviceTensor full(output_shape(index, batch), layer.type);
  const DeviceBuffer workspace(convolution.workspace_bytes());
  DeviceBuffer rounded_bias(layer.oc * int64_t{element_bytes(layer.type)});
  const auto bias = encode(layer.bias.one, layer.type);
  rounded_bias.upload(bias.data(), rounded_bias.size_bytes());
  const DeviceTensor& y = layer.pool ? full : layer.out;
  convolution.bind(layer.in.buffer.data(), layer.kernel.data(), rounded_bias.data(), y.buffer.data(), workspace.data());
  time_on_device(state, stream, [&] {
    convolution.run();
    const bool finished = convolution.has_bias_and_relu();
    const auto* b = layer.bias.buffer.data<float>();
    if (layer.pool && finished) maxpool2x2_cuda(full.in(), layer.out.out(), stream.get());
    if (layer.pool && !finished) bias_relu_maxpool2x2_cuda(full.in(), b, layer.out.out(), stream.get());
    if (!layer.pool && !finished) bias_relu_cuda(y.in(), b, y.out(), stream.get());
  });
  report_rate(state, "TFLOP/s", 1e-12 * layer.operations);
  state.SetLabel(describe(convolution.engine()));
  check(state, layer.in, layer.w, layer.bias.one, layer.pool, layer.out);
} catch (const Error& error) {
  state.SkipWithError(error.what());
}

}  // namespace

void register_cuda_convolutions() {
  using Measure = void (*)(benchmark::State&, size_t, CudaPrecision, int);
  const auto add = [](const char* name, Measure measure, size_t index, const char* precision, CudaPrecision value,
                      int batch) {
    const std::string full = std::string("cuda/") + name + "/" + std::string(kVgg16[index].name) + "/" + precision +
                             "/batch:" + std::to_string(batch);
    benchmark::RegisterBenchmark(full.c_str(), [=](benchmark::State& state) { measure(state, index, value, batch); })
        ->Unit(benchmark::kMicrosecond)
        ->UseManualTime()
        ->Iterations(10);  // given, since finding it out would plan and fill everything anew
  };
  for (const int batch : {1, 32, 128}) {
    for (size_t i = 1; i < kVgg16.size(); ++i) {
      if (!is_conv(i)) continue;
      // Without f16, which takes as long as bf16: the time for all benchmarks is limited.
      for (const auto& [precision, value] : {std::pair("bf16", CudaPrecision::kBf16), {"tf32", CudaPrecision::kTf32}}) {
        add("conv3x3_mma", by_hand, i, precision, value, batch);
        add("conv3x3_cudnn", by_cudnn, i, precision, value, batch);
      }
      if (batch == 32) add("conv3x3_cudnn", by_cudnn, i, "f32", CudaPrecision::kF32, batch);
    }
  }
}

}  // namespace vgg16
