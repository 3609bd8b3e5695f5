// An engine together with the layer and pooling where the forward pass stops: from pictures to rows of features.
#pragma once

#include <cstdint>

#include "backend/backend.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// One thread at a time. `backend` must outlive it.
class RowComputer {
 public:
  RowComputer(Backend& backend, Stop stop) : backend_(&backend), stop_(stop) {}

  [[nodiscard]] int64_t columns() const { return features_shape(stop_, 1).count(); }
  [[nodiscard]] int max_batch() const { return backend_->max_batch(); }
  [[nodiscard]] int pictures_at_a_time() const { return backend_->pictures_at_a_time(); }

  /// images (n, 224, 224, 3) to rows (n, columns()), 1 <= n <= max_batch(). Allocates nothing.
  /// Throws Error{kShape, kDevice}.
  void compute(ImagesIn images, float* rows) {
    backend_->forward(images, stop_, {rows, features_shape(stop_, images.n)});
  }

 private:
  Backend* backend_;
  Stop stop_;
};

}  // namespace vgg16
