// Listing a folder of labelled pictures: which files, in which order, with which labels.
//
//   vgg16::Dataset dataset = vgg16::list_dataset("animals", 42, /*threads=*/2);   // one folder per class
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
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
  int64_t repeated = 0;  ///< how many entries of a list name a picture that an earlier one named
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

/// A picture of a list.
struct LabelledPath {
  std::string path;  ///< as the system gives it: below the dataset folder, or absolute
  /// Its class; none: the name of the folder that contains the picture, as in a folder of class folders. Empty: it has
  /// no label, and is skipped.
  std::optional<std::string> label = {};
};

/// The same for the pictures of a list instead of all below `folder`. Each is used whatever its name ends with. "./"
/// and repeated slashes in a path are left out, and of an absolute path below `folder` the part below it is taken.
/// Without a seed the pictures are in the order of the list; with one, the order of the list does not matter. A picture
/// that cannot be read, or has neither a label nor a folder in its path, is skipped; one that is named again has one
/// row. Throws Error{kRefused} if a picture is named again with another label.
[[nodiscard]] Dataset list_dataset(const std::filesystem::path& folder, std::span<const LabelledPath> pictures,
                                   std::optional<uint64_t> seed, int threads);

/// Reads a table of pictures and their labels: comma-separated values in UTF-8 (RFC 4180), with a header that calls one
/// column "label" and another one path, file, filename, file_name or image; of two columns, that one may have any name.
/// Two columns without a header are paths and labels. A path is as escape_name() wrote it. Throws Error{kNotFound, kIo,
/// kRefused}.
[[nodiscard]] std::vector<LabelledPath> read_labelled_paths(const std::filesystem::path& path);

/// Gives each of `pictures` without a label the one that `table` has for its path, both below `folder` and compared as
/// list_dataset does; an empty one if it has none. Throws Error{kRefused} if the table has two for a path.
void add_labels(std::vector<LabelledPath>& pictures, std::span<const LabelledPath> table,
                const std::filesystem::path& folder);

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
