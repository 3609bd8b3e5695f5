#include "features/untrusted_h5.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "features/file_kind.h"
#include "features/global_heap.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

std::string shown(const std::vector<int64_t>& dims) {
  std::string text;
  for (const int64_t dim : dims) text.append(text.empty() ? "" : ", ").append(std::to_string(dim));
  return std::string("(").append(text).append(")");
}

std::string quoted(std::string_view name) { return std::string("'").append(name).append("'"); }

PosixFile open_untrusted(const std::filesystem::path& path) {
  // Non-blocking, so that a pipe is refused instead of waited for.
  return {path, O_RDONLY | O_NONBLOCK};
}

// Product of non-negative numbers, or -1 where it does not fit.
int64_t checked_product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? -1 : product;
}

}  // namespace

UntrustedH5::UntrustedH5(const std::filesystem::path& path) : UntrustedH5(open_untrusted(path)) {}

UntrustedH5::UntrustedH5(PosixFile file)
    : file_(std::move(file)), check_(file_.name(), H5Checker::File::kRead), file_size_(file_.status().st_size) {
  if (!S_ISREG(file_.status().st_mode)) refuse("is not a regular file");
  std::array<std::byte, 32> first{};
  const auto length = static_cast<size_t>(std::min<int64_t>(file_size_, static_cast<int64_t>(first.size())));
  if (length == 0) refuse("is empty; expected a features file");
  file_.read_at(0, std::span(first).first(length));
  const std::string_view text(reinterpret_cast<const char*>(first.data()), length);
  if (!text.starts_with(kHdf5Signature)) {
    refuse("is " + std::string(file_kind(std::span(first).first(length))) + "; expected a features file (HDF5)");
  }
  h5_.emplace(file_.descriptor(), file_.name());
}

void UntrustedH5::refuse(const std::string& what) const {
  throw Error(ErrorCode::kRefused, check_.file() + " " + what);
}

UntrustedH5::Dataset UntrustedH5::dataset(const char* name, size_t rank) const {
  if (!h5_->has_dataset(h5_->root(), name)) refuse("has no dataset " + quoted(name) + ": it is no features file");
  Dataset found;
  found.id = h5_->open_dataset(h5_->root(), name);
  const Hdf5Id creation = check_.own(H5Dget_create_plist(found.id.get()), "H5Dget_create_plist");
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  found.type = check_.own(H5Dget_type(found.id.get()), "H5Dget_type");
  for (const hsize_t dim : h5_->shape(found.id.get(), name)) {
    if (dim > hsize_t{INT64_MAX}) refuse("is damaged: " + quoted(name) + " has impossible dimensions");
    found.dims.push_back(static_cast<int64_t>(dim));
  }
  if (found.dims.size() != rank) {
    refuse("has shape " + shown(found.dims) + " for " + quoted(name) + ", expected " + std::to_string(rank) +
           " dimension" + (rank == 1 ? "" : "s"));
  }
  if (layout == H5D_CHUNKED) {
    std::array<hsize_t, H5S_MAX_RANK> chunk{};
    const int chunk_rank = check_(H5Pget_chunk(creation.get(), H5S_MAX_RANK, chunk.data()), "H5Pget_chunk");
    auto bytes = static_cast<int64_t>(H5Tget_size(found.type.get()));
    for (int i = 0; i < chunk_rank && bytes >= 0; ++i) {
      bytes = checked_product(bytes, static_cast<int64_t>(std::min<hsize_t>(chunk[static_cast<size_t>(i)], INT64_MAX)));
    }
    if (bytes < 0 || bytes > kMaxChunkBytes) {
      refuse("is refused: " + quoted(name) + " has chunks of more than " + readable_size(kMaxChunkBytes));
    }
  }
  if (layout == H5D_CONTIGUOUS) {
    const haddr_t offset = H5Dget_offset(found.id.get());
    if (offset != HADDR_UNDEF && offset < static_cast<haddr_t>(file_size_)) found.offset = static_cast<int64_t>(offset);
  }
  require_storage_inside(found, name);
  if (layout == H5D_CONTIGUOUS && found.offset < 0 && found.count() > 0) {
    refuse("is damaged: " + quoted(name) + " has no data");
  }
  return found;
}

void UntrustedH5::require_storage_inside(const Dataset& dataset, const char* name) const {
  int64_t bytes = static_cast<int64_t>(H5Tget_size(dataset.type.get()));
  for (const int64_t dim : dataset.dims) bytes = bytes < 0 ? -1 : checked_product(bytes, dim);
  const std::string shape = quoted(name) + " claims shape " + shown(dataset.dims);
  if (bytes < 0) refuse("is damaged: " + shape);
  if (dataset.offset >= 0) {
    if (bytes > file_size_ - dataset.offset) refuse("is damaged: " + shape + ", more than the file can hold");
    return;
  }
  const auto stored = static_cast<int64_t>(std::min<hsize_t>(H5Dget_storage_size(dataset.id.get()), INT64_MAX));
  if (stored > file_size_) refuse("is damaged: " + shape + ", more than the file can hold");
  if (bytes > kSmallBytes && bytes / 1000 > stored) {
    refuse("is refused: " + shape + ", over a thousand times the " + readable_size(stored) + " that it holds");
  }
}

NumberFormat UntrustedH5::float_format(const Dataset& dataset, const char* name) const {
  const Hdf5Id half = float16_type(check_);
  const Hdf5Id half_big = float16_type(check_);
  check_(H5Tset_order(half_big.get(), H5T_ORDER_BE), "H5Tset_order");
  const std::array<std::pair<hid_t, NumberFormat>, 6> known = {{
      {H5T_IEEE_F32LE, {NumberType::kF32, false}},
      {H5T_IEEE_F64LE, {NumberType::kF64, false}},
      {half.get(), {NumberType::kF16, false}},
      {H5T_IEEE_F32BE, {NumberType::kF32, true}},
      {H5T_IEEE_F64BE, {NumberType::kF64, true}},
      {half_big.get(), {NumberType::kF16, true}},
  }};
  for (const auto& [type, format] : known) {
    if (check_(H5Tequal(dataset.type.get(), type), "H5Tequal") > 0) return format;
  }
  refuse("stores " + quoted(name) + " in another type than float16, float32 or float64");
}

std::vector<int64_t> UntrustedH5::integers(const char* name, std::optional<int64_t> count) const {
  const Dataset found = dataset(name, 1);
  if (H5Tget_class(found.type.get()) != H5T_INTEGER || H5Tget_size(found.type.get()) > 8) {
    refuse("stores " + quoted(name) + " in another type than integers");
  }
  if (count && found.dims[0] != *count) {
    refuse("has " + std::to_string(found.dims[0]) + " values in " + quoted(name) + ", expected " +
           std::to_string(*count));
  }
  std::vector<int64_t> values(static_cast<size_t>(found.dims[0]));
  if (values.empty()) return values;
  check_(H5Dread(found.id.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()),
         "H5Dread(" + std::string(name) + ")");
  return values;
}

std::vector<std::string> UntrustedH5::strings(const char* name, std::optional<int64_t> count, size_t rank) const {
  const Dataset found = dataset(name, rank);
  if (H5Tget_class(found.type.get()) != H5T_STRING) refuse("stores " + quoted(name) + " in another type than text");
  if (count && found.dims[0] != *count) {
    refuse("has " + std::to_string(found.dims[0]) + " values in " + quoted(name) + ", expected " +
           std::to_string(*count));
  }
  if (rank == 2 && found.dims[1] != 2)
    refuse("has shape " + shown(found.dims) + " for " + quoted(name) + ", expected pairs");
  if (found.count() == 0) return {};
  return check_(H5Tis_variable_str(found.type.get()), "H5Tis_variable_str") > 0 ? variable_strings(found, name)
                                                                                : fixed_strings(found, name);
}

std::vector<std::string> UntrustedH5::variable_strings(const Dataset& dataset, const char* name) const {
  if (dataset.offset < 0) refuse("keeps the text of " + quoted(name) + " in chunks; expected it in one piece");
  const int64_t bytes = checked_product(dataset.count(), HeapReference::kBytes);
  // Files may have shorter offsets and, with them, shorter references. Nobody writes such files.
  if (H5Dget_storage_size(dataset.id.get()) != static_cast<hsize_t>(bytes) || bytes > file_size_ - dataset.offset) {
    refuse("is damaged: " + quoted(name) + " refers to its text in an unknown way");
  }
  std::vector<std::byte> references(static_cast<size_t>(bytes));
  file_.read_at(dataset.offset, references);
  GlobalHeap heap(file_);
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(dataset.count()));
  for (size_t at = 0; at < references.size(); at += static_cast<size_t>(HeapReference::kBytes)) {
    const std::string_view text = heap.text(HeapReference(references.data() + at));
    if (text.size() > static_cast<size_t>(kMaxStringBytes)) {
      refuse("has text of more than " + std::to_string(kMaxStringBytes) + " bytes in " + quoted(name));
    }
    values.emplace_back(text.substr(0, text.find('\0')));
  }
  return values;
}

std::vector<std::string> UntrustedH5::fixed_strings(const Dataset& dataset, const char* name) const {
  const size_t size = H5Tget_size(dataset.type.get());
  if (size == 0 || size > static_cast<size_t>(kMaxStringBytes)) {
    refuse("has text of " + std::to_string(size) + " bytes in " + quoted(name));
  }
  std::vector<char> bytes(static_cast<size_t>(dataset.count()) * size);
  check_(H5Dread(dataset.id.get(), dataset.type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()),
         "H5Dread(" + std::string(name) + ")");
  const bool padded_by_space = H5Tget_strpad(dataset.type.get()) == H5T_STR_SPACEPAD;
  std::vector<std::string> values;
  for (size_t i = 0; i < bytes.size(); i += size) {
    std::string value(bytes.data() + i, size);
    value.erase(std::min(value.find('\0'), value.size()));
    if (padded_by_space) value.erase(value.find_last_not_of(' ') + 1);
    values.push_back(std::move(value));
  }
  return values;
}

bool UntrustedH5::has_attribute(const char* name) const {
  return check_(H5Aexists(h5_->root(), name), "H5Aexists") > 0;
}

}  // namespace vgg16
