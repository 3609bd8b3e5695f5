// The CUDA engine: batches of any size on top of CudaForward, and what happens when memory is short or the device
// fails.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backend/backend.h"
#include "backend/cuda_forward.h"
#include "backend/cuda_network.h"

namespace vgg16 {

class CudaBackend final : public Backend {
 public:
  /// Computes batches of max_batch pictures, at most 128. If the device has no memory for them, the batch is halved
  /// until it has, and `log` is told. forward() can be called for layers up to stop.layer; the pass that ends exactly
  /// at `stop` is recorded as a graph, others are slower. Throws Error{kMemory, kDevice, kInvalidArgument}.
  CudaBackend(std::shared_ptr<const CudaNetwork> network, Stop stop, int max_batch,
              const std::function<void(const std::string&)>& log);
  ~CudaBackend() override;

  [[nodiscard]] std::string_view name() const override { return "cuda"; }
  [[nodiscard]] std::string_view instruction_set() const override { return instruction_set_; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  [[nodiscard]] int pictures_at_a_time() const override { return forward_->batch(); }
  /// After a failure, every later call throws Error{kDevice} with the first reason.
  void forward(ImagesIn images, Stop stop, HostOut features) override;
  void forward_on_device(DeviceImagesIn images, DeviceRowsOut rows, void* stream) override;
  /// An engine of the same batch size, or null if the device has no memory for it.
  [[nodiscard]] std::unique_ptr<Backend> another() const override;

  /// For tests and benchmarks.
  [[nodiscard]] const CudaForward& on_device() const { return *forward_; }

 private:
  CudaBackend(const CudaBackend& other, std::unique_ptr<CudaForward> forward);
  // Calls work() with the device current, and remembers if it failed.
  template <class Work>
  void attempt(Work work);

  std::shared_ptr<const CudaNetwork> network_;
  int max_batch_;
  std::unique_ptr<CudaForward> forward_;
  std::string instruction_set_;
  std::string failure_;  // empty while the engine works
};

}  // namespace vgg16
