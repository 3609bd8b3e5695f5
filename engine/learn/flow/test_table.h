// A test set of its own: the rows of a second table are the held-out rows.
#pragma once

#include "vgg16/feature_table.h"

namespace vgg16 {

/// The rows of `table` and, after them, those of `test`, with the class numbers of `table`; its name and its paths are
/// those of `table`, its files those of both, if both have them. Refers to both tables, which must outlive it. Rows of
/// `test` are checked to be finite when they are read, so that a message names its file. Throws Error{kRefused} for
/// labels without a name, and if the tables differ in layer, pool, preprocessing or weights (what one of them does not
/// record is not compared) or in columns, if `test` has no rows, or if it has a class without rows in `table`.
[[nodiscard]] FeatureTable with_test_rows(const FeatureTable& table, const FeatureTable& test);

}  // namespace vgg16
