// Finding the weights that a command uses.
#pragma once

#include <memory>
#include <string>

#include "vgg16/weights.h"

namespace vgg16 {

/// `file`; if it is empty, the value of the environment variable VGG16_WEIGHTS; if that is not set either, empty, which
/// means the weights built into the program.
[[nodiscard]] std::string weights_file(const std::string& file);

/// The weights in weights_file(file). Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] std::shared_ptr<const Weights> load_weights(const std::string& file);

/// The digest of the built-in weights, computed when the program was built.
[[nodiscard]] std::string builtin_weights_digest();

}  // namespace vgg16
