// The launchers, on a device.
#include "kernels/bias_relu.h"
#include "kernels/conv3x3_filter.h"
#include "kernels/convert.h"
#include "kernels/cuda_error.h"
#include "kernels/cuda_memory.h"
#include "kernels/cuda_ops.h"
#include "kernels/global_pool.h"
#include "kernels/maxpool.h"
#include "kernels/preprocess.h"
#include "lab/conv3x3_mma.h"
#include "support/cuda_device.h"

namespace vgg16 {
namespace {

DeviceBuffer on_device(const void* data, int64_t size_bytes) {
  DeviceBuffer buffer(size_bytes);
  buffer.upload(data, size_bytes);
  return buffer;
}

DeviceBuffer on_device(const void* data, Shape4 shape, ElementType type) {
  return on_device(data, shape.count() * element_bytes(type));
}

/// Copied with its fences, so that writes outside the output are found.
struct GuardedOnDevice {
  Guarded& host;
  DeviceBuffer buffer;
  explicit GuardedOnDevice(Guarded& guarded)
      : host(guarded), buffer(on_device(guarded.bytes(), guarded.total_bytes())) {}
  [[nodiscard]] void* data() const { return buffer.data<unsigned char>() + Guarded::kFence; }
  void finish(const Stream& stream) {
    stream.synchronize();
    buffer.download(host.bytes(), host.total_bytes());
  }
};

}  // namespace

std::string reason_to_skip() { return no_device_reason(); }
bool emulated() { return false; }

void run_preprocess(const uint8_t* pictures, Shape4 out_shape, ElementType type, Guarded& out) {
  const DeviceBuffer in = on_device(pictures, int64_t{3} * out_shape.n * out_shape.h * out_shape.w);
  GuardedOnDevice y(out);
  const Stream stream;
  preprocess_cuda(in.data<uint8_t>(), {y.data(), out_shape, type}, stream.get());
  y.finish(stream);
}

void run_bias_relu(const void* in, Shape4 shape, ElementType type, const float* bias, Guarded& out) {
  const DeviceBuffer x = on_device(in, shape, type);
  const DeviceBuffer b = on_device(bias, shape.c * int64_t{4});
  GuardedOnDevice y(out);
  const Stream stream;
  bias_relu_cuda({x.data(), shape, type}, b.data<float>(), {y.data(), shape, type}, stream.get());
  y.finish(stream);
}

void run_bias_relu_in_place(Guarded& values, Shape4 shape, ElementType type, const float* bias) {
  const DeviceBuffer b = on_device(bias, shape.c * int64_t{4});
  GuardedOnDevice y(values);
  const Stream stream;
  bias_relu_cuda({y.data(), shape, type}, b.data<float>(), {y.data(), shape, type}, stream.get());
  y.finish(stream);
}

void run_maxpool(const void* in, Shape4 shape, ElementType type, const float* bias_or_null, Guarded& out) {
  const DeviceBuffer x = on_device(in, shape, type);
  const DeviceBuffer b = on_device(bias_or_null, bias_or_null == nullptr ? 0 : shape.c * int64_t{4});
  GuardedOnDevice y(out);
  const Stream stream;
  const DeviceOut to = {y.data(), {shape.n, shape.h / 2, shape.w / 2, shape.c}, type};
  if (bias_or_null == nullptr)
    maxpool2x2_cuda({x.data(), shape, type}, to, stream.get());
  else
    bias_relu_maxpool2x2_cuda({x.data(), shape, type}, b.data<float>(), to, stream.get());
  y.finish(stream);
}

void run_convert(const void* in, Shape4 shape, ElementType type, ElementType out_type, Guarded& out) {
  const DeviceBuffer x = on_device(in, shape, type);
  GuardedOnDevice y(out);
  const Stream stream;
  convert_cuda({x.data(), shape, type}, {y.data(), shape, out_type}, stream.get());
  y.finish(stream);
}

void run_global_pool(const void* in, Shape4 shape, ElementType type, Pool pool, Guarded& out) {
  const DeviceBuffer x = on_device(in, shape, type);
  GuardedOnDevice y(out);
  const Stream stream;
  const DeviceOut to = {y.data(), {shape.n, 1, 1, shape.c}, ElementType::kF32};
  if (pool == Pool::kAvg)
    global_avg_pool_cuda({x.data(), shape, type}, to, stream.get());
  else
    global_max_pool_cuda({x.data(), shape, type}, to, stream.get());
  y.finish(stream);
}

void run_conv3x3(const void* in, Shape4 shape, ElementType type, const void* packed, const float* bias, int oc,
                 Epilogue epilogue, Guarded& out) {
  const DeviceBuffer x = on_device(in, shape, type);
  const DeviceBuffer w = on_device(packed, packed_filter_count(shape.c, oc) * element_bytes(type));
  const DeviceBuffer b = on_device(bias, oc * int64_t{4});
  GuardedOnDevice y(out);
  const Stream stream;
  const int shrink = epilogue == Epilogue::kReluMaxPool2x2 ? 2 : 1;
  conv3x3_bias_relu_cuda({x.data(), shape, type}, w.data(), b.data<float>(), epilogue,
                         {y.data(), {shape.n, shape.h / shrink, shape.w / shrink, oc}, type}, stream.get());
  y.finish(stream);
}

}  // namespace vgg16
