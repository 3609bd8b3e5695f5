#include "extract/listed_picture.h"

#include <zlib.h>

#include <vector>

#include "vgg16/preprocess.h"

namespace vgg16 {

uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

Result<Image> load_listed(const std::filesystem::path& path, const PictureFile& picture) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  if (!bytes) return Result<Image>::failure(bytes.reason());
  if (static_cast<int64_t>(bytes.value().size()) != picture.size_bytes || crc32_of(bytes.value()) != picture.crc32) {
    return Result<Image>::failure("changed since the folder was listed");
  }
  return decode_resized(bytes.value(), kInputSide);
}

}  // namespace vgg16
