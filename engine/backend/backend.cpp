#include "backend/backend.h"

#include <string>

#include "vgg16/error.h"

namespace vgg16 {

void throw_cancelled() { throw Error(ErrorCode::kCancelled, "cancelled"); }

void Backend::forward_on_device(DeviceImagesIn, DeviceRowsOut, void*) {
  throw Error(ErrorCode::kInvalidArgument,
              "memory of a GPU is given, and this engine runs on the CPU; make it with device cuda");
}

void require_forward(ImagesIn images, int max_batch, Stop stop, size_t last_prepared, HostOut features) {
  if (images.n < 1 || images.n > max_batch) {  // no message is made where it is not needed: forward allocates nothing
    throw Error(ErrorCode::kShape,
                "forward: " + std::to_string(images.n) + " pictures, expected 1 to " + std::to_string(max_batch));
  }
  require(images.data != nullptr && features.data != nullptr, ErrorCode::kInvalidArgument,
          "forward: a null pointer instead of pixels or of room for the features");
  require(stop.layer <= last_prepared, ErrorCode::kShape,
          "forward: the layer is after the last one that this engine was made for");
  require(features.shape == features_shape(stop, images.n), ErrorCode::kShape,
          "forward: features must be (n, h, w, c) of the last layer, or (n, 1, 1, c) if it is pooled");
}

}  // namespace vgg16
