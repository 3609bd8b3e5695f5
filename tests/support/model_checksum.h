// Model files that were changed by hand, and say so no longer.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "learn/flow/model_file.h"
#include "vgg16/error.h"

namespace vgg16 {

/// `file` with the checksum of what it holds now; as it is, where it has no place for one.
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
