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
  /// Those of `skipped` behind which any number of pictures may be missing, even whole classes: folders that cannot be
  /// listed, and links that cannot be followed, unless these stand deeper than directly in `folder` and lead to nothing
  /// or have a picture's ending. Empty unless asked for by Unlisted::kSkip.
  std::vector<SkippedPicture> unlisted;
};

/// What to do about folders that cannot be listed.
enum class Unlisted { kRefuse, kSkip };

/// Finds every picture below `folder` and checks each: read whole, inspected (image.h), summed. Pictures are regular
/// files ending in .jpg, .jpeg, .jpe, .jfif or .png in any case; .bmp, .gif, .tif, .tiff and .webp are listed as
/// skipped; other and hidden names and systems' own folders (@eaDir, $RECYCLE.BIN, System Volume Information,
/// lost+found, __MACOSX) are ignored. A folder is a folder whatever its name. Links to files and folders are followed;
/// real folders come first, and a link to a folder that is listed already is skipped. The class is the name of the
/// folder that holds the picture; a picture directly in `folder` is skipped. Candidates are sorted bytewise by path,
/// then, given a seed, put in the order of Python's random.Random(seed).shuffle (MT19937); unusable ones are dropped
/// afterwards. `threads` files are read at a time. Throws Error{kNotFound, kIo} for the folder itself, and Error{kIo}
/// with their names, before any picture is read, for folders that cannot be listed, unless these are to be skipped.
[[nodiscard]] Dataset list_dataset(const std::filesystem::path& folder, std::optional<uint64_t> seed, int threads,
                                   Unlisted unlisted = Unlisted::kRefuse);

/// What may be a picture, by its name.
struct PictureListing {
  std::vector<std::string> paths;        ///< below the folder, as PictureFile::path; sorted bytewise
  std::vector<SkippedPicture> links;     ///< to nothing, or to a folder that is listed already; sorted bytewise by path
  std::vector<SkippedPicture> unlisted;  ///< as Dataset::unlisted; sorted bytewise by path
};

/// The same files as list_dataset's, those without a class too, and none of them opened: some may not be pictures.
/// Throws Error{kNotFound, kIo} for the folder itself.
[[nodiscard]] PictureListing list_pictures(const std::filesystem::path& folder);

}  // namespace vgg16
