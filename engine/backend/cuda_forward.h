// The forward pass for one batch size on one CUDA stream.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "backend/cuda_network.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_graph.h"
#include "kernels/cuda_memory.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// Waits for a stream in its destructor, so that memory is not released while the device may still use it.
class StreamDrain {
 public:
  explicit StreamDrain(const Stream& stream) : stream_(stream) {}
  ~StreamDrain();
  StreamDrain(const StreamDrain&) = delete;
  StreamDrain& operator=(const StreamDrain&) = delete;

 private:
  const Stream& stream_;
};

/// The constructor takes all memory, plans the convolutions, runs the forward pass once (a kernel's code is loaded at
/// its first launch) and records it, copies included, as one graph. The network's device must be current in the
/// constructor, in run() and in the destructor. One thread at a time.
class CudaForward {
 public:
  /// Throws Error{kMemory, kDevice}.
  CudaForward(std::shared_ptr<const CudaNetwork> network, Stop stop, int batch);

  [[nodiscard]] int batch() const { return batch_; }
  /// Where the recorded pass ends. run() accepts layers up to stop().layer.
  [[nodiscard]] Stop stop() const { return stop_; }
  /// The cuDNN engine of each convolution, by conv index, and whether any of them uses tensor cores or rounds its
  /// operands to a narrower type.
  [[nodiscard]] std::vector<CudnnEngine> engines() const;
  [[nodiscard]] bool is_reduced_precision() const;

  /// Computes features_shape(stop, n), float32, of `images` (n, 224, 224, 3), uint8, 1 <= n <= batch(), both in host
  /// memory; returns when they are readable. Always computes a whole batch, so that a picture's features do not depend
  /// on n. Allocates nothing. Throws Error{kDevice}, after which this object must not be used again.
  void run(const uint8_t* images, int n, Stop stop, float* out);

  /// The same with images and `out` in device memory, to the layer and pooling of stop(). Only puts work into `stream`,
  /// in its order, and after the work of earlier calls in other streams. The first call records a graph for it.
  void enqueue(const uint8_t* images, int n, float* out, CudaStream stream);

  // For enqueue(), and for benchmarks, which time the device alone: the graph that run() launches, and one without the
  // copies between host and device. Both work on the pictures of the last run() and are launched into stream().
  [[nodiscard]] const CudaGraph& graph() const { return graph_; }
  struct WithoutCopies {
    CudaGraph graph;
    DeviceIn features;  ///< where it leaves them
  };
  [[nodiscard]] WithoutCopies record_without_copies() const;
  [[nodiscard]] CudaStream stream() const { return stream_.get(); }

 private:
  void plan_convolutions();
  void enqueue_pixels() const;
  [[nodiscard]] DeviceIn enqueue_layers(size_t last_layer) const;
  [[nodiscard]] DeviceIn enqueue_features(DeviceIn layer, Pool pool, int first, int n) const;
  void enqueue_result(DeviceIn layer, Pool pool, int first, int n) const;

  std::shared_ptr<const CudaNetwork> network_;
  Stop stop_;
  int batch_;
  Stream stream_;
  Cudnn cudnn_;
  std::vector<CudnnConv3x3> convolutions_;  // by conv index
  PinnedBuffer host_pixels_;                // (batch, 224, 224, 3) uint8
  PinnedBuffer host_result_;                // float32: a batch of stop_'s features, and a picture of any layer
  DeviceBuffer pixels_;
  std::array<DeviceBuffer, 2> activations_;  // every layer reads one and writes the other
  DeviceBuffer result_;     // float32 copy of 16-bit activations (as large as host_result_), or pooled rows
  DeviceBuffer workspace_;  // shared by the convolutions, which run one after another
  CudaGraph graph_;         // the pass that ends at stop_
  StreamDrain drain_;       // before the members above, so that nothing runs when they are destroyed
  // What enqueue() has beside; its destructor waits for the work.
  struct OnDevice {
    explicit OnDevice(WithoutCopies recorded) : pass(std::move(recorded)) {}
    ~OnDevice();
    WithoutCopies pass;
    Event done;  // the end of the last call's work, in whatever stream
  };
  std::optional<OnDevice> on_device_;
};

}  // namespace vgg16
