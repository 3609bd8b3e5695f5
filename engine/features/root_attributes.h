// The attributes of a file that this program wrote, read without HDF5.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "features/posix_file.h"

namespace vgg16 {

struct RootAttributes {
  std::map<std::string, std::string> texts;
  std::map<std::string, int64_t> integers;
};

/// The scalar attributes of the root group in the one form that this program writes: HDF5's earliest format, 64-bit
/// integers, variable-length text (whose own reader in HDF5 1.10 is not safe, see global_heap.h). Anything else there
/// is left out. Every length is checked before it is used. Throws Error{kRefused}. (HDF5 File Format Specification 3.0:
/// superblock version 0, object header version 1, attribute message version 1.)
[[nodiscard]] RootAttributes read_root_attributes(const PosixFile& file);

}  // namespace vgg16
