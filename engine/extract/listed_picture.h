// Pictures that the listing of a dataset has summed, so that they are known again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "vgg16/dataset.h"
#include "vgg16/error.h"
#include "vgg16/image.h"

namespace vgg16 {

/// zlib's CRC-32.
[[nodiscard]] uint32_t crc32_of(std::span<const std::byte> bytes);

/// load_image of `path`, at which the listing found `picture`; fails where it is another file by now.
[[nodiscard]] Result<Image> load_listed(const std::filesystem::path& path, const PictureFile& picture);

}  // namespace vgg16
