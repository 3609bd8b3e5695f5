#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "features/contents.h"
#include "features/plan.h"
#include "features/row.h"
#include "features/untrusted_h5.h"
#include "files/posix_file.h"
#include "vgg16/error.h"
#include "vgg16/reusable_rows.h"
#include "vocabulary/finite.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

[[noreturn]] void refuse(const UntrustedH5& file, const std::string& difference) {
  file.refuse("has rows that cannot be reused: " + difference);
}

FeatureFileContents usable_contents(const UntrustedH5& file, const Recipe& recipe, int64_t columns, FeatureType type) {
  FeatureFileContents contents = read_contents(file);
  const FeatureFilePlan& plan = contents.plan;
  if (!contents.ours) refuse(file, "it has no checksums and does not record how they were made");
  const std::string difference = recipe_difference(plan.recipe, recipe);
  if (!difference.empty()) refuse(file, difference);
  if (plan.columns != columns) {
    refuse(file, std::to_string(plan.columns) + " numbers per row there, " + std::to_string(columns) + " now");
  }
  if (plan.type == FeatureType::kF16 && type == FeatureType::kF32) {
    refuse(file, "stored as float16 there, as float32 now");
  }
  return contents;
}

}  // namespace

struct ReusableRows::Impl {
  struct Entry {
    int64_t size_bytes;
    uint32_t crc32;
    int64_t row;
    [[nodiscard]] auto key() const { return std::tie(size_bytes, crc32); }
  };

  Impl(UntrustedH5 h5, FeatureFileContents contents)
      : format(contents.format),
        features_offset(contents.features_offset),
        labels(std::move(contents.labels)),
        row_crc32(std::move(contents.row_crc32)),
        stored(static_cast<size_t>(contents.plan.columns * format.size())),
        file(h5.take_file()) {
    const std::vector<PictureFile>& pictures = contents.plan.pictures;
    entries.reserve(pictures.size());
    for (size_t row = 0; row < pictures.size(); ++row) {
      if (row_crc32[row] == 0) continue;  // never written
      entries.push_back({pictures[row].size_bytes, pictures[row].crc32, static_cast<int64_t>(row)});
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.size_bytes, a.crc32, a.row) < std::tie(b.size_bytes, b.crc32, b.row);
    });
  }

  // Numbers that are not finite are never written, whatever their checksum says.
  bool read_row(int64_t row, std::span<float> out) {
    file.read_at(features_offset + row * static_cast<int64_t>(stored.size()), stored);
    if (row_checksum(row, labels[static_cast<size_t>(row)], stored) != row_crc32[static_cast<size_t>(row)])
      return false;
    load_row(stored, format, out.data(), file.name());
    return all_finite(out);
  }

  NumberFormat format;
  int64_t features_offset;
  std::vector<int64_t> labels;
  std::vector<uint32_t> row_crc32;
  std::vector<std::byte> stored;  // scratch, one row
  std::vector<Entry> entries;     // sorted
  std::vector<int64_t> damaged;
  PosixFile file;
};

ReusableRows::ReusableRows(const std::filesystem::path& path, const Recipe& recipe, int64_t columns, FeatureType type) {
  const StandardFloatingPoint mode;
  UntrustedH5 file(path);
  FeatureFileContents contents = usable_contents(file, recipe, columns, type);
  impl_ = std::make_unique<Impl>(std::move(file), std::move(contents));
}

ReusableRows::~ReusableRows() = default;

bool ReusableRows::read(const PictureFile& picture, std::span<float> row) {
  const StandardFloatingPoint mode;
  Impl& impl = *impl_;
  const size_t columns = impl.stored.size() / static_cast<size_t>(impl.format.size());
  require(row.size() == columns, ErrorCode::kShape,
          impl.file.name() + ": a row has " + std::to_string(columns) + " columns, not " + std::to_string(row.size()));
  const auto wanted = std::tie(picture.size_bytes, picture.crc32);
  auto at = std::lower_bound(impl.entries.begin(), impl.entries.end(), wanted,
                             [](const Impl::Entry& entry, const auto& key) { return entry.key() < key; });
  // The same picture may have several rows.
  for (; at != impl.entries.end() && at->key() == wanted; ++at) {
    if (impl.row_crc32[static_cast<size_t>(at->row)] == 0) continue;
    if (impl.read_row(at->row, row)) return true;
    impl.damaged.push_back(at->row);
    impl.row_crc32[static_cast<size_t>(at->row)] = 0;  // not read again
  }
  return false;
}

const std::vector<int64_t>& ReusableRows::damaged_rows() const { return impl_->damaged; }

}  // namespace vgg16
