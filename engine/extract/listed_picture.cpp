#include "extract/listed_picture.h"

#include <zlib.h>

#include <vector>

#include "vgg16/feature_table.h"
#include "vgg16/preprocess.h"

namespace vgg16 {

FileContent content_of(std::span<const std::byte> bytes) {
  return {.size_bytes = static_cast<int64_t>(bytes.size()),
          .crc32 = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()))};
}

Result<Image> load_listed(const std::filesystem::path& path, const PictureFile& picture) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  if (!bytes) return Result<Image>::failure(bytes.reason());
  if (content_of(bytes.value()) != FileContent{picture.size_bytes, picture.crc32}) {
    return Result<Image>::failure("changed since the folder was listed");
  }
  return decode_resized(bytes.value(), kInputSide);
}

}  // namespace vgg16
