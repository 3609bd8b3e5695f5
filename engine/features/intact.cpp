#include "features/intact.h"

#include <algorithm>
#include <string>
#include <vector>

#include "features/output_file.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Reading all rows again (up to 100 GB) would take long. The last rows of the file are the ones that a truncation
// loses.
constexpr size_t kLastRows = 256;

// Writes `bytes` at `offset`, except the part that is row checksums: those on disk must stay.
void write_around_marks(const PosixFile& file, const FeatureHeader& header, int64_t offset,
                        std::span<const std::byte> bytes) {
  const auto size = static_cast<int64_t>(bytes.size());
  const int64_t begin = std::clamp<int64_t>(header.row_crc32_offset - offset, 0, size);
  const int64_t end = std::clamp<int64_t>(header.row_crc32_offset + 4 * header.rows - offset, 0, size);
  file.write_at(offset, bytes.first(static_cast<size_t>(begin)));
  file.write_at(offset + end, bytes.subspan(static_cast<size_t>(end)));
}

// Restores what can be restored, and throws. Rows that were lost fail their checksums when the run is resumed.
[[noreturn]] void refuse(const PosixFile& file, const FeatureHeader& header, const std::string& found) {
  try {
    file.truncate(header.file_size);
    file.reserve(header.file_size);
    write_around_marks(file, header, 0, header.before);
    write_around_marks(file, header, header.features_offset + header.rows * header.row_bytes, header.after);
    file.sync();
  } catch (const Error&) {  // if this fails, the next run will report what is wrong with the file
  }
  throw Error(ErrorCode::kIo, file.name() + " was changed by another program while it was written: " + found +
                                  "; the intact rows are kept; run the same command again, for extract with --resume");
}

}  // namespace

void require_size(const PosixFile& file, const FeatureHeader& header) {
  const int64_t size = file.status().st_size;
  if (size == header.file_size) return;
  refuse(file, header, "it has " + std::to_string(size) + " bytes, expected " + std::to_string(header.file_size));
}

void refuse_changed_row(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan, int64_t row) {
  refuse(file, header,
         "row " + std::to_string(row) + " (" + printable(plan.pictures[static_cast<size_t>(row)].path) +
             ") does not match its checksum");
}

void require_intact(const PosixFile& file, const FeatureHeader& header, const FeatureFilePlan& plan,
                    std::span<const int64_t> rows, std::span<const int64_t> latest) {
  require_size(file, header);
  // Changed bytes outside the rows: another program has opened the file with HDF5, for example.
  if (!has_header(header, file)) refuse(file, header, "its header differs");
  StoredRows stored(file, header);
  for (const int64_t row : rows) {
    if (!stored.is_marked(row)) refuse_changed_row(file, header, plan, row);
  }
  for (const auto& some : {rows.last(std::min(rows.size(), kLastRows)), latest}) {
    for (const int64_t row : some) {
      if (!stored.read(row, plan.pictures[static_cast<size_t>(row)].label)) {
        refuse_changed_row(file, header, plan, row);
      }
    }
  }
}

}  // namespace vgg16
