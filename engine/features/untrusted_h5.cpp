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

constexpr const char* kExpected = "a features file (HDF5, .npy)";
constexpr int64_t kStringBytes = 64;  // memory of one string beside its text

std::string in_quotes(const std::string& name) { return "'" + name + "'"; }

bool is_text(const H5Dataset& dataset) {
  return dataset.type.kind == H5Type::Kind::kVariableText || dataset.type.kind == H5Type::Kind::kFixedText;
}

// What a message says of a file that holds features in another form: one line of Python that makes .npy files of it.
std::string with_conversion(FileKind kind) {
  const auto all_arrays = [](const std::string& modules, const std::string& arrays) {
    return "python3 -c \"import numpy" + modules + "; [numpy.save(k, v) for k, v in " + arrays + "]\"";
  };
  const auto table = [](const std::string& reader) {
    return "python3 -c \"import numpy, pandas; d = pandas." + reader +
           "; numpy.save('y.npy', numpy.array(d.pop('label'), 'U')); numpy.save('x.npy', d.to_numpy('float32'))\"";
  };
  std::string line;
  switch (kind) {
    case FileKind::kZip:
      line = all_arrays("", "numpy.load('IN.npz').items()");
      break;
    case FileKind::kMatlab:
      line = all_arrays(", scipy.io", "scipy.io.loadmat('IN.mat').items() if k[0] != '_'");
      break;
    case FileKind::kMatlab73:
      line = all_arrays(", h5py", "((k, v[()].T) for k, v in h5py.File('IN.mat').items() if k[0] != '#')");
      break;
    case FileKind::kText:
      line = table("read_csv('IN.csv')");
      break;
    case FileKind::kParquet:
      line = table("read_parquet('IN.parquet')");
      break;
    default:
      return wrong_kind(kind, kind == FileKind::kNumpy ? "a features file (HDF5)" : kExpected);
  }
  return "is " + std::string(file_kind_name(kind)) + "; expected " + kExpected + "; convert it: " + line;
}

// O_NONBLOCK, so that opening a pipe does not wait. Throws Error{kRefused} for a file that is not HDF5, saying what it
// is.
PosixFile open_untrusted(const std::filesystem::path& path) {
  PosixFile file(path, O_RDONLY | O_NONBLOCK);
  const struct stat status = file.status();
  if (S_ISDIR(status.st_mode)) {
    throw Error(ErrorCode::kRefused, file.name() + " is a folder; expected " + kExpected +
                                         "; vgg16 extract makes one of a folder of pictures");
  }
  if (!S_ISREG(status.st_mode)) return file;
  if (status.st_size == 0) {
    throw Error(ErrorCode::kRefused, file.name() + " is empty; expected " + kExpected + "; extract or copy it again");
  }
  const FileKind kind = h5_or_other_kind(file);
  if (kind != FileKind::kHdf5) throw Error(ErrorCode::kRefused, file.name() + " " + with_conversion(kind));
  return file;
}

}  // namespace

UntrustedH5::UntrustedH5(const std::filesystem::path& path)
    : h5_(open_untrusted(path)), root_(h5_.object(h5_.root())), links_(h5_.links(root_)) {}

// Follows the names in `name` from the root group.
H5Dataset UntrustedH5::find(const std::string& name) const {
  H5Object object = root_;
  std::map<std::string, H5Link> in_group;
  const std::map<std::string, H5Link>* links = &links_;
  for (size_t begin = name.starts_with('/') ? 1 : 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const auto link = links->find(name.substr(begin, end - begin));
    if (link == links->end()) refuse("has no dataset " + in_quotes(printable(name)) + others(name));
    if (!link->second.hard)
      refuse("is refused: " + in_quotes(printable(name)) + " refers to another place or file by a link");
    object = h5_.object(link->second.address);
    begin = end + 1;
    if (begin > name.size()) break;
    if (!h5_.is_group(object)) refuse("has no dataset " + in_quotes(printable(name)) + others(name));
    in_group = h5_.links(object);
    links = &in_group;
  }
  if (!h5_.is_dataset(object)) refuse("has no dataset " + in_quotes(printable(name)) + others(name));
  return h5_.dataset(object, printable(name));
}

// What there is instead, for messages: "; it has 'embeddings', 'y'", and how to name it.
std::string UntrustedH5::others(const std::string& missing) const {
  constexpr size_t kShown = 10;
  std::string text;
  size_t shown = 0;
  for (const auto& [name, link] : links_) {
    if (name == missing || shown == kShown) continue;
    text += (shown++ == 0 ? "; it has " : ", ") + in_quotes(printable(name));
  }
  if (shown < links_.size() - (links_.contains(missing) ? 1 : 0)) text += ", ...";
  return text +
         (shown == 0 || has("row_crc32") ? "" : "; vgg16 train takes other names (--features-name, --labels-name)");
}

H5Dataset UntrustedH5::dataset(const std::string& name, size_t rank) const {
  H5Dataset found = find(name);
  if (found.dims.size() != rank) {
    refuse("has shape " + shape_text(found.dims) + " for " + in_quotes(found.name) + ", expected " +
           std::to_string(rank) + " dimension" + (rank == 1 ? "" : "s"));
  }
  require_data(found);
  return found;
}

// Refuses chunked datasets whose stored data is missing, or so small that it could only be a compression bomb.
void UntrustedH5::require_data(const H5Dataset& dataset) const {
  if (dataset.layout != H5Dataset::Layout::kChunked || dataset.count() == 0) return;
  const int64_t stored = H5Chunks(h5_, dataset).stored_bytes();
  const std::string claim = in_quotes(dataset.name) + " claims shape " + shape_text(dataset.dims);
  if (stored == 0) refuse("is damaged: " + claim + " and has no data");
  if (dataset.size_bytes() > kSmallBytes && dataset.size_bytes() / 1000 > stored) {
    refuse("is refused: " + claim + ", over a thousand times the " + readable_size(stored) + " that it holds");
  }
}

void UntrustedH5::require_count(const H5Dataset& dataset, std::optional<int64_t> expected) const {
  if (expected && dataset.dims[0] != *expected) {
    refuse("has " + std::to_string(dataset.dims[0]) + " values in " + in_quotes(dataset.name) + ", expected " +
           std::to_string(*expected));
  }
  // Compressed values can take a small fraction of a byte each, so a small file could claim more than memory can take.
  if (dataset.count() > h5_.size()) {
    refuse("is refused: " + in_quotes(dataset.name) + " claims shape " + shape_text(dataset.dims) +
           ", more values than the file has bytes");
  }
}

NumberFormat UntrustedH5::float_format(const H5Dataset& dataset) const {
  if (dataset.type.kind != H5Type::Kind::kFloat) {
    refuse("stores " + in_quotes(dataset.name) +
           " in another type than float16, float32 or float64; convert it with astype('float32')");
  }
  return {dataset.type.size == 2   ? NumberType::kF16
          : dataset.type.size == 4 ? NumberType::kF32
                                   : NumberType::kF64,
          dataset.type.big_endian};
}

// Values are converted part by part, so that only the result, an array of 8 bytes each, is in memory as a whole.
void UntrustedH5::for_each_value(const H5Dataset& dataset,
                                 const std::function<void(std::span<const std::byte>)>& take) const {
  const auto size = static_cast<size_t>(dataset.type.size);
  h5_.take_memory(checked_product(dataset.count(), sizeof(int64_t)), in_quotes(dataset.name));
  h5_.read_parts(dataset, [&](std::span<const std::byte> part) {
    for (size_t at = 0; at < part.size(); at += size) take(part.subspan(at, size));
  });
}

std::vector<int64_t> UntrustedH5::integers(const std::string& name, std::optional<int64_t> count) const {
  const H5Dataset found = dataset(name, 1);
  if (found.type.kind != H5Type::Kind::kInteger) refuse("stores " + in_quotes(name) + " in another type than integers");
  require_count(found, count);
  std::vector<int64_t> values;
  values.reserve(static_cast<size_t>(found.dims[0]));
  for_each_value(found, [&](std::span<const std::byte> stored) {
    values.push_back(load_integer(stored, found.type.is_signed, found.type.big_endian));
  });
  return values;
}

std::vector<std::string> UntrustedH5::strings(const std::string& name, std::optional<int64_t> count,
                                              size_t rank) const {
  const H5Dataset found = dataset(name, rank);
  if (!is_text(found)) refuse("stores " + in_quotes(name) + " in another type than text");
  require_count(found, count);
  if (rank == 2 && found.dims[1] != 2) {
    refuse("has shape " + shape_text(found.dims) + " for " + in_quotes(name) + ", expected pairs");
  }
  return texts(found);
}

std::vector<std::string> UntrustedH5::texts(const H5Dataset& dataset) const {
  if (dataset.count() == 0) return {};
  // The stored values and a std::string for each.
  h5_.take_memory(checked_product(dataset.count(), dataset.type.size + kStringBytes), in_quotes(dataset.name));
  return dataset.type.kind == H5Type::Kind::kVariableText ? variable_strings(dataset) : fixed_strings(dataset);
}

LabelValues UntrustedH5::labels(const std::string& name, int64_t count) const {
  const H5Dataset found = find(name);
  const bool column = found.dims.size() == 2 && found.dims[1] == 1;
  if (found.dims.size() != 1 && !column) {
    refuse("has shape " + shape_text(found.dims) + " for " + in_quotes(found.name) +
           ", expected one label per row; of a column per class take argmax(axis=1)");
  }
  require_data(found);
  require_count(found, count);
  LabelValues values;
  values.is_bool = found.type.is_bool;
  if (is_text(found)) {
    // As much again, because all labels may differ and so become names of classes.
    h5_.take_memory(checked_product(count, kStringBytes), in_quotes(found.name));
    for (std::string& text : texts(found)) values.add_text(std::move(text), h5_.name());
  } else if (found.type.kind == H5Type::Kind::kInteger) {
    for_each_value(found, [&](std::span<const std::byte> stored) {
      values.add_integer(load_integer(stored, found.type.is_signed, found.type.big_endian), h5_.name());
    });
  } else if (found.type.kind == H5Type::Kind::kFloat) {
    const NumberFormat format = float_format(found);
    for_each_value(
        found, [&](std::span<const std::byte> stored) { values.add_number(load_number(stored, format), h5_.name()); });
  } else {
    refuse("stores " + in_quotes(found.name) + " in another type than integers, floating point or text");
  }
  return values;
}

std::vector<std::string> UntrustedH5::variable_strings(const H5Dataset& dataset) const {
  const std::vector<std::byte> references = h5_.read(dataset);
  GlobalHeap heap(h5_);
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(dataset.count()));
  for (size_t at = 0; at < references.size(); at += static_cast<size_t>(HeapReference::kBytes)) {
    const std::string_view text = heap.text(HeapReference(references.data() + at));
    if (text.size() > static_cast<size_t>(kMaxStringBytes)) {
      refuse("has text of more than " + std::to_string(kMaxStringBytes) + " bytes in " + in_quotes(dataset.name));
    }
    // Text ends at the first zero byte, as it does for HDF5 and h5py.
    values.emplace_back(text.substr(0, text.find('\0')));
  }
  return values;
}

std::vector<std::string> UntrustedH5::fixed_strings(const H5Dataset& dataset) const {
  if (dataset.type.size > kMaxStringBytes) {
    refuse("has text of " + std::to_string(dataset.type.size) + " bytes in " + in_quotes(dataset.name));
  }
  h5_.take_memory(dataset.size_bytes(), in_quotes(dataset.name));
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
