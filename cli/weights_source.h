// Where a command's weights come from.
#pragma once

#include <memory>
#include <string>

#include "vgg16/weights.h"

namespace vgg16 {

/// `file`, else what the environment variable VGG16_WEIGHTS names, else empty: the weights built into this program.
[[nodiscard]] std::string weights_file(const std::string& file);

/// The weights in weights_file(file). Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] std::shared_ptr<const Weights> load_weights(const std::string& file);

/// Digest of the built-in weights, without reading them.
[[nodiscard]] std::string builtin_weights_digest();

}  // namespace vgg16
