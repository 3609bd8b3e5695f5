// Random weights of the right shapes, whose activations have a realistic range, for tests and benchmarks that do not
// need the trained weights.
#include <cmath>
#include <memory>
#include <vector>

#include "vocabulary/floating_point.h"
#include "weights/tensor_weights.h"

namespace vgg16 {
namespace {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). Not a distribution of <random>: their sequences differ between
// standard libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  /// Uniform in [-1, 1), a multiple of 2^-23.
  float symmetric() {
    state_ += 0x9E3779B97F4A7C15U;
    uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return static_cast<float>(static_cast<int32_t>(z >> 40U) - (1 << 23)) * 0x1p-23F;
  }

 private:
  uint64_t state_;
};

}  // namespace

std::shared_ptr<const Weights> Weights::synthetic(uint64_t seed) {
  const StandardFloatingPoint mode;
  auto arrays = std::make_shared<std::vector<std::vector<float>>>();
  std::array<ConvTensors, kConvLayers> tensors;
  Random random(seed);
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    const ConvShape shape = conv_shape(conv);
    // He et al., arXiv:1502.01852, equation 10: variance 2 / (9 ic); a uniform of half-width a has variance a^2 / 3.
    const float half_width = std::sqrt(6.0F / (9.0F * static_cast<float>(shape.ic)));
    for (const auto& [count, scale] :
         {std::pair(kernel_count(shape), half_width), {static_cast<size_t>(shape.oc), 0.1F}}) {
      auto& values = arrays->emplace_back(count);
      for (float& value : values) value = scale * random.symmetric();
      (count == kernel_count(shape) ? tensors[conv].kernel : tensors[conv].bias) = std::as_bytes(std::span(values));
    }
  }
  return std::make_shared<TensorWeights>(tensors, WeightsType::kF32, "synthetic weights", "", arrays);
}

}  // namespace vgg16
