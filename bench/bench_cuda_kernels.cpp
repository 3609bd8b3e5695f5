// The element-wise kernels of the CUDA engine. They are limited by memory bandwidth, so the result is in GB/s.
#include <cmath>

#include "bench/cuda_bench.h"
#include "bench/cuda_tensors.h"
#include "kernels/adaptive_pool.h"
#include "kernels/bias_relu.h"
#include "kernels/convert.h"
#include "kernels/maxpool.h"
#include "kernels/preprocess.h"
#include "kernels/reference.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// `y` against what `expected` gives for each number, to within `relative` of it.
void check(benchmark::State& state, const std::vector<float>& y, double relative,
           const std::function<double(size_t)>& expected) {
  for (size_t i = 0; i < y.size(); ++i) {
    const double wanted = expected(i);
    if (!(std::fabs(static_cast<double>(y[i]) - wanted) <= relative * std::fabs(wanted) + 1e-6)) {
      state.SkipWithError("the result is wrong");
      return;
    }
  }
}

double rounding(ElementType type) { return type == ElementType::kF32 ? 1e-6 : type == ElementType::kF16 ? 1e-3 : 8e-3; }

void preprocess(benchmark::State& state, ElementType type, int channels, int batch) {
  const auto picture = random_bytes(int64_t{224} * 224 * 3, 1);
  std::vector<uint8_t> pictures;
  for (int n = 0; n < batch; ++n) pictures.insert(pictures.end(), picture.begin(), picture.end());
  DeviceBuffer in(static_cast<int64_t>(pictures.size()));
  in.upload(pictures.data(), in.size_bytes());
  const DeviceTensor out({batch, 224, 224, channels}, type);
  const Stream stream;
  time_on_device(state, stream, [&] { preprocess_cuda(in.data<uint8_t>(), out.out(), stream.get()); });
  report_rate(state, "GB/s", static_cast<double>(in.size_bytes() + out.buffer.size_bytes()) / 1e9);
  const auto expected = preprocess_reference(picture.data());
  const auto c = static_cast<size_t>(channels);
  check(state, out.last(), rounding(type), [&](size_t i) { return i % c < 3 ? expected[i / c * 3 + i % c] : 0.0; });
}

void bias_relu(benchmark::State& state, ElementType type, Shape4 shape) {
  const DeviceTensor in(shape, type, 3);
  const DeviceTensor bias({1, 1, 1, shape.c}, ElementType::kF32, 4);
  const DeviceTensor out(shape, type);
  const Stream stream;
  time_on_device(state, stream, [&] { bias_relu_cuda(in.in(), bias.buffer.data<float>(), out.out(), stream.get()); });
  report_rate(state, "GB/s", 2 * static_cast<double>(in.buffer.size_bytes()) / 1e9);
  check(state, out.last(), rounding(type), [&](size_t i) {
    return std::max(static_cast<double>(in.one[i] + bias.one[i % static_cast<size_t>(shape.c)]), 0.0);
  });
}

void maxpool(benchmark::State& state, ElementType type, Shape4 shape, bool with_bias) {
  const DeviceTensor in(shape, type, 6);
  const DeviceTensor bias({1, 1, 1, shape.c}, ElementType::kF32, 7);
  const DeviceTensor out({shape.n, shape.h / 2, shape.w / 2, shape.c}, type);
  const Stream stream;
  time_on_device(state, stream, [&] {
    if (with_bias)
      bias_relu_maxpool2x2_cuda(in.in(), bias.buffer.data<float>(), out.out(), stream.get());
    else
      maxpool2x2_cuda(in.in(), out.out(), stream.get());
  });
  report_rate(state, "GB/s", 1.25 * static_cast<double>(in.buffer.size_bytes()) / 1e9);
  const std::vector<double> x(in.one.begin(), in.one.end());
  const auto pooled = maxpool2x2_reference(x.data(), {1, shape.h, shape.w, shape.c});
  check(state, out.last(), rounding(type), [&](size_t i) {
    const auto b = static_cast<double>(bias.one[i % static_cast<size_t>(shape.c)]);
    return with_bias ? std::max(pooled[i] + b, 0.0) : pooled[i];
  });
}

void convert(benchmark::State& state, ElementType type, Shape4 shape) {
  const DeviceTensor in(shape, type, 9);
  const DeviceTensor out(shape, ElementType::kF32);
  const Stream stream;
  time_on_device(state, stream, [&] { convert_cuda(in.in(), out.out(), stream.get()); });
  report_rate(state, "GB/s", static_cast<double>(in.buffer.size_bytes() + out.buffer.size_bytes()) / 1e9);
  check(state, out.last(), 0, [&](size_t i) { return static_cast<double>(in.one[i]); });
}

void adaptive_avg_pool(benchmark::State& state, ElementType type, Shape4 shape, int side) {
  const DeviceTensor in(shape, type, 11, 0, 1);
  const DeviceTensor out({shape.n, side, side, shape.c}, ElementType::kF32);
  const Stream stream;
  time_on_device(state, stream, [&] { adaptive_avg_pool_cuda(in.in(), out.out(), stream.get()); });
  report_rate(state, "GB/s", static_cast<double>(in.buffer.size_bytes()) / 1e9);
  const std::vector<double> x(in.one.begin(), in.one.end());
  const auto pooled = adaptive_avg_pool_reference(x.data(), {1, shape.h, shape.w, shape.c}, side);
  check(state, out.last(), 1e-5, [&](size_t i) { return pooled.values[i]; });
}

// The bandwidth of a copy between buffers far larger than the L2 cache, of which the other results are shares.
void copy(benchmark::State& state) {
  const DeviceTensor from({16, 1, 1, 1 << 24}, ElementType::kF32, 10);
  const DeviceTensor to(from.shape, ElementType::kF32);
  const Stream stream;
  time_on_device(state, stream, [&] { convert_cuda(from.in(), to.out(), stream.get()); });
  report_rate(state, "GB/s", 2 * static_cast<double>(from.buffer.size_bytes()) / 1e9);
}

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  const auto guarded = [=](benchmark::State& state) {
    try {
      function(state, arguments...);
    } catch (const Error& error) {
      state.SkipWithError(error.what());
    }
  };
  benchmark::RegisterBenchmark(name.c_str(), guarded)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(20);
}

}  // namespace

void register_cuda_kernels() {
  add("cuda/copy", copy);
  for (const ElementType type : {ElementType::kF32, ElementType::kF16, ElementType::kBf16}) {
    for (const int batch : {1, 128}) {
      const std::string rest = "/" + std::string(type_name(type)) + "/batch:" + std::to_string(batch);
      add("cuda/preprocess_8" + rest, preprocess, type, 8, batch);
      add("cuda/preprocess_4" + rest, preprocess, type, 4, batch);
      add("cuda/bias_relu" + rest, bias_relu, type, Shape4{batch, 112, 112, 128});
      add("cuda/maxpool2x2" + rest, maxpool, type, Shape4{batch, 112, 112, 128}, false);
      add("cuda/bias_relu_maxpool2x2" + rest, maxpool, type, Shape4{batch, 112, 112, 128}, true);
      if (type != ElementType::kF32) add("cuda/convert" + rest, convert, type, Shape4{batch, 7, 7, 512});
      for (const int side : {1, 2}) {
        add("cuda/adaptive_avg_pool/side:" + std::to_string(side) + rest, adaptive_avg_pool, type,
            Shape4{batch, 7, 7, 512}, side);
      }
    }
  }
}

}  // namespace vgg16
