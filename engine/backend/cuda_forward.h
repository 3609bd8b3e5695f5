// The network on one CUDA stream, for one batch size.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "backend/cuda_network.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_graph.h"
#include "kernels/cuda_memory.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// Waits for a stream when it goes, so that memory is not given back while the device may still use it.
class StreamDrain {
 public:
  explicit StreamDrain(const Stream& stream) : stream_(stream) {}
  ~StreamDrain();
  StreamDrain(const StreamDrain&) = delete;
  StreamDrain& operator=(const StreamDrain&) = delete;

 private:
  const Stream& stream_;
};

/// Takes all memory and all of cuDNN's plans, runs once so that all code is on the device, and records the whole
/// forward pass, copies included, as one graph. The network's device must be current in the constructor, in run() and
/// in the destructor. One thread at a time.
class CudaForward {
 public:
  /// Throws Error{kMemory, kDevice}.
  CudaForward(std::shared_ptr<const CudaNetwork> network, Stop stop, int batch);

  [[nodiscard]] int batch() const { return batch_; }
  /// Where the recorded pass ends; no other ends later.
  [[nodiscard]] Stop stop() const { return stop_; }
  /// The engine of each convolution, by conv index, and whether any uses tensor cores or rounds operands down.
  [[nodiscard]] std::vector<CudnnEngine> engines() const;
  [[nodiscard]] bool is_reduced_precision() const;

  /// images (n, 224, 224, 3), 1 <= n <= batch(), to features_shape(stop, n) float32, both in host memory; waits until
  /// they are there. Always computes a whole batch, so that a picture's numbers do not depend on n. Allocates nothing.
  /// Throws Error{kDevice}, after which the engine must not be used again.
  void run(const uint8_t* images, int n, Stop stop, float* out);

  // For benchmarks, which time the device alone: the pass over the last pictures as run() launches it, and from device
  // memory to device memory, without the copies, both to be launched into stream().
  [[nodiscard]] const CudaGraph& graph() const { return graph_; }
  [[nodiscard]] CudaGraph record_without_copies() const;
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
  DeviceBuffer result_;                      // as host_result_; where activations are float32, of pooled rows alone
  DeviceBuffer workspace_;                   // shared by the convolutions, which run one after another
  CudaGraph graph_;                          // of stop_
  StreamDrain drain_;                        // last, so that it goes first
};

}  // namespace vgg16
