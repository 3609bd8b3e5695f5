#include "features/untrusted_h5.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "hdf5/global_heap.h"
#include "hdf5/h5_chunks.h"
#include "vgg16/error.h"
#include "vocabulary/file_kind.h"
#include "vocabulary/shape_text.h"

namespace vgg16 {
namespace {

constexpr int64_t kStringBytes = 64;  // memory of one string beside its text

std::string quoted(const std::string& name) { return "'" + name + "'"; }

// O_NONBLOCK, so that opening a pipe does not wait. Throws Error{kRefused} for a file that is not HDF5, saying what it
// is.
PosixFile open_untrusted(const std::filesystem::path& path) {
  PosixFile file(path, O_RDONLY | O_NONBLOCK);
  const struct stat status = file.status();
  constexpr const char* kExpected = "a features file (HDF5)";
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kRefused, file.name() + " is a folder; expected " + kExpected +
                                         "; vgg16 extract makes one of a folder of pictures");
  }
  if (!S_ISREG(status.st_mode)) return file;
  if (status.st_size == 0) {
    throw Error(ErrorCode::kRefused, file.name() + " is empty; expected " + kExpected + "; extract or copy it again");
  }
  const FileKind kind = h5_or_other_kind(file);
  if (kind != FileKind::kHdf5) throw Error(ErrorCode::kRefused, file.name() + " " + wrong_kind(kind, kExpected));
  return file;
}

}  // namespace

UntrustedH5::UntrustedH5(const std::filesystem::path& path)
    : h5_(open_untrusted(path)), root_(h5_.object(h5_.root())), links_(h5_.links(root_)) {}

H5Dataset UntrustedH5::dataset(const char* name, size_t rank) const {
  const auto link = links_.find(name);
  if (link == links_.end()) refuse("has no dataset " + quoted(name) + ": it is not a features file");
  if (!link->second.hard) refuse("is refused: " + quoted(name) + " refers to another place or file by a link");
  const H5Object object = h5_.object(link->second.address);
  if (!h5_.is_dataset(object)) refuse("has no dataset " + quoted(name) + ": it is not a features file");
  H5Dataset found = h5_.dataset(object, name);
  if (found.dims.size() != rank) {
    refuse("has shape " + shape_text(found.dims) + " for " + quoted(name) + ", expected " + std::to_string(rank) +
           " dimension" + (rank == 1 ? "" : "s"));
  }
  require_data(found);
  return found;
}

// Refuses chunked datasets whose stored data is missing, or so small that it could only be a compression bomb.
void UntrustedH5::require_data(const H5Dataset& dataset) const {
  if (dataset.layout != H5Dataset::Layout::kChunked || dataset.count() == 0) return;
  const int64_t stored = H5Chunks(h5_, dataset).stored_bytes();
  const std::string claim = quoted(dataset.name) + " claims shape " + shape_text(dataset.dims);
  if (stored == 0) refuse("is damaged: " + claim + " and has no data");
  if (dataset.size_bytes() > kSmallBytes && dataset.size_bytes() / 1000 > stored) {
    refuse("is refused: " + claim + ", over a thousand times the " + readable_size(stored) + " that it holds");
  }
}

void UntrustedH5::require_count(const H5Dataset& dataset, std::optional<int64_t> expected) const {
  if (expected && dataset.dims[0] != *expected) {
    refuse("has " + std::to_string(dataset.dims[0]) + " values in " + quoted(dataset.name) + ", expected " +
           std::to_string(*expected));
  }
  // Compressed values can take a small fraction of a byte each, so a small file could claim more than memory can take.
  if (dataset.count() > h5_.size()) {
    refuse("is refused: " + quoted(dataset.name) + " claims shape " + shape_text(dataset.dims) +
           ", more values than the file has bytes");
  }
}

NumberFormat UntrustedH5::float_format(const H5Dataset& dataset) const {
  if (dataset.type.kind != H5Type::Kind::kFloat) {
    refuse("stores " + quoted(dataset.name) + " in another type than float16, float32 or float64");
  }
  return {dataset.type.size == 2   ? NumberType::kF16
          : dataset.type.size == 4 ? NumberType::kF32
                                   : NumberType::kF64,
          dataset.type.big_endian};
}

// Byte by byte, which works for any size and byte order.
int64_t h5_integer(std::span<const std::byte> stored, const H5Type& type) {
  uint64_t value = 0;
  const auto size = static_cast<size_t>(type.size);
  for (size_t i = 0; i < size; ++i) {
    const size_t significance = type.big_endian ? size - 1 - i : i;
    value |= static_cast<uint64_t>(stored[i]) << (8 * significance);
  }
  if (!type.is_signed) return static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX));
  const auto unused = static_cast<unsigned>(64 - 8 * size);
  return static_cast<int64_t>(value << unused) >> unused;  // extends the sign
}

std::vector<int64_t> UntrustedH5::integers(const char* name, std::optional<int64_t> count) const {
  // Values are converted part by part, so that only the result is in memory as a whole.
  const H5Dataset found = dataset(name, 1);
  if (found.type.kind != H5Type::Kind::kInteger) refuse("stores " + quoted(name) + " in another type than integers");
  require_count(found, count);
  const auto size = static_cast<size_t>(found.type.size);
  h5_.take_memory(checked_product(found.dims[0], sizeof(int64_t)), quoted(name));
  std::vector<int64_t> values;
  values.reserve(static_cast<size_t>(found.dims[0]));
  h5_.read_parts(found, [&](std::span<const std::byte> part) {
    for (size_t at = 0; at < part.size(); at += size) {
      values.push_back(h5_integer(part.subspan(at, size), found.type));
    }
  });
  return values;
}

std::vector<std::string> UntrustedH5::strings(const char* name, std::optional<int64_t> count, size_t rank) const {
  const H5Dataset found = dataset(name, rank);
  const bool variable = found.type.kind == H5Type::Kind::kVariableText;
  if (!variable && found.type.kind != H5Type::Kind::kFixedText) {
    refuse("stores " + quoted(name) + " in another type than text");
  }
  require_count(found, count);
  if (rank == 2 && found.dims[1] != 2) {
    refuse("has shape " + shape_text(found.dims) + " for " + quoted(name) + ", expected pairs");
  }
  if (found.count() == 0) return {};
  // The stored values and a std::string for each.
  h5_.take_memory(checked_product(found.count(), found.type.size + kStringBytes), quoted(name));
  return variable ? variable_strings(found) : fixed_strings(found);
}

std::vector<std::string> UntrustedH5::variable_strings(const H5Dataset& dataset) const {
  const std::vector<std::byte> references = h5_.read(dataset);
  GlobalHeap heap(h5_);
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(dataset.count()));
  for (size_t at = 0; at < references.size(); at += static_cast<size_t>(HeapReference::kBytes)) {
    const std::string_view text = heap.text(HeapReference(references.data() + at));
    if (text.size() > static_cast<size_t>(kMaxStringBytes)) {
      refuse("has text of more than " + std::to_string(kMaxStringBytes) + " bytes in " + quoted(dataset.name));
    }
    // Text ends at the first zero byte, as it does for HDF5 and h5py.
    values.emplace_back(text.substr(0, text.find('\0')));
  }
  return values;
}

std::vector<std::string> UntrustedH5::fixed_strings(const H5Dataset& dataset) const {
  if (dataset.type.size > kMaxStringBytes) {
    refuse("has text of " + std::to_string(dataset.type.size) + " bytes in " + quoted(dataset.name));
  }
  h5_.take_memory(dataset.size_bytes(), quoted(dataset.name));
  const std::vector<std::byte> bytes = h5_.read(dataset);
  const auto size = static_cast<size_t>(dataset.type.size);
  std::vector<std::string> values;
  for (size_t at = 0; at < bytes.size(); at += size) {
    std::string value(reinterpret_cast<const char*>(bytes.data()) + at, size);
    // Fixed-length text is padded with zeros or, in files of Fortran programs, with blanks.
    value.erase(std::min(value.find('\0'), value.size()));
    if (dataset.type.blank_padded) value.erase(value.find_last_not_of(' ') + 1);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace vgg16
