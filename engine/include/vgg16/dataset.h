// A folder of labelled pictures: which files, in which order, with which labels.
//
//   vgg16::Dataset dataset = vgg16::list_dataset("animals", 42, /*threads=*/2);   // one folder per class
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vgg16 {

struct PictureFile {
  std::string path;        ///< below the dataset folder, '/' between parts, bytes as the system gives them
  int64_t label = 0;       ///< index into Dataset::label_names
  int64_t size_bytes = 0;  ///< of the file when it was checked
  uint32_t crc32 = 0;      ///< zlib's CRC-32 of the file's bytes when it was checked
};

struct SkippedPicture {
  std::string path;
  std::string reason;
};

struct Dataset {
  std::filesystem::path folder;
  std::vector<std::string> label_names;  ///< folder names that hold at least one usable picture, sorted bytewise
  std::vector<PictureFile> pictures;     ///< in row order
  std::vector<SkippedPicture> skipped;   ///< sorted bytewise by path
};

/// Finds every picture below `folder` and checks each: read whole, inspected (image.h), summed. Pictures are regular
/// files ending in .jpg, .jpeg or .png in any case; .bmp, .gif, .tif, .tiff and .webp are listed as skipped; other and
/// hidden names are ignored. Links to files and folders are followed, loops skipped. The class is the name of the
/// folder that holds the picture; a picture directly in `folder` is skipped. Candidates are sorted bytewise by path,
/// then, given a seed, put in the order of Python's random.Random(seed).shuffle (MT19937); unusable ones are dropped
/// afterwards. `threads` files are read at a time. Throws Error{kNotFound, kIo} for the folder itself.
[[nodiscard]] Dataset list_dataset(const std::filesystem::path& folder, std::optional<uint64_t> seed, int threads);

/// What may be a picture, by its name.
struct PictureListing {
  std::vector<std::string> paths;       ///< below the folder, as PictureFile::path; sorted bytewise
  std::vector<SkippedPicture> skipped;  ///< folders that cannot be read; sorted bytewise by path
};

/// The same files as list_dataset's, those without a class too, and none of them opened: some may not be pictures.
/// Throws Error{kNotFound, kIo} for the folder itself.
[[nodiscard]] PictureListing list_pictures(const std::filesystem::path& folder);

}  // namespace vgg16
