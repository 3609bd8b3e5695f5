#include "backend/cuda_forward.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "kernels/adaptive_pool.h"
#include "kernels/bias_relu.h"
#include "kernels/convert.h"
#include "kernels/cuda_check.h"
#include "kernels/maxpool.h"
#include "kernels/preprocess.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr int64_t kFloatBytes = 4;

DeviceIn read(const DeviceOut& view) { return {view.data, view.shape, view.type}; }

}  // namespace

StreamDrain::~StreamDrain() {
  try {
    stream_.synchronize();
  } catch (const Error&) {  // the device has failed; nothing runs on it any more
  }
}

CudaForward::CudaForward(std::shared_ptr<const CudaNetwork> network, Stop stop, int batch)
    : network_(std::move(network)), stop_(stop), batch_(batch), cudnn_(stream_.get()), drain_(stream_) {
  const ElementType type = element_type(network_->precision);
  Shape4 input = input_shape(0, batch);
  input.c = input_channels(network_->precision);
  // Layer i writes activations_[(i + 1) % 2]; each buffer is as large as its largest layer.
  std::array<int64_t, 2> counts = {input.count(), 0};
  int64_t largest_picture = 0;
  for (size_t layer = 0; layer <= stop_.layer; ++layer) {
    int64_t& count = counts[(layer + 1) % 2];
    count = std::max(count, output_shape(layer, batch).count());
    largest_picture = std::max(largest_picture, output_shape(layer, 1).count());
  }
  for (size_t i = 0; i < counts.size(); ++i) activations_[i] = DeviceBuffer(counts[i] * element_bytes(type));
  plan_convolutions();

  const int64_t result_bytes = std::max(features_shape(stop_, batch).count(), largest_picture) * kFloatBytes;
  // The largest of all poolings: run() may be called with another one than the recorded.
  const int64_t pooled_bytes = features_shape({stop_.layer, Pool::k2x2}, batch).count() * kFloatBytes;
  host_pixels_ = PinnedBuffer(batch * kPictureBytes);
  host_result_ = PinnedBuffer(result_bytes);
  pixels_ = DeviceBuffer(batch * kPictureBytes);
  result_ = DeviceBuffer(type == ElementType::kF32 ? pooled_bytes : result_bytes);
  // A first, smaller batch must not compute with uninitialised bytes.
  std::memset(host_pixels_.data(), 0, static_cast<size_t>(host_pixels_.size_bytes()));

  const auto whole_pass = [this] {
    enqueue_pixels();
    enqueue_result(enqueue_layers(stop_.layer), stop_.pool, 0, batch_);
  };
  // Once without recording: CUDA loads kernels at their first launch, which is not allowed while recording.
  whole_pass();
  stream_.synchronize();
  graph_ = CudaGraph::record(stream_.get(), whole_pass);
}

// First plans all convolutions, then allocates one workspace of the largest size, then binds the memory.
void CudaForward::plan_convolutions() {
  int64_t workspace_bytes = 0;
  for (size_t layer = 0; layer <= stop_.layer; ++layer) {
    if (!is_conv(layer)) continue;
    const ConvProblem problem = conv_problem(layer, batch_, network_->precision);
    const CudnnEngine* chosen =
        find_engine(network_->engines, network_->device.architecture, cudnn_.version(), problem);
    const CudnnConv3x3& convolution = convolutions_.emplace_back(cudnn_, problem, chosen);
    workspace_bytes = std::max(workspace_bytes, convolution.workspace_bytes());
  }
  workspace_ = DeviceBuffer(workspace_bytes);
  for (size_t layer = 0; layer <= stop_.layer; ++layer) {
    if (!is_conv(layer)) continue;
    const size_t conv = conv_index(layer);
    convolutions_[conv].bind(activations_[layer % 2].data(), network_->kernels[conv].data(),
                             network_->rounded_biases[conv].data(), activations_[(layer + 1) % 2].data(),
                             workspace_.data());
  }
}

std::vector<CudnnEngine> CudaForward::engines() const {
  std::vector<CudnnEngine> engines;
  for (const CudnnConv3x3& convolution : convolutions_) engines.push_back(convolution.engine());
  return engines;
}

bool CudaForward::is_reduced_precision() const {
  return std::any_of(convolutions_.begin(), convolutions_.end(),
                     [](const CudnnConv3x3& convolution) { return convolution.is_reduced_precision(); });
}

void CudaForward::enqueue_pixels() const {
  VGG16_CUDA_CHECK(cudaMemcpyAsync(pixels_.data(), host_pixels_.data(), static_cast<size_t>(pixels_.size_bytes()),
                                   cudaMemcpyHostToDevice, stream_.get()));
}

// Launches everything from the pixels on the device to layer `last_layer`, and returns a view of its output. Layer i
// always reads activations_[i % 2] and writes the other one, because the convolutions are bound to these addresses.
DeviceIn CudaForward::enqueue_layers(size_t last_layer) const {
  const ElementType type = element_type(network_->precision);
  const CudaStream stream = stream_.get();
  DeviceOut x{activations_[0].data(), input_shape(0, batch_), type};
  x.shape.c = input_channels(network_->precision);
  preprocess_cuda(pixels_.data<uint8_t>(), x, stream);
  // False after a convolution engine without bias and ReLU whose output is max-pooled: then the pool adds them, which
  // saves one pass over the largest activations.
  bool biased = true;
  for (size_t layer = 0; layer <= last_layer; ++layer) {
    const DeviceOut y{activations_[(layer + 1) % 2].data(), output_shape(layer, batch_), type};
    if (is_conv(layer)) {
      const size_t conv = conv_index(layer);
      convolutions_[conv].run();
      const bool pool_follows = layer < last_layer && !is_conv(layer + 1);
      biased = convolutions_[conv].has_bias_and_relu() || !pool_follows;
      if (biased && !convolutions_[conv].has_bias_and_relu()) {
        bias_relu_cuda(read(y), network_->biases[conv].data<float>(), y, stream);
      }
    } else if (biased) {
      maxpool2x2_cuda(read(x), y, stream);
    } else {
      bias_relu_maxpool2x2_cuda(read(x), network_->biases[conv_index(layer) - 1].data<float>(), y, stream);
    }
    x = y;
  }
  return read(x);
}

// Launches what makes float32 features of pictures [first, first + n) of a layer's output: pooling, conversion or,
// where the output is float32 and not pooled, nothing. Returns a view of them on the device.
DeviceIn CudaForward::enqueue_features(DeviceIn layer, Pool pool, int first, int n) const {
  const int64_t picture = layer.shape.count() / layer.shape.n;
  DeviceIn x = layer;
  x.data = static_cast<const char*>(layer.data) + first * picture * element_bytes(layer.type);
  x.shape.n = n;
  if (pool == Pool::kNone && x.type == ElementType::kF32) return x;
  const DeviceOut y{result_.data(), pooled_shape(x.shape, pool), ElementType::kF32};
  assert(y.shape.count() * kFloatBytes <= result_.size_bytes());
  switch (pool) {
    case Pool::kNone:
      convert_cuda(x, y, stream_.get());
      break;
    case Pool::kAvg:
    case Pool::k2x2:
      adaptive_avg_pool_cuda(x, y, stream_.get());
      break;
    case Pool::kMax:
      adaptive_max_pool_cuda(x, y, stream_.get());
      break;
  }
  return read(y);
}

// The same, followed by the copy to host_result_.
void CudaForward::enqueue_result(DeviceIn layer, Pool pool, int first, int n) const {
  const DeviceIn features = enqueue_features(layer, pool, first, n);
  const int64_t bytes = features.shape.count() * kFloatBytes;
  assert(bytes <= host_result_.size_bytes());
  VGG16_CUDA_CHECK(cudaMemcpyAsync(host_result_.data(), features.data, static_cast<size_t>(bytes),
                                   cudaMemcpyDeviceToHost, stream_.get()));
}

CudaForward::WithoutCopies CudaForward::record_without_copies() const {
  DeviceIn features;
  CudaGraph graph = CudaGraph::record(
      stream_.get(), [&] { features = enqueue_features(enqueue_layers(stop_.layer), stop_.pool, 0, batch_); });
  return {std::move(graph), features};
}

CudaForward::OnDevice::~OnDevice() {
  try {
    done.synchronize();
  } catch (const Error&) {  // the device has failed; nothing runs on it any more
  }
}

// A graph can be launched into any stream, so cuDNN keeps its own. The copies on the device take about 1 % of the time.
void CudaForward::enqueue(const uint8_t* images, int n, float* out, CudaStream stream) {
  if (!on_device_) on_device_.emplace(record_without_copies());
  const auto copy = [&](void* to, const void* from, int64_t size_bytes) {
    VGG16_CUDA_CHECK(cudaMemcpyAsync(to, from, static_cast<size_t>(size_bytes), cudaMemcpyDeviceToDevice, stream));
  };
  try {
    on_device_->done.delay(stream);
    copy(pixels_.data(), images, n * kPictureBytes);  // as in run(), a smaller batch keeps earlier pictures behind it
    on_device_->pass.graph.launch(stream);
    copy(out, on_device_->pass.features.data, n * features_shape(stop_, 1).count() * kFloatBytes);
    on_device_->done.record(stream);
  } catch (const Error&) {
    static_cast<void>(cudaStreamSynchronize(stream));  // what is in it uses memory that may now be given back
    throw;
  }
}

void CudaForward::run(const uint8_t* images, int n, Stop stop, float* out) {
  const int64_t row = features_shape(stop, 1).count();
  if (on_device_) on_device_->done.delay(stream_.get());
  // In a smaller batch the remaining places keep the pictures of an earlier one: their results are not read, and no
  // picture's features depend on another picture.
  std::memcpy(host_pixels_.data(), images, static_cast<size_t>(n * kPictureBytes));
  if (stop == stop_) {
    graph_.launch(stream_.get());
    stream_.synchronize();
    std::memcpy(out, host_result_.data(), static_cast<size_t>(n * row * kFloatBytes));
    return;
  }
  // Another layer or pooling than the recorded one: kernels are launched one by one, and the result, which may be
  // larger than host_result_, is copied in parts.
  enqueue_pixels();
  const DeviceIn layer = enqueue_layers(stop.layer);
  const auto at_a_time = static_cast<int>(host_result_.size_bytes() / (row * kFloatBytes));
  for (int first = 0; first < n; first += at_a_time) {
    const int count = std::min(at_a_time, n - first);
    enqueue_result(layer, stop.pool, first, count);
    stream_.synchronize();
    std::memcpy(out + first * row, host_result_.data(), static_cast<size_t>(count * row * kFloatBytes));
  }
}

}  // namespace vgg16
