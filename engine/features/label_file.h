// Labels in a file of their own.
#pragma once

#include <filesystem>

#include "features/labels.h"

namespace vgg16 {

/// The labels in a .npy file (npy_labels), or in text in UTF-8: if the file is called .csv, the column "label" of a
/// table with a header, or the only column; otherwise one label a line. Line ends may be those of Windows. If all
/// labels in a text are whole numbers, they are numbers. Throws Error{kNotFound, kIo, kRefused}.
[[nodiscard]] LabelValues read_label_file(const std::filesystem::path& path);

}  // namespace vgg16
