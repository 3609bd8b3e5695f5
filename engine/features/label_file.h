// Labels in a file of their own.
#pragma once

#include <cstdint>
#include <filesystem>

#include "features/labels.h"

namespace vgg16 {

/// The labels in a .npy file (npy_labels), or in text in UTF-8: if the file is called .csv, the column "label" of a
/// table with a header, or the only column; otherwise one label a line. Line ends may be those of Windows. If all
/// labels in a text are whole numbers, they are numbers. For `rows` rows: of a text with more labels, the first rows +
/// 2 are returned. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] LabelValues read_label_file(const std::filesystem::path& path, int64_t rows);

}  // namespace vgg16
