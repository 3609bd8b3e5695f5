// Everything in a features file but its rows.
#pragma once

#include <cstdint>
#include <vector>

#include "features/row.h"
#include "features/untrusted_h5.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

struct FeatureFileContents {
  /// As the file tells it. In a file of the old scripts there are no pictures, and the recipe is empty.
  FeatureFilePlan plan;
  std::vector<int64_t> labels;      ///< of each row
  bool ours = false;                ///< written by this program: the fields below and all of the plan are there
  std::vector<uint32_t> row_crc32;  ///< of each row; 0 where there is no row yet
  NumberFormat format;
  int64_t features_offset = -1;  ///< where the rows are contiguous in the file, else -1
};

/// Reads and checks all of `file` but its rows. Throws Error{kRefused, kIo}.
[[nodiscard]] FeatureFileContents read_contents(const UntrustedH5& file);

/// Throws Error{kRefused} if rows are missing. `name` is what messages call the file.
void require_finished(const FeatureFileContents& contents, const std::string& name);

}  // namespace vgg16
