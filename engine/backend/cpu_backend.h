// The CPU engine: Winograd convolutions on all threads. Features do not depend on the batch size or number of threads.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu_common.h"
#include "backend/cpu_convolution.h"
#include "backend/cpu_network.h"

namespace vgg16 {

class CpuBackend final : public Backend {
 public:
  /// Takes the memory for layers 0..last_layer, which `network` must have. Throws Error{kMemory, kInvalidArgument}.
  CpuBackend(std::shared_ptr<const CpuNetwork> network, std::unique_ptr<ThreadPool> threads, size_t last_layer,
             int max_batch);

  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] std::string_view instruction_set() const override { return network_->kernels->name; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  [[nodiscard]] int pictures_at_a_time() const override;
  void forward(ImagesIn images, Stop stop, HostOut features) override;

 private:
  void forward_group(ImagesIn images, Stop stop, float* features);
  void normalise(const uint8_t* picture);
  void first_convolution(const Plane& out);
  [[nodiscard]] Plane* planes_after(size_t layer, size_t last_layer);

  std::shared_ptr<const CpuNetwork> network_;
  std::unique_ptr<ThreadPool> threads_;
  size_t last_layer_;
  int max_batch_;
  FloatArray input_;                                    // (226, 226, 3), normalised
  std::array<FloatArray, 4> memory_;                    // shared by the planes of inputs_ (place_inputs says how)
  std::array<std::vector<Plane>, kConvLayers> inputs_;  // by conv index: what that convolution reads, per picture
  OutputPlanes output_;
  CpuScratch scratch_;
};

}  // namespace vgg16
