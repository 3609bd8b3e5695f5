// Comma-separated values, for spreadsheets.
#pragma once

#include <string>
#include <vector>

namespace vgg16 {

/// A line of comma-separated values, quoted where needed (RFC 4180). Callers escape names with printable_path().
[[nodiscard]] std::string csv_line(const std::vector<std::string>& fields);

}  // namespace vgg16
