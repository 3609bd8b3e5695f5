#include "npy/npy_array.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "vgg16/error.h"
#include "vocabulary/shape_text.h"

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kMagic = "\x93NUMPY"sv;
constexpr int64_t kMaxHeaderBytes = 10'000;  // NumPy's own limit
constexpr int64_t kBlockBytes = 16 << 20;
constexpr int64_t kSmallBytes = 64 << 20;

int64_t little_endian(std::span<const std::byte> bytes) {
  int64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<int64_t>(bytes[i]);
  return value;
}

template <size_t kSize>
void transpose_elements(const std::byte* from, int64_t columns, int64_t rows, std::byte* to, int64_t row_bytes) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      std::memcpy(to + r * row_bytes + c * int64_t{kSize}, from + (c * rows + r) * int64_t{kSize}, kSize);
    }
  }
}

// `from` has `columns` columns one after another, each of `rows` elements of `size` bytes; in `to` rows begin row_bytes
// apart.
void transpose(std::span<const std::byte> from, int64_t columns, int64_t rows, int64_t size, std::span<std::byte> to,
               int64_t row_bytes) {
  if (size == 2) return transpose_elements<2>(from.data(), columns, rows, to.data(), row_bytes);
  if (size == 4) return transpose_elements<4>(from.data(), columns, rows, to.data(), row_bytes);
  if (size == 8) return transpose_elements<8>(from.data(), columns, rows, to.data(), row_bytes);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      std::memcpy(to.data() + r * row_bytes + c * size, from.data() + (c * rows + r) * size, static_cast<size_t>(size));
    }
  }
}

}  // namespace

NpyArray::NpyArray(PosixFile file) : file_(std::move(file)) {
  const int64_t size = file_.status().st_size;
  std::array<std::byte, 12> start{};
  const auto fixed = std::span(start).first(static_cast<size_t>(std::min<int64_t>(size, start.size())));
  file_.read_at(0, fixed);
  const std::string_view text(reinterpret_cast<const char*>(fixed.data()), fixed.size());
  const auto version = fixed.size() > 7 ? static_cast<int>(fixed[6]) : 0;
  if (!text.starts_with(kMagic) || fixed.size() < start.size()) refuse("is damaged: it has no complete header");
  if (version < 1 || version > 3 || start[7] != std::byte{0}) {
    refuse("is in version " + std::to_string(version) + "." + std::to_string(static_cast<int>(start[7])) +
           " of NumPy's format, expected 1.0, 2.0 or 3.0");
  }
  // The length of the header has 2 bytes in version 1 and 4 later.
  const int64_t header_at = version == 1 ? 10 : 12;
  const int64_t header_bytes = little_endian(std::span(start).subspan(8, static_cast<size_t>(header_at - 8)));
  if (header_bytes > kMaxHeaderBytes || header_bytes > size - header_at) {
    refuse("is damaged: its header would take " + std::to_string(header_bytes) + " bytes");
  }
  std::string header(static_cast<size_t>(header_bytes), '\0');
  file_.read_at(header_at, std::as_writable_bytes(std::span(header)));
  auto parsed = parse_npy_header(header);
  if (!parsed) refuse("is damaged: its header is not what numpy.save writes");
  header_ = std::move(*parsed);
  if (type().kind == 'O') {
    refuse(
        "holds Python objects as a pickle, which is not opened, because that runs code; save it again after "
        ".astype('float32'), or .astype(str) for labels");
  }
  if (type().kind == '?') refuse("holds " + printable(type().name) + ", expected plain numbers or text");
  offset_ = header_at + header_bytes;

  if (shape().empty() || shape().size() > 2) {
    refuse("has shape " + shape_text(shape()) + ", expected one row for each; save x.reshape(len(x), -1)");
  }
  int64_t data_bytes = 0;
  const bool fits = !__builtin_mul_overflow(type().size, shape().size() == 2 ? shape()[1] : 1, &row_bytes_) &&
                    !__builtin_mul_overflow(row_bytes_, shape()[0], &data_bytes);
  if (!fits) refuse("is damaged: it claims shape " + shape_text(shape()));
  if (data_bytes == 0) refuse("has shape " + shape_text(shape()) + ": it holds nothing");
  if (data_bytes != size - offset_) {
    refuse("holds " + std::to_string(size - offset_) + " bytes for an array of shape " + shape_text(shape()) +
           " and type " + printable(type().name) + ", expected " + std::to_string(data_bytes) +
           (data_bytes > size - offset_ ? "; it is cut short: copy or save it again"
                                        : "; save each array in a file of its own"));
  }
  if (data_bytes > kSmallBytes && data_bytes / 2 > file_.allocated_bytes()) {
    refuse("is unfinished: of its " + readable_size(data_bytes) + " the disk holds " +
           readable_size(file_.allocated_bytes()) + "; save or copy it again");
  }
  if (header_.fortran_order && shape().size() > 1) {
    cache_ = std::make_unique<Cache>();
    block_rows_ = std::clamp<int64_t>(kBlockBytes / row_bytes_, 1, shape()[0]);
  }
}

void NpyArray::refuse(const std::string& what) const { throw Error(ErrorCode::kRefused, name() + " " + what); }

void NpyArray::read_rows(int64_t first, int64_t count, std::span<std::byte> out) const {
  if (!cache_) return file_.read_at(offset_ + first * row_bytes_, out);
  for (int64_t done = 0; done < count;) {
    const std::shared_ptr<const Block> block = block_at(first + done);
    const int64_t skipped = (first + done - block->first) * row_bytes_;
    const int64_t bytes = std::min((count - done) * row_bytes_, static_cast<int64_t>(block->bytes.size()) - skipped);
    std::memcpy(out.data() + done * row_bytes_, block->bytes.data() + skipped, static_cast<size_t>(bytes));
    done += bytes / row_bytes_;
  }
}

// While one thread reads a block, others that need it wait; two blocks are kept, because threads near the border of two
// use both in turn.
std::shared_ptr<const NpyArray::Block> NpyArray::block_at(int64_t row) const {
  const int64_t first = row / block_rows_ * block_rows_;
  const std::scoped_lock lock(cache_->mutex);
  auto& [latest, other] = cache_->blocks;
  if (!latest || latest->first != first) std::swap(latest, other);
  if (!latest || latest->first != first) {
    latest.reset();  // before its successor is allocated
    latest = transposed(first);
  }
  return latest;
}

// A few columns at a time, so that whole cache lines of each row are written.
std::shared_ptr<const NpyArray::Block> NpyArray::transposed(int64_t first) const {
  const int64_t size = type().size;
  const int64_t columns = row_bytes_ / size;
  const int64_t rows = std::min(block_rows_, shape()[0] - first);
  const int64_t at_once = std::min(columns, std::max<int64_t>(1, 64 / size));
  auto block = std::make_shared<Block>();
  block->first = first;
  block->bytes.resize(static_cast<size_t>(rows * row_bytes_));
  std::vector<std::byte> pieces(static_cast<size_t>(at_once * rows * size));
  for (int64_t c = 0; c < columns; c += at_once) {
    const int64_t n = std::min(at_once, columns - c);
    for (int64_t i = 0; i < n; ++i) {
      file_.read_at(offset_ + ((c + i) * shape()[0] + first) * size,
                    std::span(pieces).subspan(static_cast<size_t>(i * rows * size), static_cast<size_t>(rows * size)));
    }
    transpose(pieces, n, rows, size, std::span(block->bytes).subspan(static_cast<size_t>(c * size)), row_bytes_);
  }
  return block;
}

}  // namespace vgg16
