// Listing a folder of labelled pictures: which files, in which order, with which labels.
//
//   vgg16::Dataset dataset = vgg16::list_dataset("animals", 42, /*threads=*/2);   // one folder per class
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace vgg16 {

struct PictureFile {
  std::string path;        ///< below the dataset folder, '/' between parts; escape_name() (names.h) of its bytes
  int64_t label = 0;       ///< index into Dataset::label_names
  int64_t size_bytes = 0;  ///< of the file when it was checked
  uint32_t crc32 = 0;      ///< zlib's CRC-32 of the file's bytes when it was checked
};

struct SkippedPicture {
  std::string path;  ///< as PictureFile::path
  std::string reason;
};

struct Dataset {
  std::filesystem::path folder;
  std::vector<std::string>
      label_names;                      ///< names of folders with a usable picture, sorted bytewise, then escape_name()
  std::vector<PictureFile> pictures;    ///< in row order
  std::vector<SkippedPicture> skipped;  ///< sorted bytewise by path
  /// Those entries of `skipped` that may hide many pictures, even whole classes: folders that cannot be listed, and
  /// links that cannot be followed and may lead to a folder. (Below a class folder, a link that leads to nothing, or
  /// one whose name ends like a picture's, counts as one picture.) Empty unless Unlisted::kSkip was passed.
  std::vector<SkippedPicture> unlisted;
};

/// What to do if there are entries for Dataset::unlisted: throw, or skip them.
enum class Unlisted { kRefuse, kSkip };

/// Finds every picture below `folder`, reads each and checks it with inspect_image (image.h). Pictures are regular
/// files ending in .jpg, .jpeg, .jpe, .jfif or .png in any case. Of every other file the first bytes are read: pictures
/// of other formats (picture_format in image.h), and JPEG and PNG files with other names, are skipped with a reason
/// that names the format; what is no picture by its first bytes, or cannot be opened, is ignored whatever its name.
/// Hidden names and folders that systems make (@eaDir, $RECYCLE.BIN, System Volume Information, lost+found, __MACOSX)
/// are ignored. A folder whose name ends like a picture's is a folder. Links to files and folders are followed; real
/// folders come first, and a link to a folder that has been listed is skipped. The class is the name of the folder that
/// contains the picture; a picture directly in `folder` has no class and is skipped. Paths are sorted bytewise and, if
/// there is a seed, put in the order of Python's random.Random(seed).shuffle (MT19937); pictures that cannot be used
/// are dropped after that, so one bad picture does not change the order of the others. `threads` files are read at a
/// time. Throws Error{kNotFound, kIo} for `folder` itself and, with Unlisted::kRefuse and before any picture is read,
/// Error{kIo} that names what cannot be listed.
[[nodiscard]] Dataset list_dataset(const std::filesystem::path& folder, std::optional<uint64_t> seed, int threads,
                                   Unlisted unlisted = Unlisted::kRefuse);

/// The pictures of a folder.
struct PictureListing {
  std::vector<std::string> paths;      ///< of files that end like a picture, as PictureFile::path; sorted bytewise
  std::vector<SkippedPicture> others;  ///< other files that are pictures by their first bytes; sorted bytewise by path
  std::vector<SkippedPicture> links;   ///< links to nothing or to a folder listed before; sorted bytewise by path
  std::vector<SkippedPicture> unlisted;  ///< as Dataset::unlisted; sorted bytewise by path
};

/// Lists the files that list_dataset would consider, including those without a class. Opens only files whose names do
/// not end like a picture's, `threads` at a time, as list_dataset does. Throws Error{kNotFound, kIo} for the folder
/// itself.
[[nodiscard]] PictureListing list_pictures(const std::filesystem::path& folder, int threads = 1);

}  // namespace vgg16
#pragma GCC visibility pop
