// The engine on AMX: direct convolutions of bfloat16 on all threads. Features do not depend on the batch size or number
// of threads.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "backend/amx_convolution.h"
#include "backend/amx_network.h"
#include "backend/backend.h"
#include "backend/cpu_common.h"

namespace vgg16 {

class AmxBackend final : public Backend {
 public:
  /// Takes the memory for layers 0..last_layer, which `network` must have. `kernels` is conv3x3_amx(), or their
  /// stand-in in tests. Throws Error{kMemory, kInvalidArgument}.
  AmxBackend(std::shared_ptr<const AmxNetwork> network, const Conv3x3Amx& kernels, std::unique_ptr<ThreadPool> threads,
             size_t last_layer, int max_batch);

  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] std::string_view instruction_set() const override { return "amx"; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  [[nodiscard]] int pictures_at_a_time() const override;
  void forward(ImagesIn images, Stop stop, HostOut features) override;

 private:
  void forward_group(ImagesIn images, Stop stop, float* features);
  void first_two(ImagesIn images, int first, size_t last_layer);
  void run_layer(size_t layer, int first, int n, size_t last_layer);
  [[nodiscard]] Bf16Plane* input_of(size_t conv, int picture);

  std::shared_ptr<const AmxNetwork> network_;
  const Conv3x3Amx& kernels_;
  std::unique_ptr<ThreadPool> threads_;
  AmxStrips strips_;
  size_t last_layer_;
  int max_batch_;
  int early_ = 1;                                           // pictures that go through the early layers together
  std::array<FloatArray, 4> memory_;                        // of the planes: pairs of bfloat16
  std::array<std::vector<Bf16Plane>, kConvLayers> inputs_;  // by conv index, from 2 on: what it reads, per picture
  OutputPlanes output_;
};

}  // namespace vgg16
