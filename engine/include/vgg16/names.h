// Names of files and classes as text. A file system's names are any bytes; features files, models and JSON hold UTF-8.
//
//   std::string text = vgg16::escape_name("caf\xE9");      // R"(caf\xe9)"; a name that is UTF-8 stays as it is
//   std::filesystem::path file = vgg16::unescape_name(text);
#pragma once

#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace vgg16 {

/// `bytes` as UTF-8: each byte that is not part of valid UTF-8 becomes \xHH, and a backslash before an `xHH` becomes
/// \x5c. So different bytes give different text, and a name that is UTF-8 without such a backslash stays as it is.
[[nodiscard]] std::string escape_name(std::string_view bytes);

/// The bytes of which escape_name() made `text`: each \xHH becomes its byte.
[[nodiscard]] std::string unescape_name(std::string_view text);

}  // namespace vgg16
#pragma GCC visibility pop
