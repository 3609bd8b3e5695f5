#include "backend/backend.h"

#include <string>

#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {

void require_forward(ImagesIn images, int max_batch, size_t last_layer, size_t last_prepared, HostOut features) {
  require(images.n >= 1 && images.n <= max_batch, ErrorCode::kShape,
          "forward: " + std::to_string(images.n) + " pictures, expected 1 to " + std::to_string(max_batch));
  require(last_layer <= last_prepared, ErrorCode::kShape, "forward: no weights were prepared for this layer");
  require(features.shape == output_shape(last_layer, images.n), ErrorCode::kShape,
          "forward: features must be (n, h, w, c) of the last layer");
}

}  // namespace vgg16
