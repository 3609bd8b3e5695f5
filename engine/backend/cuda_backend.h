// The CUDA engine: cuDNN's convolutions, one graph launch per batch, and what happens when the device fails.
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
  /// Computes batches of max_batch pictures, or 128 at most; where the device has no memory for them, half as many,
  /// and so on, which `log` is told. No layer after stop.layer can be asked for;
  /// the pass that ends at `stop` is the one that is recorded.
  /// Throws Error{kMemory, kDevice}.
  CudaBackend(std::shared_ptr<const CudaNetwork> network, Stop stop, int max_batch,
              const std::function<void(const std::string&)>& log);
  ~CudaBackend() override;

  [[nodiscard]] std::string_view name() const override { return "cuda"; }
  /// All that a row's bits depend on beside weights and precision: "sm_90, cuDNN 9.13.0, batches of 32".
  [[nodiscard]] std::string_view instruction_set() const override { return instruction_set_; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  /// After the first failure every further call throws Error{kDevice} saying what it was.
  void forward(ImagesIn images, Stop stop, HostOut features) override;
  /// Of the same batch size, or null where the device has no memory for it.
  [[nodiscard]] std::unique_ptr<Backend> another() const override;

  [[nodiscard]] const CudaForward& on_device() const { return *forward_; }

 private:
  CudaBackend(const CudaBackend& other, std::unique_ptr<CudaForward> forward);

  std::shared_ptr<const CudaNetwork> network_;
  int max_batch_;
  std::unique_ptr<CudaForward> forward_;
  std::string instruction_set_;
  std::string failure_;  // empty while the engine works
};

}  // namespace vgg16
