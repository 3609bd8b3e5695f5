// Datasets and attributes, made from the messages of their object headers.
#include <algorithm>
#include <optional>
#include <utility>

#include "hdf5/h5_chunks.h"
#include "hdf5/h5_messages.h"
#include "vocabulary/shape_text.h"

namespace vgg16 {
namespace {

// The only message of a type, or null. Two would be contradictory, and a shared one is not supported.
const H5Object::Message* only(const H5File& file, const H5Object& object, uint16_t type, const std::string& name) {
  const H5Object::Message* found = nullptr;
  for (const H5Object::Message& message : object.messages) {
    if (message.type != type) continue;
    if (found != nullptr) file.refuse("is damaged: '" + name + "' has two descriptions of the same kind");
    if (message.shared) file.refuse("is refused: '" + name + "' uses a shared description, which is not supported");
    found = &message;
  }
  return found;
}

}  // namespace

int64_t checked_product(int64_t a, int64_t b) {
  int64_t product = 0;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product) ? -1 : product;
}

int64_t H5Dataset::count() const {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

H5Dataset H5File::dataset(const H5Object& object, std::string name) const {
  const auto* type = only(*this, object, H5MessageType::kDatatype, name);
  const auto* space = only(*this, object, H5MessageType::kDataspace, name);
  const auto* layout = only(*this, object, H5MessageType::kLayout, name);
  if (type == nullptr || space == nullptr || layout == nullptr)
    refuse("is damaged: '" + name + "' has no type, shape or layout");
  if (only(*this, object, H5MessageType::kExternalFiles, name) != nullptr) {
    refuse("is refused: '" + name + "' keeps its data in another file");
  }
  H5Dataset found;
  found.name = std::move(name);
  found.type = h5_datatype(*this, type->bytes);
  auto shape = h5_dataspace(*this, space->bytes);
  if (!shape) refuse("has no values in '" + found.name + "'");
  found.dims = std::move(shape->dims);
  found.max_dims = std::move(shape->max_dims);
  int64_t bytes = found.type.size;
  // Zeros are counted as ones: otherwise a dimension of 0 would hide an overflow of the others.
  for (const int64_t dim : found.dims) bytes = checked_product(bytes, std::max<int64_t>(dim, 1));
  const std::string claim = "'" + found.name + "' claims shape " + shape_text(found.dims);
  if (bytes < 0) refuse("is damaged: " + claim);
  h5_layout(*this, layout->bytes, found);
  if (const auto* filters = only(*this, object, H5MessageType::kFilters, found.name); filters != nullptr) {
    if (found.layout != H5Dataset::Layout::kChunked)
      refuse("is damaged: '" + found.name + "' has filters but no chunks");
    found.filters = h5_filters(*this, filters->bytes, found.name);
  }
  // Compared with the file here, so that reading never has to.
  if (found.layout == H5Dataset::Layout::kContiguous && found.size_bytes() > 0) {
    if (found.address == kH5Undefined) refuse("is damaged: '" + found.name + "' has no data");
    const auto end = static_cast<uint64_t>(size_);
    if (found.address > end || static_cast<uint64_t>(found.size_bytes()) > end - found.address) {
      refuse("is damaged: " + claim + ", more than the file can hold");
    }
  }
  if (found.layout == H5Dataset::Layout::kCompact && std::cmp_less(found.compact.size(), found.size_bytes())) {
    refuse("is damaged: " + claim + ", more than is there");
  }
  return found;
}

H5Attributes H5File::attributes(const H5Object& object) const {
  H5Attributes found;
  for (const H5Object::Message& message : object.messages) {
    if (message.type == H5MessageType::kAttributeInfo) {
      found.elsewhere = found.elsewhere || h5_is_elsewhere(*this, message, /*index_bytes=*/2);
    }
    // Shared attributes are ignored: this program's own are not shared, and no others are needed.
    if (message.type != H5MessageType::kAttribute || message.shared) continue;
    if (!found.by_name.insert(h5_attribute(*this, message.bytes)).second) {
      refuse("is damaged: two attributes have the same name");
    }
  }
  return found;
}

void H5File::read_parts(const H5Dataset& dataset, const std::function<void(std::span<const std::byte>)>& take) const {
  constexpr int64_t kPartBytes = 1 << 20;
  const int64_t size = dataset.size_bytes();
  if (size == 0) return;
  if (dataset.layout == H5Dataset::Layout::kCompact) {
    return take(std::span(dataset.compact).first(static_cast<size_t>(size)));
  }
  const bool chunked = dataset.layout == H5Dataset::Layout::kChunked;
  // Chunked datasets are read by rows, which is how chunks are addressed; others value by value.
  const int64_t count = chunked ? dataset.dims[0] : dataset.count();
  const int64_t each = size / count;
  const int64_t at_once = std::clamp<int64_t>(kPartBytes / each, 1, count);
  std::optional<H5Chunks> chunks;
  if (chunked) chunks.emplace(*this, dataset);
  std::vector<std::byte> part(static_cast<size_t>(at_once * each));
  for (int64_t done = 0; done < count; done += at_once) {
    const int64_t n = std::min(at_once, count - done);
    const auto bytes = std::span(part).first(static_cast<size_t>(n * each));
    if (chunked) {
      chunks->read(done, n, bytes);
    } else {
      file_.read_at(offset_of(dataset.address) + done * each, bytes);
    }
    take(bytes);
  }
}

std::vector<std::byte> H5File::read(const H5Dataset& dataset) const {
  std::vector<std::byte> values;
  values.reserve(static_cast<size_t>(dataset.size_bytes()));
  read_parts(dataset, [&](std::span<const std::byte> part) { values.insert(values.end(), part.begin(), part.end()); });
  return values;
}

}  // namespace vgg16
