// The CPU engine: Winograd convolutions on every core, results that do not depend on batch or threads.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu_network.h"

namespace vgg16 {

class CpuBackend final : public Backend {
 public:
  /// Takes all memory that forward needs. Throws Error{kMemory}.
  CpuBackend(std::shared_ptr<const CpuNetwork> network, std::unique_ptr<ThreadPool> pool, int max_batch);

  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] std::string_view instruction_set() const override { return network_->kernels->name; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  void forward(ImagesIn images, size_t last_layer, HostOut features) override;

 private:
  void allocate();
  void forward_group(ImagesIn images, size_t last_layer, float* features);
  void convolve_in_strips(size_t conv, bool pool, const Plane& in, const Plane& out);
  void convolve_in_panels(size_t conv, bool pool, const Plane* in, int n, const Plane* out);
  [[nodiscard]] Plane* planes_after(size_t layer, size_t last_layer);

  std::shared_ptr<const CpuNetwork> network_;
  std::unique_ptr<ThreadPool> pool_;
  int max_batch_;
  FloatArray input_;                                    ///< (226, 226, 3), normalised
  std::vector<FloatArray> memory_;                      ///< of the planes
  std::array<std::vector<Plane>, kConvLayers> inputs_;  ///< by conv index: what that convolution reads, per picture
  std::vector<Plane> output_;                           ///< of the layer asked for, reshaped per call, per picture
  FloatArray output_memory_;
  std::vector<FloatArray> tiles_;     ///< per thread: transformed tiles of a strip
  std::vector<FloatArray> products_;  ///< per thread
  FloatArray shared_tiles_;           ///< transformed tiles of a whole group of pictures
};

}  // namespace vgg16
