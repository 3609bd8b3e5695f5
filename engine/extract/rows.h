// From a batch of pictures to rows of numbers: forward, then pooling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/backend.h"
#include "vgg16/layer.h"
#include "vgg16/tensor.h"

namespace vgg16 {

/// Pools x, one picture's layer (h, w, c), over its positions to y (c). The mean is summed in double, position by
/// position, and rounded once. Pool::kNone is not pooling and throws Error{kInvalidArgument}.
void pool_positions(const float* x, Shape4 shape, Pool pool, float* y);

/// A backend stopped at one layer. Holds that layer's output where it must be pooled. One thread at a time; the backend
/// must outlive it.
class RowComputer {
 public:
  /// Takes max_batch() pictures' worth of the layer if `pool` is not kNone. Throws Error{kMemory}.
  RowComputer(Backend& backend, size_t last_layer, Pool pool);

  [[nodiscard]] int64_t columns() const { return columns_; }
  [[nodiscard]] int max_batch() const { return backend_->max_batch(); }
  [[nodiscard]] int pictures_at_a_time() const { return backend_->pictures_at_a_time(); }

  /// images (n, 224, 224, 3) to rows (n, columns()), 1 <= n <= max_batch(). Allocates nothing.
  /// Throws Error{kShape, kDevice}.
  void compute(ImagesIn images, float* rows);

 private:
  Backend* backend_;
  size_t last_layer_;
  Pool pool_;
  int64_t columns_;
  std::vector<float> layer_;  // (max_batch, h, w, c), or empty without pooling
};

}  // namespace vgg16
