// The hand-written convolution on the shapes of the network's layers, bias, ReLU and pooling included.
#include <cmath>
#include <random>

#include "bench/cuda_bench.h"
#include "bench/cuda_tensors.h"
#include "kernels/conv3x3_mma.h"
#include "network/vgg16.h"

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

// A whole reference would take longer than all measurements: a few hundred numbers of the batch's last picture.
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
    // Operands of TF32 and results of bfloat16 are rounded by up to 2^-11 and 2^-8; sums here are near 1.
    if (!(std::fabs(static_cast<double>(y[at]) - expected) <= 5e-3 * expected + 2e-2)) {
      state.SkipWithError("the convolution is wrong");
      return;
    }
  }
}

void convolution(benchmark::State& state, size_t index, ElementType type, int batch) {
  const Shape4 x = input_shape(index, batch);
  const bool pool = index + 1 < kVgg16.size() && !is_conv(index + 1);
  const int oc = kVgg16[index].channels;
  const DeviceTensor in(x, type, 1, 0, 1);
  const float scale = 1 / std::sqrt(static_cast<float>(3 * x.c));
  const auto w = decode(encode(random_floats(int64_t{9} * x.c * oc, 2, -scale, scale), type), type);
  std::vector<unsigned char> packed(static_cast<size_t>(packed_kernel_count(x.c, oc) * element_bytes(type)));
  pack_kernel(w.data(), x.c, oc, x.c, type, type == ElementType::kF32 ? KernelRounding::kTf32 : KernelRounding::kNone,
              packed.data());
  DeviceBuffer kernel(static_cast<int64_t>(packed.size()));
  kernel.upload(packed.data(), kernel.size_bytes());
  const DeviceTensor bias({1, 1, 1, oc}, ElementType::kF32, 3);
  const DeviceTensor out(output_shape(pool ? index + 1 : index, batch), type);
  const Stream stream;
  time_on_device(state, stream, [&] {
    conv3x3_bias_relu_cuda(in.in(), kernel.data(), bias.buffer.data<float>(),
                           pool ? Epilogue::kReluMaxPool2x2 : Epilogue::kRelu, out.out(), stream.get());
  });
  report_rate(state, "TFLOP/s", 2e-12 * 9 * x.c * static_cast<double>(output_shape(index, batch).count()));
  check(state, in, w, bias.one, pool, out);
}

}  // namespace

void register_cuda_convolutions() {
  for (const int batch : {1, 32, 128}) {
    for (const ElementType type : {ElementType::kF16, ElementType::kBf16, ElementType::kF32}) {
      for (size_t i = 1; i < kVgg16.size(); ++i) {
        if (!is_conv(i)) continue;
        const std::string name = "cuda/conv3x3_mma/" + std::string(kVgg16[i].name) + "/" +
                                 (type == ElementType::kF32 ? "tf32" : std::string(type_name(type))) +
                                 "/batch:" + std::to_string(batch);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { convolution(state, i, type, batch); })
            ->Unit(benchmark::kMicrosecond)
            ->UseManualTime()
            ->MinTime(0.05);
      }
    }
  }
}

}  // namespace vgg16
