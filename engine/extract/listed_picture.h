// Loading a picture that list_dataset has listed, and detecting that it has changed since.
#pragma once

#include <filesystem>

#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/image.h"

namespace vgg16 {

/// load_resized(path, 224), but fails if the file's size or CRC-32 is not the one that was listed in `picture`.
[[nodiscard]] Result<Image> load_listed(const std::filesystem::path& path, const PictureFile& picture);

}  // namespace vgg16
