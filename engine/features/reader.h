// A features file as a table.
#pragma once

#include "features/contents.h"
#include "features/untrusted_h5.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// The finished file `file`, whose `contents` have been read; rows are checked against these.
[[nodiscard]] FeatureTable table_of(UntrustedH5 file, FeatureFileContents contents);

}  // namespace vgg16
