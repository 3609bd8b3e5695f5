// Reading everything in a features file except its rows.
#pragma once

#include <cstdint>
#include <vector>

#include "features/row.h"
#include "features/untrusted_h5.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

struct FeatureFileContents {
  /// The plan that the file was written by. For a file of the old scripts, pictures and recipe are empty.
  FeatureFilePlan plan;
  int64_t rows = 0;
  std::vector<int64_t> labels;      ///< of each row; empty if they are not needed and the file is not ours
  int64_t zero_label = -1;          ///< the class of rows whose stored label is 0; -1 if there is none
  bool ours = false;                ///< written by this program; otherwise row_crc32 and part of the plan are empty
  std::vector<uint32_t> row_crc32;  ///< of each row; 0 if the row is missing
  NumberFormat format;
  int64_t features_offset = -1;  ///< of the first row, if rows are contiguous in the file; otherwise -1
};

/// Reads and checks everything in `file` except its rows. Throws Error{kRefused, kIo}.
[[nodiscard]] FeatureFileContents read_contents(const UntrustedH5& file, const FeatureFileOptions& options = {});

/// Throws Error{kRefused} if rows are missing. Messages call the file `name`.
void require_finished(const FeatureFileContents& contents, const std::string& name);

}  // namespace vgg16
