// A device that runs the network. One interface, narrow on purpose: memory and plans are taken in the constructor.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "network/vgg16.h"
#include "vgg16/tensor.h"

namespace vgg16 {

class Backend {
 public:
  virtual ~Backend() = default;

  /// "cpu" or "cuda", and what it computes with: "avx512", "avx2", ...; on a GPU its architecture, cuDNN's version and
  /// the batch size, since a row's bits depend on all three.
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::string_view instruction_set() const = 0;
  [[nodiscard]] virtual int max_batch() const = 0;
  /// How many pictures forward takes at a time: given a batch in parts of this many, it takes no longer and gives the
  /// same bits.
  [[nodiscard]] virtual int pictures_at_a_time() const { return max_batch(); }

  /// Normalises images (n, 224, 224, 3), uint8, RGB, 1 <= n <= max_batch(), runs the layers up to stop.layer, pools its
  /// output over the positions where stop.pool says so, and writes features_shape(stop, n), float32, to `features`;
  /// blocks until they are readable. Allocates nothing. One thread at a time. Throws Error{kShape, kDevice}.
  virtual void forward(ImagesIn images, Stop stop, HostOut features) = 0;

  /// A second engine over the same prepared weights, which gives the same bits, to be driven by a second thread; null
  /// where one keeps the device busy, or where there is no memory for two. Throws Error{kDevice}.
  [[nodiscard]] virtual std::unique_ptr<Backend> another() const { return nullptr; }
};

/// What every Backend::forward asks of its arguments; `last_prepared` is the last layer that it has weights for. Throws
/// Error{kShape}.
void require_forward(ImagesIn images, int max_batch, Stop stop, size_t last_prepared, HostOut features);

}  // namespace vgg16
