#include "features/reader.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "hdf5/h5_chunks.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"
#include "vocabulary/floating_point.h"
#include "vocabulary/utf8.h"

namespace vgg16 {
namespace {

// Rows that are contiguous in the file; any number of threads may read at once.
class ContiguousRows {
 public:
  ContiguousRows(PosixFile file, FeatureFileContents contents)
      : file_(std::move(file)),
        contents_(std::move(contents)),
        row_bytes_(contents_.plan.columns * contents_.format.size()) {}

  void read(int64_t first, int64_t count, float* out) const {
    // 256 KB at a time, so that memory does not grow with `count` and the bytes are still in the cache when they are
    // compared with their checksums.
    const int64_t at_once = std::max<int64_t>(1, (int64_t{1} << 18) / row_bytes_);
    // float32 rows are read directly into the caller's memory.
    const bool as_in_memory = contents_.format.type == NumberType::kF32 && !contents_.format.big_endian;
    std::vector<std::byte> stored(static_cast<size_t>(as_in_memory ? 0 : std::min(at_once, count) * row_bytes_));
    for (int64_t done = 0; done < count; done += at_once) {
      const int64_t rows = std::min(at_once, count - done);
      float* to = out + done * contents_.plan.columns;
      const auto bytes = as_in_memory
                             ? std::as_writable_bytes(std::span(to, static_cast<size_t>(rows * contents_.plan.columns)))
                             : std::span(stored).first(static_cast<size_t>(rows * row_bytes_));
      file_.read_at(contents_.features_offset + (first + done) * row_bytes_, bytes);
      if (contents_.ours) verify(first + done, rows, bytes);
      if (!as_in_memory) load_row(bytes, contents_.format, to, file_.name());
    }
  }

 private:
  // Compares rows with their checksums, whenever they are read: a bit that flips on disk must not change a model.
  void verify(int64_t first, int64_t rows, std::span<const std::byte> bytes) const {
    for (int64_t i = 0; i < rows; ++i) {
      const auto row = static_cast<size_t>(first + i);
      const auto stored = bytes.subspan(static_cast<size_t>(i * row_bytes_), static_cast<size_t>(row_bytes_));
      const PictureFile& picture = contents_.plan.pictures[row];
      if (row_checksum(first + i, picture.label, stored) == contents_.row_crc32[row]) continue;
      throw Error(ErrorCode::kRefused, file_.name() + " is damaged: row " + std::to_string(first + i) + " (" +
                                           printable(picture.path) + ") does not match its checksum");
    }
  }

  PosixFile file_;
  FeatureFileContents contents_;
  int64_t row_bytes_;
};

// Rows in chunks, or stored inside the object header ("compact"); one thread reads at a time.
class ScatteredRows {
 public:
  ScatteredRows(UntrustedH5 file, const std::string& features_name, NumberFormat format)
      : file_(std::make_unique<UntrustedH5>(std::move(file))),
        features_(file_->dataset(features_name, 2)),
        format_(format),
        row_bytes_(features_.dims[1] * features_.type.size) {
    if (features_.layout == H5Dataset::Layout::kChunked) chunks_ = std::make_unique<H5Chunks>(file_->h5(), features_);
  }

  void read(int64_t first, int64_t count, float* out) const {
    // The chunk cache is shared, and so is H5File's budget.
    const std::scoped_lock lock(mutex_);
    if (!chunks_) {
      const auto rows = std::span(features_.compact).subspan(static_cast<size_t>(first * row_bytes_));
      return load_row(rows.first(static_cast<size_t>(count * row_bytes_)), format_, out, file_->name());
    }
    // 32 MB at a time: few parts, because chunks may be decompressed again for each part, but a bounded amount of
    // memory.
    const int64_t at_once = std::clamp<int64_t>((int64_t{32} << 20) / row_bytes_, 1, count);
    std::vector<std::byte> stored(static_cast<size_t>(at_once * row_bytes_));
    for (int64_t done = 0; done < count; done += at_once) {
      const int64_t rows = std::min(at_once, count - done);
      const auto bytes = std::span(stored).first(static_cast<size_t>(rows * row_bytes_));
      chunks_->read(first + done, rows, bytes);
      load_row(bytes, format_, out + done * features_.dims[1], file_->name());
    }
    // After each pass over the file, free the decompressed chunks: a caller may keep the table long after reading it.
    rows_read_ += count;
    if (rows_read_ < features_.dims[0]) return;
    chunks_->forget();
    rows_read_ = 0;
  }

 private:
  std::unique_ptr<UntrustedH5> file_;  // on the heap, because chunks_ keeps a reference to it
  H5Dataset features_;
  NumberFormat format_;
  int64_t row_bytes_;
  std::unique_ptr<H5Chunks> chunks_;
  mutable int64_t rows_read_ = 0;  // since the last call of chunks_->forget()
  mutable std::mutex mutex_;
};

// Finds rows that were never written in a file without checksums. The old script created datasets of the full size and
// wrote rows one buffer at a time, so missing rows are blank: all zero, with label 0, at the end of the file or several
// in succession. A single blank row between others is accepted: it may be a picture whose features are really all zero.
class UnwrittenRows {
 public:
  /// `zero` is the class in `labels` of rows whose stored label is 0.
  UnwrittenRows(std::string name, int64_t columns, std::vector<int64_t> labels, int64_t zero)
      : name_(std::move(name)), columns_(columns), labels_(std::move(labels)), zero_(zero) {}

  // Throws Error{kRefused} if one of the rows [first, first + count), with the given values, was never written. `rows`
  // reads the rows around them, because a run of blank rows may begin before or end after these.
  template <class Rows>
  void refuse_among(int64_t first, int64_t count, const float* values, const Rows& rows) const {
    const int64_t last = first + count;
    const auto is_blank_here = [&](int64_t row) { return is_blank(row, values + (row - first) * columns_); };
    for (int64_t row = first; row < last; ++row) {
      if (!is_blank_here(row)) continue;
      int64_t begin = row;
      int64_t end = row + 1;
      while (end < last && is_blank_here(end)) ++end;
      // A run of blank rows may begin before `first` or end after `last`: look beyond both ends.
      if (begin == first) begin -= blanks_beside(begin, -1, rows);
      if (end == last) end += blanks_beside(end - 1, 1, rows);
      if (std::cmp_equal(end, labels_.size()) || end - begin > 1) refuse(begin, end - 1);
    }
  }

 private:
  // The number of blank rows in succession directly before (step -1) or after (step 1) `row`. Rows are read in blocks
  // of growing size: mostly there are none, and each read may have to decompress a whole chunk.
  template <class Rows>
  [[nodiscard]] int64_t blanks_beside(int64_t row, int64_t step, const Rows& rows) const {
    const int64_t most = std::max<int64_t>(1, kBlockBytes / static_cast<int64_t>(sizeof(float)) / columns_);
    std::vector<float> block;
    for (int64_t found = 0, size = 1;; size = std::min(2 * size, most)) {
      const int64_t nearest = row + step * (found + 1);
      const int64_t there = unlabelled(nearest, step, size);
      if (there == 0) return found;
      const int64_t first = step < 0 ? nearest - there + 1 : nearest;
      block.resize(static_cast<size_t>(there * columns_));
      rows.read(first, there, block.data());
      for (int64_t i = 0; i < there; ++i, ++found) {
        const int64_t at = nearest + step * i;
        if (!is_blank(at, block.data() + (at - first) * columns_)) return found;
      }
    }
  }

  // The number of rows with label 0 in succession from `row` on in direction `step`, at most `most`.
  [[nodiscard]] int64_t unlabelled(int64_t row, int64_t step, int64_t most) const {
    const auto total = static_cast<int64_t>(labels_.size());
    int64_t count = 0;
    for (; count < most && row >= 0 && row < total && labels_[static_cast<size_t>(row)] == zero_; row += step) ++count;
    return count;
  }

  // The label is compared first: it is in memory, and most rows have another.
  [[nodiscard]] bool is_blank(int64_t row, const float* values) const {
    return labels_[static_cast<size_t>(row)] == zero_ &&
           std::all_of(values, values + columns_, [](float value) { return value == 0; });
  }

  [[noreturn]] void refuse(int64_t first, int64_t last) const {
    const std::string which = first == last ? "row " + std::to_string(first) + " is"
                                            : "rows " + std::to_string(first) + " to " + std::to_string(last) + " are";
    throw Error(ErrorCode::kRefused, name_ + " is unfinished: " + which +
                                         " all zero with label 0, so they were probably never written; extract again, "
                                         "or delete them from 'features' and 'labels'");
  }

  static constexpr int64_t kBlockBytes = int64_t{8} << 20;

  std::string name_;
  int64_t columns_;
  std::vector<int64_t> labels_;
  int64_t zero_;
};

// The function FeatureTable::read_rows. `unwritten` is null if the file has checksums.
template <class Rows>
auto reading(std::shared_ptr<const Rows> rows, int64_t total, std::shared_ptr<const UnwrittenRows> unwritten) {
  return [rows = std::move(rows), total, unwritten = std::move(unwritten)](int64_t first, int64_t count, float* out) {
    const StandardFloatingPoint mode;
    require_rows(first, count, total);
    if (count == 0) return;
    rows->read(first, count, out);
    if (unwritten) unwritten->refuse_among(first, count, out, *rows);
  };
}

}  // namespace

FeatureTable table_of(UntrustedH5 file, FeatureFileContents contents, const std::string& features_name) {
  FeatureTable table;
  table.rows = contents.rows;
  table.columns = contents.plan.columns;
  table.label_names = contents.plan.label_names;
  table.recipe = contents.plan.recipe;
  table.name = file.name();
  table.labels = contents.labels;
  for (const PictureFile& picture : contents.plan.pictures) {
    table.paths.push_back(picture.path);
    table.files.push_back({picture.size_bytes, picture.crc32});
  }
  escape_unless_utf8(table.label_names);
  escape_unless_utf8(table.paths);
  // The rows' source is shared by all copies of the table, and lives as long as one of them.
  std::shared_ptr<const UnwrittenRows> unwritten;
  if (contents.zero_label >= 0 && !contents.ours) {
    unwritten = std::make_shared<const UnwrittenRows>(table.name, table.columns, std::move(contents.labels),
                                                      contents.zero_label);
  }
  if (contents.features_offset >= 0) {
    table.read_rows = reading(std::make_shared<const ContiguousRows>(file.take_file(), std::move(contents)), table.rows,
                              std::move(unwritten));
  } else {
    table.read_rows = reading(std::make_shared<const ScatteredRows>(std::move(file), features_name, contents.format),
                              table.rows, std::move(unwritten));
  }
  return table;
}

std::vector<SkippedPicture> read_skipped(const std::filesystem::path& path) {
  const StandardFloatingPoint mode;
  const UntrustedH5 file(path);
  FeatureFileContents contents = read_contents(file);
  require_finished(contents, file.name());
  return std::move(contents.plan.skipped);
}

}  // namespace vgg16
