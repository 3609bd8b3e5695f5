// Making a FeatureTable of a features file.
#pragma once

#include <string>

#include "features/contents.h"
#include "features/untrusted_h5.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// A table of `file`, which must be finished; `contents` is what read_contents returned for it. The table's read_rows
/// compares rows with the checksums in `contents`.
[[nodiscard]] FeatureTable table_of(UntrustedH5 file, FeatureFileContents contents,
                                    const std::string& features_name = "features");

}  // namespace vgg16
