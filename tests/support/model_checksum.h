// Changes model files and makes their checksums right again.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "learn/flow/model_file.h"
#include "vgg16/error.h"

namespace vgg16 {

/// `file` with its checksum replaced by the right one; unchanged if it has no checksum.
inline std::string with_checksum_of_now(std::string file) {
  constexpr std::string_view kBefore = "\"crc32\":\"";
  constexpr size_t kDigits = 8;
  const size_t at = file.find(kBefore);
  if (at == std::string::npos || file.size() - at < kBefore.size() + kDigits) return file;
  try {
    file.replace(at + kBefore.size(), kDigits,
                 model_checksum(parse_safetensors(std::as_bytes(std::span(file)), "file")));
  } catch (const Error&) {
  }
  return file;
}

}  // namespace vgg16
