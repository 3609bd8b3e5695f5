// The interface of an engine that runs the network on a device. Constructors take all memory and make all plans, so a
// lack of memory shows before the first picture and forward() allocates nothing.
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

  /// "cpu" or "cuda".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// What the bits of the features depend on beside weights and precision. CPU: "avx512", "avx2", "portable" or "amx";
  /// GPU: its architecture, cuDNN's version and the batch size, such as "sm_90, cuDNN 9.13.0, batches of 32". In tf32,
  /// f16 and bf16 on a GPU the last bits may also depend on a picture's place in its batch.
  [[nodiscard]] virtual std::string_view instruction_set() const = 0;
  [[nodiscard]] virtual int max_batch() const = 0;
  /// The number of pictures that forward() computes together. A batch that is passed in parts of this size takes no
  /// longer and gives the same bits, so a caller can stop between parts.
  [[nodiscard]] virtual int pictures_at_a_time() const { return max_batch(); }

  /// Subtracts the mean of `images` (n, 224, 224, 3), uint8, RGB, 1 <= n <= max_batch(), runs the layers up to
  /// stop.layer, pools its output over the positions unless stop.pool is kNone, and writes the result, float32 of shape
  /// features_shape(stop, n), to `features`. Returns when they are readable. Allocates nothing. One thread at a time.
  /// Throws Error{kShape, kDevice}, and Error{kCancelled} if BackendOptions::cancelled became true.
  virtual void forward(ImagesIn images, Stop stop, HostOut features) = 0;

  /// On a GPU: the same with pixels (n, 224, 224, 3) and rows in its memory, to the layer and pooling that the engine
  /// was made for; the contract is that of Extractor::extract_on_device. Others throw Error{kInvalidArgument}.
  virtual void forward_on_device(DeviceImagesIn images, DeviceRowsOut rows, void* stream);

  /// A second engine over the same prepared weights, which gives the same bits, for a second thread. Null if one engine
  /// keeps the device busy (a CPU), or if there is no memory for two. Throws Error{kDevice}.
  [[nodiscard]] virtual std::unique_ptr<Backend> another() const { return nullptr; }
};

/// What a call that another thread has cancelled ends with.
[[noreturn]] void throw_cancelled();

/// Checks the arguments of Backend::forward; `last_prepared` is the last layer that the engine has weights for. Throws
/// Error{kShape, kInvalidArgument}.
void require_forward(ImagesIn images, int max_batch, Stop stop, size_t last_prepared, HostOut features);

}  // namespace vgg16
