#include "extract/rows.h"

#include <algorithm>
#include <new>
#include <string>

#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {

void pool_positions(const float* x, Shape4 shape, Pool pool, float* y) {
  require(pool != Pool::kNone, ErrorCode::kInvalidArgument, "pool_positions: pool is none, expected avg or max");
  const int64_t positions = int64_t{shape.h} * shape.w;
  // Channels in blocks, so that a block's sums stay in registers or the nearest cache while the positions go by.
  constexpr int kBlock = 64;
  for (int first = 0; first < shape.c; first += kBlock) {
    const int count = std::min(kBlock, shape.c - first);
    double folded[kBlock];
    for (int c = 0; c < count; ++c) folded[c] = x[first + c];
    for (int64_t p = 1; p < positions; ++p) {
      const float* at = x + p * shape.c + first;
      for (int c = 0; c < count; ++c) {
        if (pool == Pool::kAvg)
          folded[c] += at[c];
        else if (at[c] > folded[c] || at[c] != at[c])  // NaN passes
          folded[c] = at[c];
      }
    }
    const double divisor = pool == Pool::kAvg ? static_cast<double>(positions) : 1.0;
    for (int c = 0; c < count; ++c) y[first + c] = static_cast<float>(folded[c] / divisor);
  }
}

RowComputer::RowComputer(Backend& backend, size_t last_layer, Pool pool)
    : backend_(&backend), last_layer_(last_layer), pool_(pool), columns_(feature_columns(last_layer, pool)) {
  if (pool == Pool::kNone) return;
  const int64_t count = output_shape(last_layer, backend.max_batch()).count();
  try {
    layer_.resize(static_cast<size_t>(count));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kMemory, std::string(layer_name(last_layer)) + ": no memory for " + std::to_string(count) +
                                        " numbers of a batch; choose a smaller batch size");
  }
}

void RowComputer::compute(ImagesIn images, float* rows) {
  require(images.n >= 1 && images.n <= max_batch(), ErrorCode::kShape,
          "a batch of " + std::to_string(images.n) + " pictures, expected 1 to " + std::to_string(max_batch()));
  const Shape4 shape = output_shape(last_layer_, images.n);
  if (pool_ == Pool::kNone) {
    backend_->forward(images, last_layer_, {rows, shape});
    return;
  }
  backend_->forward(images, last_layer_, {layer_.data(), shape});
  const int64_t picture = shape.count() / shape.n;
  for (int n = 0; n < shape.n; ++n) pool_positions(layer_.data() + n * picture, shape, pool_, rows + n * columns_);
}

}  // namespace vgg16
